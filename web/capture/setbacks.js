/**
 * How often is too often: failures of the encoder and refusals of the server, while going on is still a remedy.
 *
 *   const setbacks = createSetbacks();
 *   setbacks.failed(now)            // → whether a restart is no remedy any more
 *   setbacks.refused(durableBytes)  // → whether the server will refuse the next one, too
 *   setbacks.reset()                // a new recording
 *
 * @module
 */

/** More failures than this within a minute and a restart is no remedy. */
const FAILURES_PER_MINUTE = 5;
/** A server that refuses this many generations in a row will refuse the next one, too. */
const REFUSALS = 3;

export function createSetbacks() {
  /** @type {number[]} */
  let failures = [];
  let refusals = 0;
  let refusedAtBytes = 0;

  return {
    /** @param {number} now */
    failed(now) {
      failures = failures.filter((at) => now - at < 60000);
      failures.push(now);
      return failures.length > FAILURES_PER_MINUTE;
    },

    /** @param {number} durableBytes of the whole recording */
    refused(durableBytes) {
      // One that recorded something in between was not refused for what it is.
      refusals = durableBytes > refusedAtBytes ? 1 : refusals + 1;
      refusedAtBytes = durableBytes;
      return refusals >= REFUSALS;
    },

    reset() {
      failures = [];
      refusals = 0;
      refusedAtBytes = 0;
    },
  };
}
