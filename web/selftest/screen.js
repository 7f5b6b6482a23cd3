// The picture beside the steps: the camera while it is tested, then the file.

/**
 * @param {Document} page
 * @param {import("./verdict.js").Translate} t
 * @returns {import("./context.js").Screen}
 */
export function createScreen(page, t) {
  const stage = /** @type {HTMLElement} */ (page.getElementById("selftest-stage"));
  const video = /** @type {HTMLVideoElement} */ (page.getElementById("selftest-video"));
  const caption = /** @type {HTMLElement} */ (page.getElementById("selftest-countdown"));

  /** @param {string} text */
  const say = (text) => {
    caption.textContent = text;
    caption.hidden = text === "";
  };

  return {
    showCamera(stream) {
      stage.hidden = false;
      stage.className = "selftest-stage";
      video.muted = true;
      video.srcObject = stream;
      video.setAttribute("aria-label", t("selftest.preview"));
      // The picture is for the eye alone: a browser that will not play it by
      // itself still records it.
      video.play()?.catch(() => undefined);
    },
    showCountdown(secondsLeft) {
      stage.classList.toggle("recording", secondsLeft > 0);
      say(secondsLeft > 0 ? t("selftest.recording", { seconds: secondsLeft }) : "");
    },
    showPlayer() {
      stage.hidden = false;
      stage.className = "selftest-stage";
      video.pause();
      video.srcObject = null;
      video.setAttribute("aria-label", t("selftest.playing"));
      say(t("selftest.playing"));
      return video;
    },
    showNothing() {
      stage.hidden = true;
      stage.className = "selftest-stage";
      say("");
      video.pause();
      video.srcObject = null;
      video.removeAttribute("src");
      video.load();
    },
  };
}
