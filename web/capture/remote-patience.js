/**
 * How often the person at the device is asked. Pure.
 *
 *   const patience = createPatience();
 *   patience.refusal(from, now)    // why there is no question now, or null
 *   patience.asked(now)
 *   patience.ended(from, now)      // without a Yes
 *   patience.allowed(from)
 *
 * @module
 */

import { no } from "./remote-answers.js";

/** Whoever got no Yes does not ask again at once: a question that keeps coming back is a nuisance, or a trick. */
export const REST_MS = 60000;
/** Addresses cost nothing. So many controllers may honestly want something in a minute; more would be tapped away unread. */
export const QUESTIONS_PER_MINUTE = 4;
const MINUTE_MS = 60000;

const RESTS = no("not_allowed", "The person at the device did not allow it a moment ago and is not asked again within a minute.");
const ENOUGH = no("not_allowed", "The person at the device has been asked often enough for this minute.");

export function createPatience() {
  /** When the last question of an address ended without a Yes. @type {Map<string, number>} */
  const resting = new Map();
  /** The questions of the last minute that were not welcome. @type {number[]} */
  let times = [];

  /** @param {number} now */
  function forgetOld(now) {
    for (const [from, atMs] of Array.from(resting)) if (Math.abs(now - atMs) >= REST_MS) resting.delete(from);
    times = times.filter((atMs) => Math.abs(now - atMs) < MINUTE_MS);
  }

  return {
    /** @param {string} from @param {number} now @returns {import("./remote-answers.js").Answer | null} */
    refusal(from, now) {
      forgetOld(now);
      if (resting.has(from)) return RESTS;
      return times.length >= QUESTIONS_PER_MINUTE ? ENOUGH : null;
    },

    /** @param {number} now */
    asked(now) {
      times.push(now);
    },

    /** @param {string} from @param {number} now */
    ended(from, now) {
      resting.set(from, now);
    },

    /** Whoever works with somebody elsewhere allows one thing after the other. @param {string} from */
    allowed(from) {
      resting.delete(from);
      times.pop();
    },

    /** The person has chosen anew. */
    clear() {
      resting.clear();
      times = [];
    },
  };
}
