/**
 * Several devices on one clock. Pure: it decides, the player does.
 *
 *   advance(clockMs, lanes)            where the clock is now, by whom
 *   follow(clockMs, laneMs, rate)      what another does to be where the clock is
 *
 * The clock is what is shown: the lane that leads is never corrected, so that one alone plays as its file does. A lane
 * in a gap waits at its end; where all are in one, the clock goes on behind it.
 *
 * @module
 */

/** More is heard and seen as another speed. */
const MOST_CORRECTION = 0.02;
/** Two pictures that are a frame apart are together. */
const TOGETHER_MS = 40;
/** Catching up on more by 2 % would take half a minute. */
const FAR_MS = 500;

/**
 * @typedef {object} Lane
 * @property {number | null} shownMs wall time of what it shows; null where it has nothing
 * @property {boolean} isReady shows what it was told to, and could go on
 * @property {(wallMs: number) => { kind: string, startMs: number, endMs: number }} whatAt
 * @property {(wallMs: number) => { wallMs: number } | null} place
 */

/** @typedef {{ clockMs: number, leader: number | null, isEnd: boolean }} Advance */

/** @param {Lane} lane @param {number} wallMs */
const hasFootage = (lane, wallMs) => lane.whatAt(wallMs).kind === "footage";

/**
 * Where the clock goes.
 * @param {number} clockMs @param {Lane[]} lanes @returns {Advance} `leader`: null while nobody shows anything at that time
 */
export function advance(clockMs, lanes) {
  for (let index = 0; index < lanes.length; index += 1) {
    const lane = lanes[index];
    if (lane.shownMs === null || !hasFootage(lane, clockMs)) continue;
    const { endMs } = lane.whatAt(clockMs);
    if (!lane.isReady) return { clockMs, leader: index, isEnd: false };
    if (lane.shownMs <= endMs) return { clockMs: Math.max(clockMs, lane.shownMs), leader: index, isEnd: false };
    // It has gone over a gap, in which others may have something.
    return between(endMs, lanes);
  }
  return between(clockMs, lanes);
}

/** @param {number} fromMs @param {Lane[]} lanes @returns {Advance} */
function between(fromMs, lanes) {
  const nexts = lanes.map((lane) => lane.place(fromMs)).map((place) => (place === null ? Infinity : Math.max(place.wallMs, fromMs)));
  const nextMs = Math.min(...nexts, Infinity);
  if (nextMs === Infinity) return { clockMs: fromMs, leader: null, isEnd: true };
  return { clockMs: nextMs, leader: nexts.indexOf(nextMs), isEnd: false };
}

/**
 * @typedef {{ act: "play", rate: number } | { act: "seek" } | { act: "hold" }} Follow
 * `hold`: stands still until the clock is there
 */

/** @param {number} clockMs @param {number} laneMs @param {number} rate @returns {Follow} */
export function follow(clockMs, laneMs, rate) {
  const aheadMs = laneMs - clockMs;
  const speed = Math.max(1, rate);
  if (Math.abs(aheadMs) <= TOGETHER_MS * speed) return { act: "play", rate };
  if (aheadMs > FAR_MS * speed) return { act: "hold" };
  if (aheadMs < -FAR_MS * speed) return { act: "seek" };
  const share = Math.min(1, Math.abs(aheadMs) / (FAR_MS * speed));
  const correction = MOST_CORRECTION * Math.max(0.25, share);
  return { act: "play", rate: rate * (aheadMs > 0 ? 1 - correction : 1 + correction) };
}
