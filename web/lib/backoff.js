/**
 * How long to wait before the next attempt: doubling, capped, with jitter, so that a room full of
 * cameras does not come back to a restarted server in one instant.
 *
 *   const backoff = createBackoff();
 *   backoff.next(retryMs)   // ms to wait now; never less than half of what the server asked
 *   backoff.reset()         // after success
 *
 * @module
 */

/** On a LAN an attempt costs nothing, and a returning network should be noticed at once. */
const FIRST_MS = 250;
/** Longer and a person who stands beside the tablet thinks that it has given up. */
const LONGEST_MS = 5000;

/**
 * @param {{ random?: () => number, firstMs?: number, longestMs?: number }} [options]
 */
export function createBackoff(options = {}) {
  const { random = Math.random, firstMs = FIRST_MS, longestMs = LONGEST_MS } = options;
  let attempts = 0;
  return {
    /** @param {number} [askedMs] what the server asked for, if it did */
    next(askedMs = 0) {
      const grown = Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 16));
      attempts += 1;
      return Math.round(Math.max(grown, askedMs) * (0.5 + random() * 0.5));
    },
    reset() {
      attempts = 0;
    },
    get attempts() {
      return attempts;
    },
  };
}
