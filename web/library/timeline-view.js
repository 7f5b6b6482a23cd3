/**
 * A range of wall time on a line of pixels: zoom, pan, ticks, what lies under a finger. Pure.
 *
 *   let view = { fromMs, toMs, widthPx };
 *   xOf(view, wallMs)   wallAt(view, x)
 *   view = zoom(view, 2, x, bounds)      what is under x stays there
 *   view = pan(view, px, bounds)   view = reveal(view, wallMs, bounds)
 *   ticksOf(view, 90)                    [{ ms, x, kind: "day" | "time", hasSeconds }], no two nearer than 90 px
 *   merged(view, spans)                  [{ x, widthPx, … }]: of what is below a pixel, one
 *   hit(view, marks, x, 12)              the nearest within 12 px
 *
 * Local hours are not all as long: ticks are sought in wall time, so that an hour that comes twice has two.
 *
 * @module
 */

/** Closer, single frames would be all that there is to see. */
export const SHORTEST_MS = 10_000;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS_MS = [SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
const STEPS_DAYS = [1, 2, 7, 14, 28];
/** A view of decades must not take forever. */
const MOST_TICKS = 200;

/** @typedef {{ fromMs: number, toMs: number, widthPx: number }} View */
/** @typedef {{ startMs: number, endMs: number }} Bounds */
/** @typedef {{ ms: number, x: number, kind: "day" | "time", hasSeconds: boolean }} Tick */

/** @param {View} view */
const msPerPx = ({ fromMs, toMs, widthPx }) => (toMs - fromMs) / Math.max(1, widthPx);

/** @param {View} view @param {number} wallMs */
export const xOf = (view, wallMs) => (wallMs - view.fromMs) / msPerPx(view);

/** @param {View} view @param {number} x */
export const wallAt = (view, x) => view.fromMs + x * msPerPx(view);

/** All of it. @param {Bounds} bounds @param {number} widthPx @returns {View} */
export function fit({ startMs, endMs }, widthPx) {
  return { fromMs: startMs, toMs: Math.max(endMs, startMs + SHORTEST_MS), widthPx };
}

/** @param {number} fromMs @param {number} lengthMs @param {number} widthPx @param {Bounds} bounds @returns {View} */
function within(fromMs, lengthMs, widthPx, bounds) {
  const whole = fit(bounds, widthPx);
  const mostMs = whole.toMs - whole.fromMs;
  const length = Math.min(Math.max(lengthMs, Math.min(SHORTEST_MS, mostMs)), mostMs);
  const from = Math.min(Math.max(fromMs, whole.fromMs), whole.toMs - length);
  return { fromMs: from, toMs: from + length, widthPx };
}

/** @param {View} view @param {number} factor more than 1: closer @param {number} x @param {Bounds} bounds */
export function zoom(view, factor, x, bounds) {
  const anchorMs = wallAt(view, x);
  const wanted = (view.toMs - view.fromMs) / factor;
  const whole = fit(bounds, view.widthPx);
  const length = Math.min(Math.max(wanted, SHORTEST_MS), whole.toMs - whole.fromMs);
  return within(anchorMs - (x / Math.max(1, view.widthPx)) * length, length, view.widthPx, bounds);
}

/** @param {View} view @param {number} px to the right: earlier @param {Bounds} bounds */
export const pan = (view, px, bounds) => within(view.fromMs - px * msPerPx(view), view.toMs - view.fromMs, view.widthPx, bounds);

/** The same length, elsewhere where the time is not in it. @param {View} view @param {number} wallMs @param {Bounds} bounds */
export function reveal(view, wallMs, bounds) {
  if (wallMs >= view.fromMs && wallMs <= view.toMs) return within(view.fromMs, view.toMs - view.fromMs, view.widthPx, bounds);
  const length = view.toMs - view.fromMs;
  // Most of what comes next.
  return within(wallMs - length * 0.1, length, view.widthPx, bounds);
}

/** Local time as if it were UTC. @param {number} ms */
const localMs = (ms) => ms - new Date(ms).getTimezoneOffset() * MINUTE;

/** The next moment whose local time is a multiple. @param {number} ms @param {number} stepMs */
function aligned(ms, stepMs) {
  const local = localMs(ms);
  const at = ms + Math.ceil(local / stepMs) * stepMs - local;
  // The clock was changed in between.
  const off = localMs(at) % stepMs;
  return off === 0 ? at : at + stepMs - off;
}

/** @param {View} view @param {number} stepMs @returns {number[]} */
function times({ fromMs, toMs }, stepMs) {
  /** @type {number[]} */
  const found = [];
  // Hours one by one: twelve of them are not always half a day.
  const stride = Math.min(stepMs, HOUR);
  for (let at = aligned(fromMs, stride); at <= toMs && found.length < MOST_TICKS; at = aligned(at + 1, stride)) {
    if (localMs(at) % stepMs === 0) found.push(at);
  }
  return found;
}

/** @param {View} view @param {number} days @returns {number[]} */
function midnights({ fromMs, toMs }, days) {
  /** @type {number[]} */
  const found = [];
  const first = new Date(fromMs);
  for (let day = 0; found.length < MOST_TICKS; day += days) {
    const at = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day).getTime();
    if (at > toMs) return found;
    if (at >= fromMs) found.push(at);
  }
  return found;
}

/** @param {number} ms */
function isMidnight(ms) {
  const date = new Date(ms);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() === ms;
}

/** @param {View} view @param {number} apartPx @returns {Tick[]} */
export function ticksOf(view, apartPx) {
  const leastMs = apartPx * msPerPx(view);
  const stepMs = STEPS_MS.find((step) => step >= leastMs);
  const days = STEPS_DAYS.find((count) => count * DAY >= leastMs) || Math.ceil(leastMs / DAY);
  const all = stepMs === undefined ? midnights(view, days) : times(view, stepMs);
  /** @type {Tick[]} */
  const ticks = [];
  for (const ms of all) {
    const x = xOf(view, ms);
    const last = ticks[ticks.length - 1];
    // Where an hour is skipped or comes twice, two would be too near.
    if (last && x - last.x < apartPx * 0.6) continue;
    ticks.push({ ms, x, kind: isMidnight(ms) ? "day" : "time", hasSeconds: stepMs !== undefined && stepMs < MINUTE });
  }
  return ticks;
}

/**
 * @template {{ startMs: number, endMs: number, kind: string }} Span
 * @typedef {{ span: Span, x: number, widthPx: number, count: number }} Drawn
 */

/**
 * As rectangles. What is shorter than a pixel fills the one that it lies in, alone or with others.
 * @template {{ startMs: number, endMs: number, kind: string }} Span
 * @param {View} view @param {Span[]} spans in order @returns {Drawn<Span>[]}
 */
export function merged(view, spans) {
  /** @type {Drawn<Span>[]} */
  const drawn = [];
  /** The last one, where it is one of crumbs. @type {Drawn<Span> | null} */
  let crumbs = null;
  for (const span of spans) {
    if (span.endMs < view.fromMs || span.startMs > view.toMs) continue;
    const x = Math.max(0, xOf(view, span.startMs));
    const end = Math.min(view.widthPx, xOf(view, span.endMs));
    if (end - x >= 1) {
      crumbs = null;
      drawn.push({ span, x, widthPx: end - x, count: 1 });
      continue;
    }
    const column = Math.min(Math.floor(x), Math.max(0, Math.ceil(view.widthPx) - 1));
    const isSamePixel = crumbs !== null && column < crumbs.x + crumbs.widthPx;
    if (crumbs !== null && crumbs.span.kind === span.kind && column <= crumbs.x + crumbs.widthPx) {
      crumbs.widthPx = Math.max(crumbs.widthPx, column + 1 - crumbs.x);
      crumbs.count += 1;
    } else if (crumbs !== null && isSamePixel && span.kind === "footage") {
      // Of two kinds within one pixel, what is missing must be seen.
      crumbs.count += 1;
    } else if (crumbs !== null && isSamePixel && crumbs.widthPx === 1) {
      crumbs.span = span;
      crumbs.count += 1;
    } else {
      crumbs = { span, x: column, widthPx: 1, count: 1 };
      drawn.push(crumbs);
    }
  }
  return drawn;
}

/**
 * @template {{ atMs: number }} Mark
 * @param {View} view @param {Mark[]} marks @param {number} x @param {number} withinPx @returns {Mark | null}
 */
export function hit(view, marks, x, withinPx) {
  /** @type {Mark | null} */
  let best = null;
  let bestPx = withinPx;
  for (const mark of marks) {
    const px = Math.abs(xOf(view, mark.atMs) - x);
    if (px <= bestPx) {
      best = mark;
      bestPx = px;
    }
  }
  return best;
}
