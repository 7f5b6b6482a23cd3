/**
 * One page at a time has a session. Web Locks say whose it is; a browser takes them back when the page is gone.
 *
 *   const locks = createLocks(navigator.locks);
 *   const lock = await locks.take(session, onLost);    // null: another page has it
 *   lock.release();
 *   await locks.busy()                                 // sessions that some page has
 *
 * The page asks for them, never the worker: Safari kept those of a worker after a reload, in every version up to 26.
 * Where there are none (Safari before 15.4, Firefox before 96) `take` is always granted, and the storage says whose a
 * session is.
 *
 * @module
 */

import { answerWithin, pause } from "./spool-wait.js";

const PREFIX = "localcamera.spool.";

/** The page that has just been closed or reloaded may have it for a moment longer. */
const TAKE_MS = 3000;
const TAKE_POLL_MS = 100;
/** A lock that is free is granted at once. */
export const ANSWER_MS = 2000;

/** @typedef {{ release: () => void }} Lock */

/**
 * What follows the prefix in the names of locks that some page holds; none where the browser does not answer.
 * @param {LockManager | undefined} manager
 * @param {string} prefix
 */
export async function heldNames(manager, prefix) {
  const told = manager && (await answerWithin(ANSWER_MS, () => manager.query()));
  const names = ((told && told.held) || []).map(({ name }) => name || "");
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** @param {LockManager | undefined} manager */
export function createLocks(manager) {
  /**
   * @param {string} name
   * @param {() => void} onLost the browser took it back
   * @returns {Promise<Lock | null>}
   */
  function ask(name, onLost) {
    return new Promise((resolve) => {
      /** @type {() => void} */
      let letGo = () => {};
      let released = false;
      const release = () => {
        released = true;
        letGo();
      };
      // Granted after nobody waited any more, it must not stay.
      const timer = setTimeout(() => {
        release();
        resolve(null);
      }, ANSWER_MS);
      /** @param {unknown} lock */
      const asked = (lock) => {
        clearTimeout(timer);
        if (!lock || released) {
          resolve(null);
          return undefined;
        }
        resolve({ release });
        return new Promise((end) => {
          letGo = () => end(undefined);
        });
      };
      Promise.resolve()
        .then(() => /** @type {LockManager} */ (manager).request(name, { mode: "exclusive", ifAvailable: true }, asked))
        .catch(() => {
          clearTimeout(timer);
          resolve(null);
          if (!released) onLost();
        });
    });
  }

  return {
    works: manager !== undefined,

    /**
     * @param {string} session
     * @param {() => void} onLost
     * @param {number} [waitMs]
     * @returns {Promise<Lock | null>}
     */
    async take(session, onLost, waitMs = TAKE_MS) {
      if (!manager) return { release() {} };
      const began = performance.now();
      for (;;) {
        const lock = await ask(PREFIX + session, onLost);
        if (lock || performance.now() - began >= waitMs) return lock;
        await pause(TAKE_POLL_MS);
      }
    },

    /** @returns {Promise<Set<string>>} */
    busy: async () => new Set(await heldNames(manager, PREFIX)),
  };
}

/** @typedef {ReturnType<typeof createLocks>} Locks */
