/**
 * The canvas above a video: holds the old picture while the element changes its source, and shows single pictures.
 *
 *   const still = createStill({ page: window, canvas, video });
 *   still.keep()          the video's picture stays to be seen
 *   still.show(image)     a picture of its own
 *   still.lift()          as soon as the video has painted one
 *   still.clear()
 *
 * The video element stays the same all the time: its sound, its small window and its full screen do.
 *
 * @module
 */

/** A picture that stays for longer than this above a video that plays would be a lie. */
const LONGEST_LIFT_MS = 1500;

/** @param {{ page: Window & typeof globalThis, canvas: HTMLCanvasElement, video: HTMLVideoElement }} options */
export function createStill({ page, canvas, video }) {
  let isShown = false;
  let isLifting = false;
  /** What was asked for before the last change is not done. */
  let turn = 0;

  /** @param {CanvasImageSource} source @param {number} width @param {number} height */
  function draw(source, width, height) {
    const context = canvas.getContext("2d");
    if (!context || width === 0 || height === 0) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    try {
      context.drawImage(source, 0, 0, width, height);
    } catch {
      // A decoder that is gone has no picture to give.
      return;
    }
    turn += 1;
    isLifting = false;
    isShown = true;
    canvas.hidden = false;
  }

  function clear() {
    turn += 1;
    isShown = isLifting = false;
    canvas.hidden = true;
  }

  return {
    keep() {
      if (!isShown && video.readyState >= 2) draw(video, video.videoWidth, video.videoHeight);
      // What was about to go stays.
      turn += 1;
      isLifting = false;
    },
    /** @param {HTMLImageElement} image */
    show: (image) => draw(image, image.naturalWidth, image.naturalHeight),
    lift() {
      if (!isShown || isLifting) return;
      isLifting = true;
      const mine = turn;
      const done = () => {
        if (mine === turn) clear();
      };
      const painted = /** @type {any} */ (video).requestVideoFrameCallback;
      if (typeof painted === "function") painted.call(video, done);
      else page.requestAnimationFrame(() => page.requestAnimationFrame(done));
      page.setTimeout(done, LONGEST_LIFT_MS);
    },
    clear,
    isShown: () => isShown,
  };
}
