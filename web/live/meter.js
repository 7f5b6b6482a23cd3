/**
 * How many bits per second arrive, over the last few seconds. Pure.
 *
 * @module
 */

const WINDOW_MS = 5000;

export function createMeter() {
  /** @type {{ atMs: number, bytes: number }[]} */
  let seen = [];
  return {
    /** @param {number} bytes @param {number} nowMs */
    count(bytes, nowMs) {
      seen.push({ atMs: nowMs, bytes });
    },
    /** Bits per second; null while too little has been seen to say. @param {number} nowMs */
    rate(nowMs) {
      seen = seen.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
      if (seen.length < 2) return null;
      const span = nowMs - seen[0].atMs;
      if (span < 1000) return null;
      // What came first came for the time before it.
      const bytes = seen.slice(1).reduce((sum, one) => sum + one.bytes, 0);
      return (bytes * 8000) / span;
    },
    reset() {
      seen = [];
    },
  };
}
