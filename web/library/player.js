/**
 * Plays sessions side by side on one clock of wall time; one alone is its own clock.
 *
 *   const player = createPlayer({ page: window, onChange });
 *   player.open(lanes, atMs);
 *   player.toggle();  player.seek(wallMs);  player.by(5000);  player.step(1);  player.setRate(4)
 *   player.nowMs()                 the time that is shown; while it seeks, what was asked for
 *   player.isPlaying()   player.isSeeking()   player.isEnd()
 *   player.skipped()               the gap that was just gone over, or null
 *   player.close();
 *
 * Nobody else writes the time while a seek is under way.
 *
 * @module
 */

import { advance, follow } from "./clock.js";

/** Often enough for two pictures to stay together. */
const TICK_MS = 100;
/** More would go on after the key has been let go. */
const MOST_STEPS = 3;
/** Nobody minds that much in front of the first picture of all. */
const TOGETHER_MS = 1000;
/** Long enough to be read. */
const SKIPPED_MS = 4000;

/** @typedef {import("./lane.js").SessionLane} SessionLane */

/** @param {{ page: Window & typeof globalThis, onChange: () => void }} options */
export function createPlayer({ page, onChange }) {
  /** @type {SessionLane[]} */
  let lanes = [];
  let clockMs = 0;
  let isPlaying = false;
  let isEnd = false;
  let rate = 1;
  let seeks = 0;
  let isSeeking = false;
  /** Until what was asked for last is there. @type {Promise<void>} */
  let seeking = Promise.resolve();
  /** One picture after the other. @type {Promise<void>} */
  let stepping = Promise.resolve();
  let steps = 0;
  /** @type {number | null} */
  let queuedMs = null;
  /** @type {any} */
  let timer = null;
  /** @type {import("./wall-map.js").What | null} */
  let gap = null;
  let gapUntil = 0;

  const startMs = () => Math.min(...lanes.map((lane) => lane.map().startMs));
  /** Those that begin within a moment are all on the screen from the first picture on. */
  const beginMs = () => Math.max(...lanes.map((lane) => lane.map().startMs).filter((ms) => ms - startMs() < TOGETHER_MS));
  const endMs = () => Math.max(...lanes.map((lane) => (lane.map().footage.length > 0 ? lane.map().footage[lane.map().footage.length - 1].endMs : lane.map().startMs)));

  /** @param {number} fromMs @param {number} toMs */
  function noteGap(fromMs, toMs) {
    if (lanes.length !== 1 || toMs - fromMs < 500) return;
    const map = lanes[0].map();
    const before = map.whatAt(fromMs);
    const what = before.kind === "footage" ? map.whatAt(before.endMs) : before;
    if (what.kind !== "gap" || what.startMs >= toMs) return;
    gap = what;
    gapUntil = page.performance.now() + SKIPPED_MS;
  }

  /** Nobody waits for one that cannot be shown. @param {SessionLane} lane */
  const isBroken = (lane) => ["failed", "unsupported", "nothing"].includes(lane.state());

  function tick() {
    if (isSeeking || lanes.length === 0) return;
    if (isPlaying && lanes.every(isBroken)) pause();
    if (isPlaying) {
      const seen = lanes.map((lane) => {
        // A file may end a little before its last piece does.
        const isOver = lane.state() === "ended";
        if (isBroken(lane)) return { shownMs: null, isReady: false, whatAt: () => ({ kind: "nothing", startMs: -Infinity, endMs: Infinity }), place: () => null };
        return { shownMs: isOver ? Infinity : lane.shownMs(), isReady: isOver || lane.isReady(), whatAt: lane.map().whatAt, place: lane.map().place };
      });
      const next = advance(clockMs, seen);
      noteGap(clockMs, next.clockMs);
      clockMs = next.clockMs;
      if (next.isEnd) {
        isPlaying = false;
        isEnd = true;
        for (const lane of lanes) lane.pause();
      } else lanes.forEach((lane, index) => lead(lane, index === next.leader, next.leader));
    } else if (lanes.length === 1) {
      // Steps of single pictures.
      const shown = lanes[0].shownMs();
      if (shown !== null && lanes[0].isReady()) clockMs = shown;
    }
    onChange();
  }

  /** @param {SessionLane} lane @param {boolean} isLeader @param {number | null} leader */
  function lead(lane, isLeader, leader) {
    if (isLeader) {
      const shown = lane.shownMs();
      // The clock has gone over a gap.
      if (lane.isReady() && shown !== null && clockMs - shown > 1000 * Math.max(1, rate)) void lane.seek(clockMs);
      lane.setRate(rate);
      lane.play();
      return;
    }
    if (lane.map().whatAt(clockMs).kind !== "footage") {
      lane.pause();
      return;
    }
    const shown = lane.shownMs();
    if (shown === null || !lane.isReady()) return;
    // Whoever leads and stands still holds all.
    if (leader !== null && (lanes[leader].isBuffering() || !lanes[leader].isReady())) {
      lane.pause();
      return;
    }
    const what = follow(clockMs, shown, rate);
    if (what.act === "seek") void lane.seek(clockMs);
    else if (what.act === "hold") lane.pause();
    else {
      lane.setRate(what.rate);
      lane.play();
    }
  }

  /** @param {number} wallMs @returns {Promise<void>} */
  function seek(wallMs) {
    if (lanes.length === 0) return Promise.resolve();
    const target = Math.min(Math.max(wallMs, startMs()), endMs());
    clockMs = target;
    isEnd = false;
    gap = null;
    // While a finger moves, the newest place counts; each one that began is waited for.
    if (isSeeking) {
      queuedMs = target;
      onChange();
      return seeking;
    }
    isSeeking = true;
    seeks += 1;
    seeking = go(target, seeks);
    onChange();
    return seeking;
  }

  /** @param {number} target @param {number} mine */
  async function go(target, mine) {
    for (let at = /** @type {number | null} */ (target); at !== null; ) {
      const there = at;
      queuedMs = null;
      // One that has nothing there waits at what it has next; it holds nobody.
      const shown = lanes.filter((lane) => lane.map().whatAt(there).kind === "footage");
      const others = lanes.filter((lane) => !shown.includes(lane));
      for (const lane of others) lane.pause();
      const first = shown.length > 0 ? shown : lanes.length === 1 ? lanes : nearest(there);
      for (const lane of others) if (!first.includes(lane)) void lane.seek(there);
      await Promise.all(first.map((lane) => lane.seek(there)));
      if (mine !== seeks) return;
      at = queuedMs;
      if (at === null) settle(there, shown.length > 0 ? shown : first);
    }
    isSeeking = false;
    tick();
    onChange();
  }

  /** Who has something first behind a time at which nobody has. @param {number} wallMs */
  function nearest(wallMs) {
    const places = lanes.map((lane) => lane.map().place(wallMs)).map((place) => (place ? place.wallMs : Infinity));
    const best = Math.min(...places);
    return lanes.filter((_, index) => places[index] === best);
  }

  /** Out of a gap, to what is shown. @param {number} wallMs @param {SessionLane[]} shown */
  function settle(wallMs, shown) {
    const times = shown.map((lane) => lane.shownMs()).filter((ms) => ms !== null);
    const there = lanes.some((lane) => lane.map().whatAt(wallMs).kind === "footage") ? wallMs : Math.min(...times, Infinity);
    if (there === Infinity) return;
    if (there > wallMs) noteGap(wallMs, there);
    clockMs = there;
  }

  function play() {
    if (lanes.length === 0) return;
    isPlaying = true;
    // Inside what the person has done: browsers ask for that.
    for (const lane of lanes) {
      lane.setRate(rate);
      if (!isSeeking && lane.map().whatAt(clockMs).kind === "footage") lane.play();
    }
    if (isEnd) void seek(beginMs());
    onChange();
  }

  /** @param {1 | -1} by */
  async function step(by) {
    await seeking;
    // Side by side, the others follow the first.
    const [first] = lanes.filter((lane) => lane.map().whatAt(clockMs).kind === "footage").concat(lanes);
    if (!first || isSeeking || isPlaying) return;
    await first.step(by);
    const shown = first.shownMs();
    if (shown === null) return;
    clockMs = shown;
    isEnd = false;
    for (const lane of lanes) if (lane !== first && lane.map().whatAt(clockMs).kind === "footage") void lane.seek(clockMs);
    onChange();
  }

  function pause() {
    isPlaying = false;
    for (const lane of lanes) lane.pause();
    onChange();
  }

  return {
    /** @param {SessionLane[]} opened @param {number | null} atMs */
    open(opened, atMs) {
      lanes = opened;
      seeks += 1;
      isSeeking = false;
      isPlaying = false;
      isEnd = false;
      rate = 1;
      clockMs = beginMs();
      page.clearInterval(timer);
      timer = page.setInterval(tick, TICK_MS);
      void seek(atMs === null ? beginMs() : atMs);
    },
    lanes: () => lanes,
    nowMs: () => clockMs,
    isPlaying: () => isPlaying,
    isSeeking: () => isSeeking,
    isEnd: () => isEnd,
    rate: () => rate,
    skipped: () => (gap !== null && page.performance.now() < gapUntil ? gap : null),
    startMs,
    endMs,
    play,
    pause,
    toggle: () => (isPlaying ? pause() : play()),
    /** @param {number} wallMs */
    seek: (wallMs) => void seek(wallMs),
    /** @param {number} ms */
    by: (ms) => void seek(clockMs + ms),
    /** @param {1 | -1} by */
    step(by) {
      pause();
      // A key that is held down repeats faster than pictures are decoded.
      if (steps >= MOST_STEPS) return;
      steps += 1;
      stepping = stepping.then(() => step(by), () => step(by)).finally(() => {
        steps -= 1;
      });
    },
    /** @param {number} next */
    setRate(next) {
      rate = next;
      for (const lane of lanes) lane.setRate(rate);
      onChange();
    },
    /** What could not be loaded is loaded again. */
    retry: () => void seek(clockMs),
    close() {
      page.clearInterval(timer);
      seeks += 1;
      isSeeking = false;
      isPlaying = false;
      for (const lane of lanes) lane.close();
      lanes = [];
    },
  };
}

/** @typedef {ReturnType<typeof createPlayer>} Player */
