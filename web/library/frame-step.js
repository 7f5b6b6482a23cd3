/**
 * One picture forward or back. How long a picture lasts is learned from those that have been shown.
 *
 *   const frames = createFrames(video, window);
 *   frames.watch();                      while it plays: what it shows, and how far pictures are apart
 *   frames.shownS()                      media time of the picture on the screen, in seconds; null where the browser does not say
 *   frames.target(1)                     where to seek for the next one: the middle of it
 *
 * `currentTime` is where the clock is; the picture in force may be up to a frame older, or rounded.
 *
 * @module
 */

/** 25 a second, until more is known. */
const USUAL_S = 0.04;
const KEPT = 12;
/** More is a pause of the camera, not the distance of pictures. */
const MOST_S = 0.5;

/** How far pictures are apart, where that is known. Pure. @param {number[]} shown times in order of display */
export function distance(shown) {
  const steps = shown.slice(1).map((time, index) => time - shown[index]).filter((step) => step > 0.001 && step < MOST_S).sort((a, b) => a - b);
  // At higher speeds pictures are left out: the shortest distances are the true ones.
  return steps.length === 0 ? null : steps[Math.floor(steps.length / 4)];
}

/** @param {HTMLVideoElement} video */
export function createFrames(video) {
  /** @type {number[]} */
  let shown = [];
  /** @type {number | null} */
  let newest = null;
  let isWatching = false;
  const isAble = typeof video.requestVideoFrameCallback === "function";

  /** @param {DOMHighResTimeStamp} _ @param {{ mediaTime: number }} metadata */
  function take(_, { mediaTime }) {
    newest = mediaTime;
    shown.push(mediaTime);
    if (shown.length > KEPT) shown.shift();
    if (isWatching) video.requestVideoFrameCallback(take);
  }

  video.addEventListener("emptied", () => {
    shown = [];
    newest = null;
  });

  return {
    watch() {
      if (!isAble || isWatching) return;
      isWatching = true;
      video.requestVideoFrameCallback(take);
    },
    shownS: () => newest,
    /** @param {1 | -1} by */
    target(by) {
      const step = distance(shown) || USUAL_S;
      const at = newest !== null && Math.abs(newest - video.currentTime) < 2 * step ? newest : video.currentTime;
      // The middle of a picture is in it, however the browser rounds. Where pictures are further apart than is known yet, the
      // same one is still there, and the next step goes on from where this one has come to.
      return by > 0 ? Math.max(at + 1.5 * step, video.currentTime + 0.5 * step) : Math.max(0, Math.min(at - 0.5 * step, video.currentTime - 0.5 * step));
    },
  };
}

/** @typedef {ReturnType<typeof createFrames>} Frames */
