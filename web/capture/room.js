/**
 * How much more can wait on this device, and for how long that lasts.
 *
 *   const room = createRoom({ store, apple, now, onChange });
 *   room.ms({ limitBytes, isLimitKnown, heldBytes }, bits)   // null where the browser does not tell
 *   room.isLow({ limitBytes, isLimitKnown, heldBytes, kind }, bits)   // whether a person must know
 *   room.look();                       // asks the browser anew, at most every few seconds
 *   room.bytes({ limitBytes, heldBytes })               // with what was freed elsewhere on the device
 *   room.persist();                    // asks that what waits is not cleared away
 *   room.keeps                         // for how long it stays
 *
 * @module
 */

import { createLimit } from "../lib/spool-limit.js";
import { AUDIO_BITS } from "./settings.js";

/** Browsers work for an estimate. */
const EVERY_MS = 10000;
/** Less than this and a person who goes away comes back to a hole. */
export const LOW_MS = 15 * 60 * 1000;
/** Memory is never much: there it counts when most of it is in use. */
const MOST_OF_MEMORY = 0.8;

/** @typedef {{ limitBytes: number, isLimitKnown: boolean, heldBytes: number, kind: string }} Use */

/**
 * @param {object} options
 * @param {Promise<import("../lib/spool.js").SpoolStore>} options.store
 * @param {boolean} options.apple Safari clears away what a page keeps, after seven days of use without a visit
 * @param {() => number} options.now
 * @param {() => void} options.onChange
 */
export function createRoom({ store, apple, now, onChange }) {
  let lasting = true;
  let isKnown = false;
  let lookedMs = -Infinity;
  let asked = false;

  const device = createLimit({
    estimate: async () => {
      const { usedBytes, quotaBytes } = await (await store).estimate();
      isKnown = quotaBytes > 0;
      return { usage: usedBytes, quota: quotaBytes };
    },
  });
  void store.then((opened) => {
    lasting = opened.lasting;
    onChange();
  });

  /** @param {Use} use */
  const own = ({ limitBytes, heldBytes }) => Math.max(0, limitBytes - heldBytes);

  /** @param {Use} use @param {number} bits per second of video */
  const ms = (use, bits) => (use.isLimitKnown ? own(use) / ((bits + AUDIO_BITS) / 8000) : null);

  return {
    ms,

    /** @param {Use} use @param {number} bits */
    isLow(use, bits) {
      const lastsMs = ms(use, bits);
      const isMuchUsed = use.kind !== "memory" || use.heldBytes >= MOST_OF_MEMORY * use.limitBytes;
      return lastsMs !== null && lastsMs < LOW_MS && isMuchUsed;
    },

    look() {
      if (now() - lookedMs < EVERY_MS) return;
      lookedMs = now();
      void device.refresh();
    },

    /** The spool asks the browser when it stores something: one that is full does not hear of room elsewhere. @param {Use} use */
    bytes: (use) => (use.kind !== "memory" && isKnown ? Math.max(own(use), device.bytes(0)) : own(use)),

    /** Once in a visit: some browsers ask the person. */
    persist() {
      if (asked) return;
      asked = true;
      void store.then((opened) => opened.persist()).catch(() => false);
    },

    /** @returns {import("./truth.js").Keeps} */
    get keeps() {
      if (!lasting) return "open";
      return apple ? "days" : "arrived";
    },
  };
}

/** @typedef {ReturnType<typeof createRoom>} Room */
