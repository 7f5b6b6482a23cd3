/**
 * How often is too often: failures of the encoder or of the device's storage and refusals of the server, while going
 * on is still a remedy.
 *
 *   const setbacks = createSetbacks();
 *   setbacks.failed(now)            // → whether a restart is no remedy any more
 *   setbacks.storageFailed(now)     // → the how manieth time in a row
 *   setbacks.refused(durableBytes)  // → whether the server will refuse the next one, too
 *   setbacks.reset()                // a new recording
 *
 * @module
 */

/** More failures than this within a minute and a restart is no remedy. */
const FAILURES_PER_MINUTE = 5;
/** Storage may take half a minute to say that it failed: two such failures are two in a row. */
const STORAGE_ROW_MS = 5 * 60 * 1000;
/** A server that refuses this many generations in a row will refuse the next one, too. */
const REFUSALS = 3;

export function createSetbacks() {
  /** @type {number[]} */
  let failures = [];
  /** @type {number[]} */
  let storageFailures = [];
  let refusals = 0;
  let refusedAtBytes = 0;

  return {
    /** @param {number} now */
    failed(now) {
      failures = failures.filter((at) => now - at < 60000);
      failures.push(now);
      return failures.length > FAILURES_PER_MINUTE;
    },

    /** @param {number} now */
    storageFailed(now) {
      storageFailures = storageFailures.filter((at) => now - at < STORAGE_ROW_MS);
      storageFailures.push(now);
      return storageFailures.length;
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
      storageFailures = [];
      refusals = 0;
      refusedAtBytes = 0;
    },
  };
}
