/**
 * The server's clock as far as this page knows it. Pure but for the clock that it is given.
 *
 *   const clock = createServerClock({ progress: () => performance.now() });
 *   clock.heard(nowMs)     a message that says what time it is there has just come
 *   clock.now()            null before the first one
 *
 * A message is late by its journey, never early: of the last few the one that was fastest is believed.
 *
 * @module
 */

/** Few enough that a clock that was set, or a page that slept, is forgotten soon. */
const REMEMBERED = 12;
/** No journey takes this long: clock or page stood still. */
const LEAP_MS = 5000;

/** @param {{ progress: () => number }} options */
export function createServerClock({ progress }) {
  /** @type {number[]} */
  let offsets = [];
  return {
    /** @param {number} nowMs */
    heard(nowMs) {
      const offset = nowMs - progress();
      const known = offsets.length > 0 ? Math.max(...offsets) : offset;
      offsets = Math.abs(known - offset) > LEAP_MS ? [offset] : offsets.concat(offset).slice(-REMEMBERED);
    },
    now() {
      return offsets.length > 0 ? progress() + Math.max(...offsets) : null;
    },
  };
}
