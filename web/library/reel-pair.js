/**
 * Two video elements that take turns: one shows a reel, the other loads the next, and they are swapped where it ends.
 *
 *   const pair = createReelPair({ page: window, videos: [a, b], onSlow, onChange });
 *   await pair.show(reel, seconds)      "there", "failed", "superseded"
 *   pair.prepare(next)                  loaded beside, at its beginning
 *   pair.swap()                         whether the next one was ready and is shown now
 *   pair.video()   pair.frames()   pair.seeking()
 *
 * @module
 */

import { createFrames } from "./frame-step.js";
import { createSeeking } from "./seeking.js";

/** @typedef {import("./timeline.js").Reel} Source */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {[HTMLVideoElement, HTMLVideoElement]} options.videos
 * @param {() => void} options.onSlow
 * @param {(name: string, video: HTMLVideoElement) => void} options.onEvent of the one that is shown
 */
export function createReelPair({ page, videos, onSlow, onEvent }) {
  const decks = videos.map((video) => ({
    video,
    /** @type {Source | null} */
    source: null,
    frames: createFrames(video),
    seeking: createSeeking({ video, timers: page, onSlow: () => (decks[shown].video === video ? onSlow() : undefined) }),
  }));
  let shown = 0;

  for (const { video } of decks) {
    for (const name of ["ended", "error", "waiting", "playing", "pause", "play", "timeupdate", "canplay"]) {
      video.addEventListener(name, () => {
        if (decks[shown].video === video) onEvent(name, video);
      });
    }
  }

  function expose() {
    decks.forEach(({ video }, index) => {
      video.classList.toggle("is-shown", index === shown);
      if (index !== shown) {
        video.pause();
        video.setAttribute("aria-hidden", "true");
      } else video.removeAttribute("aria-hidden");
    });
  }

  /** @param {typeof decks[number]} deck @param {Source} source */
  function load(deck, source) {
    if (deck.source && deck.source.url === source.url) return;
    deck.seeking.drop();
    deck.source = source;
    deck.video.preload = "auto";
    deck.video.src = source.url;
    deck.frames.watch();
  }

  /** @param {typeof decks[number]} deck */
  function unload(deck) {
    deck.seeking.drop();
    if (deck.source === null) return;
    deck.source = null;
    deck.video.removeAttribute("src");
    // Lets go of the connection as well.
    deck.video.load();
  }

  /** What the person has set goes along. */
  function carry() {
    const from = decks[1 - shown].video;
    const to = decks[shown].video;
    to.muted = from.muted;
    to.volume = from.volume;
    to.playbackRate = from.playbackRate;
  }

  return {
    video: () => decks[shown].video,
    frames: () => decks[shown].frames,
    isSeeking: () => decks[shown].seeking.isUnderWay(),
    source: () => decks[shown].source,
    /** @param {Source} source @param {number} seconds */
    show(source, seconds) {
      const beside = decks[1 - shown];
      const hasIt = (/** @type {typeof decks[number]} */ { source: one }) => one !== null && one.url === source.url;
      if (!hasIt(decks[shown]) && hasIt(beside)) {
        decks[shown].seeking.drop();
        shown = 1 - shown;
        carry();
        expose();
      }
      load(decks[shown], source);
      return decks[shown].seeking.to(seconds);
    },
    /** @param {Source | null} source */
    prepare(source) {
      const beside = decks[1 - shown];
      if (source === null) unload(beside);
      else load(beside, source);
    },
    /** @param {Source} source @returns {boolean} */
    swap(source) {
      const beside = decks[1 - shown];
      if (!beside.source || beside.source.url !== source.url || beside.video.error) return false;
      shown = 1 - shown;
      carry();
      if (beside.video.currentTime > 0.05) beside.video.currentTime = 0;
      expose();
      return true;
    },
    /** @param {(video: HTMLVideoElement) => void} work */
    both(work) {
      for (const { video } of decks) work(video);
    },
    close() {
      for (const deck of decks) unload(deck);
      shown = 0;
      expose();
    },
  };
}
