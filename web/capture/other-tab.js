/**
 * Whether another tab of this browser records. Its sign of life says so; the timers of a hidden or starved tab give one
 * rarely, and then the lock says that it is still there, which a tab holds on the session that it records. A lock alone
 * says nothing: a tab that hangs never lets go of it.
 *
 *   const otherTab = createOtherTab({ locks: navigator.locks, isAlive });
 *   otherTab.tick(session);       // about twice a second; what this tab records, or null
 *   await otherTab.look();        // what holds now, also in a tab whose timers hardly come
 *   otherTab.records(session)     // whether another tab does; `session`: what this one records, or null
 *
 * @module
 */

import { ANSWER_MS, heldNames } from "../lib/spool-lock.js";

const PREFIX = "localcamera.records.";
/** The question that is under way, and one of its own. */
export const LOOK_MS = 2 * ANSWER_MS;

/**
 * @param {object} options
 * @param {LockManager | undefined} options.locks
 * @param {(session: string | null, locked: string[]) => boolean} options.isAlive what the signs of life say, given of which sessions a lock is held
 */
export function createOtherTab({ locks, isAlive }) {
  /** @type {{ session: string, letGo: () => void } | null} */
  let holding = null;
  /** @type {Promise<void> | null} */
  let asking = null;
  /** @type {string[]} */
  let locked = [];

  /** @param {string | null} session */
  function hold(session) {
    if (!locks || (holding ? holding.session : null) === session) return;
    if (holding) holding.letGo();
    holding = null;
    if (session === null) return;
    const held = new Promise((resolve) => {
      holding = { session, letGo: () => resolve(undefined) };
    });
    // A browser that refuses, or takes it back, leaves the sign of life.
    Promise.resolve()
      .then(() => locks.request(PREFIX + session, {}, () => held))
      .catch(() => {});
  }

  /** Without an answer no lock is known. */
  async function query() {
    locked = await heldNames(locks, PREFIX);
    asking = null;
  }

  function ask() {
    if (!asking) asking = query();
    return asking;
  }

  return {
    /** @param {string | null} session */
    tick(session) {
      hold(session);
      if (locks) void ask();
    },

    /** Never rejects, and takes `LOOK_MS` at most. */
    async look() {
      if (!locks) return;
      // What it tells may be older than this.
      if (asking) await asking;
      await ask();
    },

    /** @param {string | null} session */
    records: (session) => isAlive(session, locked),
  };
}

/** @typedef {ReturnType<typeof createOtherTab>} OtherTab */
