/**
 * Full screen and the small window, under the names that browsers give them.
 *
 *   const screen = createScreen({ page: document, stage, video, onChange });
 *   screen.canFill, screen.canFloat; screen.fill(); screen.float(); screen.isFull(); screen.isFloating(); screen.leave()
 *
 * An iPhone fills its screen with a video element only; Safari before 16.4 has its own names for the rest.
 *
 * @module
 */

/** @param {{ page: Document, stage: HTMLElement, video: HTMLVideoElement, onChange: () => void }} options */
export function createScreen({ page, stage, video, onChange }) {
  const document = /** @type {any} */ (page);
  const element = /** @type {any} */ (stage);
  const media = /** @type {any} */ (video);
  const apple = "picture-in-picture";

  const isFull = () => Boolean(document.fullscreenElement || document.webkitFullscreenElement);
  const isFloating = () => document.pictureInPictureElement === video || media.webkitPresentationMode === apple;
  const canFill = Boolean(element.requestFullscreen || element.webkitRequestFullscreen || media.webkitEnterFullscreen);
  const canFloatByApple = typeof media.webkitSupportsPresentationMode === "function" && media.webkitSupportsPresentationMode(apple);
  const canFloat = Boolean(document.pictureInPictureEnabled && media.requestPictureInPicture) || canFloatByApple;

  for (const name of ["fullscreenchange", "webkitfullscreenchange"]) page.addEventListener(name, onChange);
  for (const name of ["enterpictureinpicture", "leavepictureinpicture", "webkitpresentationmodechanged"]) video.addEventListener(name, onChange);

  /** What a browser refuses is no fault: nothing happens, and the button is still there. @param {() => any} act */
  async function attempt(act) {
    try {
      await act();
    } catch {
      onChange();
    }
  }

  function leaveFull() {
    return document.exitFullscreen ? document.exitFullscreen() : document.webkitExitFullscreen();
  }

  function leaveFloat() {
    return document.exitPictureInPicture ? document.exitPictureInPicture() : media.webkitSetPresentationMode("inline");
  }

  return {
    canFill,
    canFloat,
    isFull,
    isFloating,
    fill: () =>
      attempt(() => {
        if (isFull()) return leaveFull();
        if (element.requestFullscreen) return element.requestFullscreen();
        return element.webkitRequestFullscreen ? element.webkitRequestFullscreen() : media.webkitEnterFullscreen();
      }),
    float: () =>
      attempt(() => {
        if (isFloating()) return leaveFloat();
        return media.requestPictureInPicture ? media.requestPictureInPicture() : media.webkitSetPresentationMode(apple);
      }),
    async leave() {
      if (isFloating()) await attempt(leaveFloat);
      if (isFull()) await attempt(leaveFull);
    },
  };
}
