/**
 * How much may wait on the device, and what it means when the device says that it is full.
 *
 *   const limit = createLimit({ estimate: () => navigator.storage.estimate() });
 *   await limit.refresh();
 *   limit.fits(bytes)             // whether that many more may be stored
 *   limit.took(bytes), limit.gave(bytes)
 *   limit.refused()               // the browser had no room after all
 *   limit.bytes(held)             // for people: what may wait in all
 *   limit.isKnown                 // whether that is more than a cautious guess
 *   isFull(error)                 // an error of a browser that has no room
 *
 * @module
 */

import { answerWithin } from "./spool-wait.js";

const MIB = 1024 * 1024;

/** What stays unused: other things of this page, and the browser's own arithmetic, need room too. */
const RESERVE_BYTES = 100 * MIB;
/** Of a small quota a fifth is enough. */
const RESERVE_SHARE = 0.2;
/** Safari before 17 tells nobody its quota: it begins with a gibibyte for an origin. A fifth of it stays unused. */
export const UNKNOWN_QUOTA_LIMIT_BYTES = 800 * MIB;
/** The disk fills for other reasons, too. */
const REFRESH_MS = 10_000;
/** A browser that counts for this long is not waited for. */
const ESTIMATE_MS = 2000;
/** Someone who is refused asks again at once; the estimate is not that new. */
const FORCED_REFRESH_MS = 1000;

export class SpoolFullError extends Error {
  /** @param {number} limitBytes */
  constructor(limitBytes) {
    super(`the spool is full (${Math.round(limitBytes)} bytes)`);
    this.name = "SpoolFullError";
  }
}

const FULL_NAMES = ["QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED", "NS_ERROR_FILE_NO_DEVICE_SPACE", "SpoolFullError"];

/**
 * Whether a browser's error means that there is no room.
 * @param {unknown} error
 */
export function isFull(error) {
  if (typeof error !== "object" || error === null) return false;
  const { name = "", message = "" } = /** @type {{ name?: string, message?: string }} */ (error);
  if (FULL_NAMES.includes(name)) return true;
  // A full disk has no name of its own; with Chromium's IndexedDB it is blobs that cannot be written.
  if (name === "DataError") return /failed to write blobs/i.test(message);
  return name === "UnknownError" && /quota|no space|disk is full|full disk/i.test(message);
}

/** @typedef {{ usage?: number, quota?: number }} Estimate */

/**
 * @param {object} options
 * @param {number} [options.fixedBytes] the limit, where nothing needs to be asked
 * @param {() => Promise<Estimate>} [options.estimate] absent where the browser has none
 * @param {() => number} [options.now]
 */
export function createLimit({ fixedBytes, estimate, now = () => performance.now() }) {
  let room = fixedBytes === undefined ? UNKNOWN_QUOTA_LIMIT_BYTES : fixedBytes;
  let askedMs = -Infinity;
  let stored = 0;
  let isTold = false;
  /** How much was stored when the browser refused more: Chromium promises 10 GiB on any disk. @type {number | null} */
  let refusedAt = null;

  async function refresh() {
    if (fixedBytes !== undefined || !estimate) return;
    askedMs = now();
    const told = await answerWithin(ESTIMATE_MS, estimate);
    if (!told || typeof told.quota !== "number" || typeof told.usage !== "number") return;
    isTold = true;
    const reserve = Math.min(RESERVE_BYTES, told.quota * RESERVE_SHARE);
    room = told.quota - told.usage - reserve;
  }

  return {
    refresh,

    /** @param {number} bytes */
    fits: (bytes) => bytes <= room,

    /** Asks the browser, unless it was asked a moment ago. */
    async refreshSoon() {
      if (now() - askedMs >= FORCED_REFRESH_MS) await refresh();
    },

    /** @param {number} bytes */
    took(bytes) {
      room -= bytes;
      stored += bytes;
      if (refusedAt !== null && stored > refusedAt) refusedAt = null;
      if (now() - askedMs >= REFRESH_MS) void refresh();
    },

    /** @param {number} bytes */
    gave(bytes) {
      room += bytes;
      stored -= bytes;
    },

    /** Only told: whether there is room again is asked of the browser with each append. */
    refused() {
      refusedAt = stored;
    },

    get isKnown() {
      return fixedBytes !== undefined || isTold || refusedAt !== null;
    },

    /** @param {number} held */
    bytes(held) {
      const known = refusedAt === null ? room : Math.min(room, refusedAt - stored);
      if (fixedBytes !== undefined && refusedAt === null) return fixedBytes;
      return held + Math.max(0, Math.floor(known));
    },
  };
}

/** @typedef {ReturnType<typeof createLimit>} Limit */
