/**
 * The camera and the microphone that are open now, and what becomes of them. Knows no recording.
 *
 *   const camera = createLiveCamera({ page: window, now, onChange, onEnded, onMuted, onUnmuted });
 *   await camera.open(settings);   // shuts the one before; throws what getUserMedia says
 *   await camera.open(settings, 10000);   // or fails within that time, whatever becomes of it later
 *   camera.hurry(3000);            // the opening that is under way ends within that time
 *   await camera.list();           // which ones there are; labels come with the permission
 *   await camera.isThere("camera") // whether the one that is open is still among them
 *   camera.shut();
 *   camera.opened                  // or null
 *   camera.muted()
 *
 * @module
 */

import { closeStream, listDevices, openCamera } from "../lib/camera.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/camera.js").Listed} Listed */
/** @typedef {"camera" | "microphone"} What */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {() => number} options.now
 * @param {() => void} options.onChange
 * @param {(what: What) => void} options.onEnded it is gone, and nobody here shut it
 * @param {(what: What) => void} options.onMuted
 * @param {(what: What, mutedMs: number | null) => void} options.onUnmuted
 */
export function createLiveCamera({ page, now, onChange, onEnded, onMuted, onUnmuted }) {
  const browser = page.navigator;
  /** @type {Opened | null} */
  let opened = null;
  let opening = false;
  /** @type {Listed} */
  let devices = { cameras: [], microphones: [] };
  /** @type {Map<What, number>} */
  const mutedSince = new Map();

  function shut() {
    const before = opened;
    opened = null;
    mutedSince.clear();
    if (before) {
      for (const track of before.stream.getTracks()) track.onended = track.onmute = track.onunmute = null;
      closeStream(before.stream);
    }
  }

  /** @param {Opened} from */
  function listen(from) {
    for (const track of from.stream.getTracks()) {
      const what = track.kind === "video" ? "camera" : "microphone";
      track.onended = () => {
        if (opened === from) onEnded(what);
      };
      track.onmute = () => {
        mutedSince.set(what, now());
        onMuted(what);
        onChange();
      };
      track.onunmute = () => {
        const since = mutedSince.get(what);
        mutedSince.delete(what);
        onUnmuted(what, since === undefined ? null : now() - since);
        onChange();
      };
      if (track.muted) mutedSince.set(what, now());
    }
  }

  /** Ends the opening that is under way, in that many ms. @type {((ms: number) => void) | null} */
  let endWithin = null;

  /**
   * A browser that asks the person does not say so, and waits for ever where there is nobody.
   * @param {Promise<Opened>} opens @param {number | null} withinMs @returns {Promise<Opened>}
   */
  const inTime = (opens, withinMs) =>
    new Promise((resolve, reject) => {
      /** @type {ReturnType<typeof setTimeout>[]} */
      const timers = [];
      let isOver = false;
      const end = () => {
        isOver = true;
        endWithin = null;
        for (const timer of timers) clearTimeout(timer);
      };
      endWithin = (ms) => {
        timers.push(
          setTimeout(() => {
            end();
            reject(Object.assign(new Error("the browser did not open it in time"), { name: "TimeoutError" }));
          }, ms),
        );
      };
      if (withinMs !== null) endWithin(withinMs);
      opens.then(
        (got) => {
          // Nobody waits for it any more.
          if (isOver) return closeStream(got.stream);
          end();
          resolve(got);
        },
        (error) => {
          if (isOver) return;
          end();
          reject(error);
        },
      );
    });

  return {
    /** @param {import("./settings.js").Settings} settings @param {number | null} [withinMs] */
    async open(settings, withinMs = null) {
      opening = true;
      onChange();
      try {
        // iOS gives one camera at a time: the old one is shut before the new one opens.
        shut();
        const got = await inTime(openCamera(browser.mediaDevices, browser, settings), withinMs);
        opened = got;
        listen(got);
        return got;
      } finally {
        opening = false;
        onChange();
      }
    },

    /** @param {number} ms */
    hurry(ms) {
      if (endWithin) endWithin(ms);
    },

    async list() {
      devices = await listDevices(browser.mediaDevices);
      onChange();
    },

    /** @param {string} what @returns whether the device is there, though its track has ended */
    async isThere(what) {
      const track = opened && (what === "microphone" ? opened.audio : opened.video);
      const id = track ? track.getSettings().deviceId : "";
      await this.list();
      const { cameras, microphones } = devices;
      return (what === "microphone" ? microphones : cameras).some((device) => device.id === id);
    },

    shut,

    get opened() {
      return opened;
    },
    get opening() {
      return opening;
    },
    get devices() {
      return devices;
    },

    /** @returns {What[]} muted by the system */
    muted: () => Array.from(mutedSince.keys()),
  };
}

/** @typedef {ReturnType<typeof createLiveCamera>} LiveCamera */
