/**
 * Waiting for browsers that may never answer.
 *
 *   await answerWithin(ms, ask)     // null: no answer in time, or a refusal
 *   await pause(ms)
 *
 * @module
 */

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @template T
 * @param {number} ms
 * @param {() => T | Promise<T>} ask
 * @returns {Promise<T | null>}
 */
export function answerWithin(ms, ask) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    Promise.resolve()
      .then(ask)
      .catch(() => null)
      .then((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
  });
}
