/**
 * Which media shows a wall time, and which wall time a media time shows. Media has no holes where wall time has gaps. Pure.
 *
 *   const map = createWallMap(timeline);
 *   map.whatAt(wallMs)            { kind: "footage" | "gap" | "waiting" | "nothing", startMs, endMs, … }
 *   map.place(wallMs)             { reel, mediaMs, wallMs } of the footage there, or of what follows next; null behind the end
 *   map.wallOf(reel, mediaMs)     the wall time that is shown
 *   map.footage                   in order; what only the clock's correction keeps apart is one
 *
 * @module
 */

/** A file is moved by up to 30 ms to follow the encoder's drift, and frames are up to 67 ms apart: no gap for people. */
export const SEAM_MS = 150;

/** A camera that has just been opened takes so long for its first picture. */
const PROMPT_MS = 2000;

/** Why something that was recorded is not there. */
const GONE = ["deleted", "expired", "file_missing", "file_damaged"];

/** @typedef {import("./timeline.js").Timeline} Timeline */
/** @typedef {{ reel: number, mediaMs: number, wallMs: number }} Place */
/** @typedef {{ reel: number, mediaMs: number, startMs: number, endMs: number }} Stretch */
/** @typedef {{ startMs: number, endMs: number }} Span */
/**
 * @typedef {object} What
 * @property {"footage" | "gap" | "waiting" | "nothing"} kind
 * @property {number} startMs
 * @property {number} endMs
 * @property {string} reason of a gap; "" where nobody has said
 * @property {string} detail
 */

/**
 * The last of these that begins at or before.
 * @template Item
 * @param {Item[]} sorted @param {(item: Item) => number} key @param {number} value @returns {number} -1 where all begin later
 */
export function lastAt(sorted, key, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(sorted[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @param {Stretch[]} stretches in order @returns {Span[]} */
function join(stretches) {
  /** @type {Span[]} */
  const joined = [];
  for (const { startMs, endMs } of stretches) {
    const last = joined[joined.length - 1];
    if (last && startMs - last.endMs <= SEAM_MS) last.endMs = Math.max(last.endMs, endMs);
    else joined.push({ startMs, endMs });
  }
  return joined;
}

/** @param {Pick<Timeline, "reels" | "gaps" | "startMs" | "endMs" | "state" | "waitingMs">} timeline */
export function createWallMap({ reels, gaps, startMs: begunMs, endMs, state, waitingMs }) {
  /** @type {Stretch[]} */
  const stretches = reels
    .flatMap(({ reel, pieces }) => pieces.map(({ mediaMs, wallMs, lengthMs }) => ({ reel, mediaMs, startMs: wallMs, endMs: wallMs + lengthMs })))
    .sort((a, b) => a.startMs - b.startMs);
  const footage = join(stretches);
  // The moment between a beginning and its first picture is no gap for people, where nobody has said one.
  const isPrompt = footage.length > 0 && footage[0].startMs - begunMs < PROMPT_MS && !gaps.some((gap) => gap.startMs < footage[0].startMs);
  const startMs = isPrompt ? footage[0].startMs : begunMs;
  const lastMs = footage.length > 0 ? footage[footage.length - 1].endMs : startMs;
  const isWaiting = state !== "finished" && waitingMs > 0;
  const untilMs = Math.max(endMs, lastMs, isWaiting ? lastMs + waitingMs : 0);
  /** @type {Map<number, Stretch[]>} */
  const byReel = new Map();
  for (const stretch of stretches) byReel.set(stretch.reel, (byReel.get(stretch.reel) || []).concat([stretch]));
  for (const pieces of byReel.values()) pieces.sort((a, b) => a.mediaMs - b.mediaMs);

  /** @param {number} wallMs @returns {What} */
  function whatAt(wallMs) {
    const index = lastAt(footage, (span) => span.startMs, wallMs);
    const before = index >= 0 ? footage[index] : null;
    if (before && wallMs < before.endMs) return { kind: "footage", ...before, reason: "", detail: "" };
    const next = index + 1 < footage.length ? footage[index + 1] : null;
    const hole = { startMs: before ? before.endMs : startMs, endMs: next ? next.startMs : untilMs };
    if (wallMs < startMs || wallMs >= untilMs) return { kind: "nothing", startMs: wallMs < startMs ? -Infinity : untilMs, endMs: wallMs < startMs ? startMs : Infinity, reason: "", detail: "" };
    // What the device says of the hole; of several, the one that lasts longest at this time. What is gone goes last: its time
    // reaches from the first of its files to the last, and something was never recorded between them, perhaps.
    const said = gaps
      .filter((gap) => gap.startMs <= wallMs && wallMs < gap.endMs)
      .sort((a, b) => Number(GONE.includes(a.reason)) - Number(GONE.includes(b.reason)) || b.endMs - b.startMs - (a.endMs - a.startMs))[0];
    if (said) return { kind: "gap", startMs: Math.max(hole.startMs, said.startMs), endMs: Math.min(hole.endMs, said.endMs), reason: said.reason, detail: said.detail };
    if (!next && isWaiting) return { kind: "waiting", startMs: hole.startMs, endMs: hole.endMs, reason: "", detail: "" };
    // Seconds apart from what was said: what follows or precedes it explains the rest of the hole, too.
    const near = gaps.filter((gap) => gap.startMs < hole.endMs && gap.endMs > hole.startMs);
    const { reason, detail } = near.length === 1 ? near[0] : { reason: "", detail: "" };
    return { kind: "gap", ...hole, reason, detail };
  }

  /** @param {number} wallMs @returns {Place | null} */
  function place(wallMs) {
    const index = lastAt(stretches, (stretch) => stretch.startMs, wallMs);
    // Pieces may overlap by a correction of the clock: the one that began last.
    for (const stretch of [stretches[index], stretches[index - 1]]) {
      if (stretch && wallMs < stretch.endMs) return { reel: stretch.reel, mediaMs: stretch.mediaMs + wallMs - stretch.startMs, wallMs };
    }
    const next = stretches[index + 1];
    return next ? { reel: next.reel, mediaMs: next.mediaMs, wallMs: next.startMs } : null;
  }

  /** @param {number} reel @param {number} mediaMs @returns {number | null} */
  function wallOf(reel, mediaMs) {
    const pieces = byReel.get(reel);
    if (!pieces || pieces.length === 0) return null;
    const piece = pieces[Math.max(0, lastAt(pieces, (one) => one.mediaMs, mediaMs))];
    return Math.min(Math.max(piece.startMs, piece.startMs + mediaMs - piece.mediaMs), piece.endMs);
  }

  /** Where the footage ends that is in force there. @param {number} wallMs @returns {Place | null} the last picture before */
  function placeBefore(wallMs) {
    const index = lastAt(stretches, (stretch) => stretch.startMs, wallMs);
    const stretch = stretches[index];
    if (!stretch) return null;
    const shownMs = Math.min(wallMs, stretch.endMs - 1);
    return { reel: stretch.reel, mediaMs: stretch.mediaMs + shownMs - stretch.startMs, wallMs: shownMs };
  }

  return { startMs, untilMs, footage, whatAt, place, placeBefore, wallOf };
}

/** @typedef {ReturnType<typeof createWallMap>} WallMap */
