/**
 * One session on the screen: shows any wall time of it, plays on over gaps and into the next reel.
 *
 *   const lane = createLane({ page: window, videos: [a, b], timeline, onChange });
 *   await lane.seek(wallMs)     to the footage there, or behind the gap; "there", "failed", "superseded", "nothing"
 *   lane.play();  lane.pause();  lane.setRate(2);  lane.step(1)
 *   lane.update(timeline)       what has been recorded meanwhile: it goes on at the same wall time
 *   lane.shownMs()              wall time of what it shows; while it seeks, of what it was asked for
 *   lane.state()                "loading" | "ready" | "slow" | "failed" | "unsupported" | "ended" | "nothing"
 *
 * @module
 */

import { inability } from "./ability.js";
import { createReelPair } from "./reel-pair.js";
import { createWallMap } from "./wall-map.js";

/** The next reel is loaded when this much of the present one is left, at the speed that is chosen. */
const PREPARE_MS = 20_000;
/** `HTMLMediaElement.HAVE_FUTURE_DATA` */
const HAVE_FUTURE_DATA = 3;

/** Does what was loaded show the same at each media time that it has? Pure. @param {import("./timeline.js").Reel} loaded @param {import("./timeline.js").Reel} now */
export function isBeginningOf(loaded, now) {
  if (loaded.url === now.url) return true;
  if (loaded.mime !== now.mime || loaded.pieces.length > now.pieces.length) return false;
  const last = loaded.pieces.length - 1;
  return loaded.pieces.every(({ mediaMs, wallMs, lengthMs }, index) => {
    const of = now.pieces[index];
    return of.mediaMs === mediaMs && of.wallMs === wallMs && (index === last ? of.lengthMs >= lengthMs : of.lengthMs === lengthMs);
  });
}

/** @typedef {"loading" | "ready" | "slow" | "failed" | "unsupported" | "ended" | "nothing"} LaneState */
/** @typedef {import("./timeline.js").Timeline} Timeline */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {[HTMLVideoElement, HTMLVideoElement]} options.videos
 * @param {Timeline} options.timeline
 * @param {() => void} options.onChange
 * @param {() => Promise<void>} options.onStale what was loaded cannot be had any more: the timeline is asked for, and told by `update`
 */
export function createLane({ page, videos, timeline: first, onChange, onStale }) {
  let timeline = first;
  let map = createWallMap(timeline);
  /** @type {LaneState} */
  let state = "loading";
  /** @type {{ codecs: string[] } | null} */
  let lacking = null;
  /** Until it has been reached, nobody else says where this lane is. @type {number | null} */
  let wantedMs = null;
  let isMeantToPlay = false;
  let rate = 1;
  let turn = 0;

  const pair = createReelPair({
    page,
    videos,
    onSlow: () => set("slow"),
    onEvent(name, video) {
      if (name === "ended") reelEnded();
      else if (name === "error" && wantedMs === null && video.getAttribute("src")) void recover();
      else if (name === "timeupdate") prepare();
      onChange();
    },
  });

  /** @param {LaneState} next */
  function set(next) {
    if (state === next) return;
    state = next;
    onChange();
  }

  /** @param {number} number */
  const reelOf = (number) => timeline.reels.find(({ reel }) => reel === number) || null;

  function shownMs() {
    if (wantedMs !== null) return wantedMs;
    const source = pair.source();
    return source === null ? null : map.wallOf(source.reel, pair.video().currentTime * 1000);
  }

  /** The reel in which footage goes on behind this one. */
  function nextReel() {
    const source = pair.source();
    const reel = source && reelOf(source.reel);
    const last = reel && reel.pieces[reel.pieces.length - 1];
    const place = last ? map.place(last.wallMs + last.lengthMs) : null;
    return place && reel && place.reel !== reel.reel ? reelOf(place.reel) : null;
  }

  function prepare() {
    const source = pair.source();
    const reel = source && reelOf(source.reel);
    if (!reel) return;
    const leftMs = reel.durationMs - pair.video().currentTime * 1000;
    if (leftMs > PREPARE_MS * Math.max(1, rate)) return;
    const next = nextReel();
    if (next && canShow(next) === null) pair.prepare(next);
  }

  /** @param {import("./timeline.js").Reel} reel */
  const canShow = (reel) => inability(reel, (mime) => videos[0].canPlayType(mime));

  function reelEnded() {
    const source = pair.source();
    const reel = source && reelOf(source.reel);
    const at = shownMs();
    // It has grown since it was loaded, and is another file now.
    if (source && reel && at !== null && reel.url !== source.url && map.place(at + 1) !== null) {
      void seek(at + 1);
      return;
    }
    const next = nextReel();
    if (!next) {
      // What has been recorded meanwhile may follow.
      if (isMeantToPlay) set("ended");
      return;
    }
    const begins = next.pieces.length > 0 ? next.pieces[0].wallMs : null;
    if (begins === null) return;
    if (canShow(next) === null && pair.swap(next)) {
      apply();
      pair.prepare(null);
    } else void seek(begins);
  }

  function apply() {
    const video = pair.video();
    video.playbackRate = rate;
    if (isMeantToPlay && state === "ready" && wantedMs === null) {
      if (video.paused && !video.ended) {
        // A browser that lets nothing sound by itself may show it.
        video.play().catch((error) => {
          if (error && error.name === "NotAllowedError" && !video.muted) {
            video.muted = true;
            video.play().catch(() => undefined);
          }
        });
      }
    } else if (!video.paused) video.pause();
  }

  async function recover() {
    const at = shownMs();
    if (at !== null) await seek(at);
  }

  /** @param {number} wallMs @param {boolean} [isAgain] @returns {Promise<"there" | "failed" | "superseded" | "nothing">} */
  async function seek(wallMs, isAgain = false) {
    turn += 1;
    const mine = turn;
    const told = timeline;
    const place = map.place(wallMs) || map.placeBefore(wallMs);
    const reel = place && reelOf(place.reel);
    if (!place || !reel) {
      wantedMs = null;
      set("nothing");
      return "nothing";
    }
    wantedMs = place.wallMs;
    lacking = canShow(reel);
    if (lacking) {
      pair.close();
      set("unsupported");
      return "failed";
    }
    set("loading");
    pair.video().pause();
    const loaded = pair.source();
    // A file that has only grown is not loaded anew for what it had already.
    const source = loaded && loaded.reel === reel.reel && isBeginningOf(loaded, reel) && place.mediaMs < loaded.durationMs ? loaded : reel;
    const outcome = await pair.show(source, place.mediaMs / 1000);
    if (mine !== turn || outcome === "superseded") return "superseded";
    if (outcome === "failed" && !isAgain) {
      await onStale();
      if (mine !== turn) return "superseded";
      if (timeline !== told) return seek(wallMs, true);
    }
    if (outcome === "failed") {
      set("failed");
      return "failed";
    }
    wantedMs = null;
    set("ready");
    apply();
    prepare();
    return "there";
  }

  return {
    seek,
    shownMs,
    state: () => state,
    lacking: () => lacking,
    map: () => map,
    timeline: () => timeline,
    video: () => pair.video(),
    /** It shows what it was told to, and could go on. */
    isReady: () => state === "ready" && wantedMs === null && !pair.isSeeking(),
    isBuffering: () => state === "ready" && isMeantToPlay && pair.video().readyState < HAVE_FUTURE_DATA && !pair.video().ended,
    play() {
      isMeantToPlay = true;
      if (state === "ended") set("ready");
      apply();
    },
    pause() {
      isMeantToPlay = false;
      apply();
    },
    /** @param {number} next */
    setRate(next) {
      rate = next;
      const video = pair.video();
      if (Math.abs(video.playbackRate - rate) > 0.001) video.playbackRate = rate;
    },
    /** @param {boolean} isMuted */
    setMuted(isMuted) {
      pair.both((video) => {
        video.muted = isMuted;
      });
    },
    /** @param {1 | -1} by */
    async step(by) {
      const source = pair.source();
      if (source === null || state !== "ready") return;
      const seconds = pair.frames().target(by);
      const reel = reelOf(source.reel);
      // Over the end of a reel into the next one, and over its beginning into the one before.
      if (reel && seconds * 1000 >= source.durationMs) {
        const at = reel.durationMs > seconds * 1000 ? map.wallOf(reel.reel, seconds * 1000) : null;
        if (at !== null) {
          await seek(at);
          return;
        }
        const next = nextReel();
        if (next && next.pieces.length > 0) await seek(next.pieces[0].wallMs);
        return;
      }
      if (reel && by < 0 && pair.video().currentTime < 0.02) {
        const before = reel.pieces.length > 0 ? map.placeBefore(reel.pieces[0].wallMs - 1) : null;
        if (before) await seek(before.wallMs);
        return;
      }
      turn += 1;
      const mine = turn;
      const outcome = await pair.show(source, seconds);
      if (mine === turn && outcome === "failed") set("failed");
    },
    /** What has been recorded meanwhile. @param {Timeline} next */
    update(next) {
      const atMs = shownMs();
      timeline = next;
      map = createWallMap(next);
      const source = pair.source();
      const reel = source && reelOf(source.reel);
      // What came later from the device lies before it now, or another file took its place.
      const hasMoved = source !== null && !(reel && isBeginningOf(source, reel));
      if (hasMoved && wantedMs === null && atMs !== null) void seek(atMs);
      if (state === "ended" || state === "nothing") prepare();
    },
    close() {
      turn += 1;
      pair.close();
    },
  };
}

/** @typedef {ReturnType<typeof createLane>} SessionLane */
