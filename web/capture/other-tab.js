/**
 * Whether another tab of this browser records. A lock says so, which a tab holds as long as it records and which no
 * timer of a hidden or starved tab can miss; where there are none, and until the first answer, the sign of life does.
 *
 *   const otherTab = createOtherTab({ locks: navigator.locks, isAlive });
 *   otherTab.tick(inSession);     // about twice a second
 *   otherTab.records(session)     // whether another tab does; `session`: what this one records, or null
 *
 * @module
 */

import { answerWithin } from "../lib/spool-wait.js";

const PREFIX = "localcamera.records.";
/** A browser that does not answer is asked again. */
const ANSWER_MS = 2000;

/**
 * @param {object} options
 * @param {LockManager | undefined} options.locks
 * @param {(session: string | null) => boolean} options.isAlive what the signs of life say
 */
export function createOtherTab({ locks, isAlive }) {
  const name = PREFIX + Math.random().toString(36).slice(2);
  /** @type {(() => void) | null} */
  let letGo = null;
  let isAsking = false;
  let isHeld = false;

  function hold() {
    if (letGo || !locks) return;
    const held = new Promise((resolve) => {
      letGo = () => resolve(undefined);
    });
    // A browser that refuses, or takes it back, leaves the sign of life.
    Promise.resolve()
      .then(() => locks.request(name, {}, () => held))
      .catch(() => {});
  }

  async function ask() {
    if (isAsking || !locks) return;
    isAsking = true;
    const told = await answerWithin(ANSWER_MS, () => locks.query());
    isAsking = false;
    if (told) isHeld = (told.held || []).some((lock) => lock.name !== name && (lock.name || "").startsWith(PREFIX));
  }

  return {
    /** @param {boolean} inSession */
    tick(inSession) {
      if (inSession) hold();
      else if (letGo) {
        letGo();
        letGo = null;
      }
      void ask();
    },

    /** @param {string | null} session */
    records: (session) => isHeld || isAlive(session),
  };
}
