/**
 * How many pictures come per second. Pure: the times are the caller's, and never run backwards.
 *
 *   const rate = createRate();
 *   rate.came(nowMs);              a picture
 *   rate.over();                   what follows is another connection
 *   rate.perSecond()               null while it is not known
 *
 * @module
 */

/** At first comes at once what the server has kept for whoever joins: that is no rate. */
export const BURST_MS = 2000;
const REMEMBERED = 40;

export function createRate() {
  /** @type {number | null} */
  let beganMs = null;
  /** @type {number[]} */
  let times = [];
  return {
    /** @param {number} nowMs */
    came(nowMs) {
      if (beganMs === null) beganMs = nowMs;
      if (nowMs - beganMs >= BURST_MS) times = times.concat(nowMs).slice(-REMEMBERED);
    },
    over() {
      beganMs = null;
      times = [];
    },
    perSecond() {
      const span = times.length > 1 ? times[times.length - 1] - times[0] : 0;
      return span > 0 ? ((times.length - 1) * 1000) / span : null;
    },
  };
}
