/**
 * The device's clock for one visit of the page: the wall time of the beginning, carried on by a clock that nobody
 * sets. Every time that reaches the server is read from it, so that a clock which is set while the page runs moves
 * nothing.
 *
 *   const clock = createSteadyClock();
 *   clock.now()                          // ms since 1970, an integer; never runs backwards
 *   clock.leaps                          // how often the machine slept or its clock was set
 *   clock.measured({ offsetMs, roundTripMs })   // what a welcome said of the server's clock
 *   clock.offsetMs()                     // the server's clock minus this one, or null
 *
 * `performance.now()` stands still while the machine sleeps, in every browser except those on Windows
 * (w3c/hr-time#115). A wall clock that ran on by more than it did therefore means sleep, or that somebody set the
 * clock; nothing on the device tells the two apart. Sleep is what happens every day: the time is made up for.
 * Whichever it was, what was known of the server's clock no longer counts, and the next welcome settles it: the
 * offset it measures is right for all that follows.
 *
 * @module
 */

/** Browsers round both clocks, and wall clocks are corrected by hundreds of ms at once. */
const LEAP_MS = 1000;
/** How far two clocks drift apart by themselves, as a part of the time that passes. */
const DRIFT = 1e-4;
/** Time services slew a wall clock by up to 500 ppm: no leap, however long nobody looked. */
const SLEW = 1e-3;

/** @typedef {{ kind: "slept" | "set", ms: number }} Leap */

/**
 * @param {object} [options]
 * @param {() => number} [options.wall]
 * @param {() => number} [options.progress]
 * @param {(leap: Leap) => void} [options.onLeap] "slept": `now()` went on by `ms`; "set": it took no notice
 */
export function createSteadyClock(options = {}) {
  const { wall = () => Date.now(), progress = () => performance.now(), onLeap = () => {} } = options;
  let lastWall = wall();
  let lastProgress = progress();
  let time = lastWall;
  let leaps = 0;
  /** @type {{ offsetMs: number, roundTripMs: number, atMs: number } | null} */
  let best = null;

  function advance() {
    const seenWall = wall();
    const seenProgress = progress();
    const passed = Math.max(0, seenProgress - lastProgress);
    const ahead = seenWall - lastWall - passed;
    lastWall = seenWall;
    lastProgress = seenProgress;
    time += passed;
    if (Math.abs(ahead) <= LEAP_MS + passed * SLEW) return;
    leaps += 1;
    best = null;
    if (ahead > 0) time += ahead;
    onLeap({ kind: ahead > 0 ? "slept" : "set", ms: Math.round(Math.abs(ahead)) });
  }

  return {
    now() {
      advance();
      return Math.round(time);
    },

    get leaps() {
      advance();
      return leaps;
    },

    /**
     * The offset can be wrong by half of the round trip, and by the drift since.
     * @param {{ offsetMs: number, roundTripMs: number }} measurement
     */
    measured({ offsetMs, roundTripMs }) {
      advance();
      const error = roundTripMs / 2;
      if (best) {
        const known = best.roundTripMs / 2 + (time - best.atMs) * DRIFT;
        const apart = Math.abs(offsetMs - best.offsetMs);
        // Further apart than both can err: the server's clock was set.
        if (error > known && apart <= error + known) return;
      }
      best = { offsetMs, roundTripMs, atMs: time };
    },

    /** @returns {number | null} */
    offsetMs() {
      advance();
      return best ? Math.round(best.offsetMs) : null;
    },
  };
}

/** @typedef {ReturnType<typeof createSteadyClock>} SteadyClock */
