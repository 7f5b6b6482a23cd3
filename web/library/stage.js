/**
 * The pictures of the sessions that are played: for each its two videos, its name where there are several, and what is
 * to be said in their place.
 *
 *   const stage = createStage({ root, strings, spoken, onRetry });
 *   const shots = stage.open(timelines);       [{ videos }]
 *   stage.render(lanes, clockMs, skipped);
 *   stage.close();
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
import { icon } from "../lib/icon.js";
import { isolated } from "../lib/plain-text.js";
import { paths } from "./requests.js";

/** What is there at once needs no sentence. */
const PATIENCE_MS = 400;

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {() => void} options.onRetry
 */
export function createStage({ root, strings, spoken, onRetry }) {
  const { t } = strings;
  /** @typedef {{ element: HTMLElement, videos: [HTMLVideoElement, HTMLVideoElement], over: HTMLElement, text: HTMLElement, acts: HTMLElement, again: HTMLButtonElement, download: HTMLAnchorElement, sinceMs: number | null }} Shot */
  /** @type {Shot[]} */
  let shots = [];

  /** @param {import("./timeline.js").Timeline} timeline @param {boolean} isNamed @returns {Shot} */
  function createShot(timeline, isNamed) {
    const element = make("div", "shot");
    const name = isolated(timeline.title || timeline.name);
    const [first, second] = [0, 1].map(() => {
      const video = make("video", "shot-video");
      video.playsInline = true;
      video.preload = "auto";
      video.muted = true;
      video.setAttribute("aria-label", t("library.picture", { name }));
      // The page has its own; a second set would take the time from it.
      video.disablePictureInPicture = false;
      return video;
    });
    first.classList.add("is-shown");
    second.setAttribute("aria-hidden", "true");
    const over = make("div", "over shot-over");
    over.setAttribute("role", "status");
    over.hidden = true;
    const text = make("p");
    const acts = make("p", "shot-acts");
    const again = make("button", "button quiet");
    again.type = "button";
    again.textContent = t("library.again");
    again.addEventListener("click", onRetry);
    const download = make("a", "button primary");
    const words = make("span");
    words.textContent = t("library.download");
    download.append(icon("download"), words);
    download.href = paths.part(timeline.session, timeline.startMs, timeline.endMs);
    download.setAttribute("download", "");
    acts.append(again, download);
    over.append(text, acts);
    element.append(first, second, over);
    if (isNamed) {
      const label = make("p", "shot-name small");
      label.textContent = name;
      element.append(label);
    }
    return { element, videos: [first, second], over, text, acts, again, download, sinceMs: null };
  }

  /** @param {import("./lane.js").SessionLane} lane @param {number} clockMs @param {Shot} shot @param {boolean} isAlone */
  function sentence(lane, clockMs, shot, isAlone) {
    const state = lane.state();
    const lacking = lane.lacking();
    if (state === "unsupported") return lacking && lacking.codecs.length > 0 ? t("library.state.unsupported", { codecs: lacking.codecs.join(", ") }) : t("library.state.unsupported_all");
    if (state === "failed") return t("library.state.failed");
    if (state === "nothing") return t("library.state.no_footage");
    const what = lane.map().whatAt(clockMs);
    if (!isAlone && what.kind !== "footage") return spoken.kind(what);
    if (state === "slow") return t("library.state.slow");
    const isWaiting = state === "loading" || lane.isBuffering();
    if (!isWaiting) {
      shot.sinceMs = null;
      const reel = lane.timeline().reels.find(({ hasVideo }) => hasVideo);
      return reel ? "" : t("library.state.sound_only");
    }
    const nowMs = performance.now();
    if (shot.sinceMs === null) shot.sinceMs = nowMs;
    return nowMs - shot.sinceMs > PATIENCE_MS ? t(state === "loading" ? "library.state.seeking" : "library.state.loading") : "";
  }

  return {
    /** @param {import("./timeline.js").Timeline[]} timelines */
    open(timelines) {
      shots = timelines.map((timeline) => createShot(timeline, timelines.length > 1));
      root.dataset.count = String(shots.length);
      root.replaceChildren(...shots.map(({ element }) => element));
      return shots.map(({ videos }) => videos);
    },
    /** @param {import("./lane.js").SessionLane[]} lanes @param {number} clockMs @param {import("./wall-map.js").What | null} skipped */
    render(lanes, clockMs, skipped) {
      lanes.forEach((lane, index) => {
        const shot = shots[index];
        if (!shot) return;
        const isAlone = lanes.length === 1;
        const said = sentence(lane, clockMs, shot, isAlone);
        const gone = isAlone && said === "" && skipped ? t("library.skipped", { reason: spoken.reason(skipped.reason, skipped.detail), span: spoken.span(skipped.endMs - skipped.startMs) }) : "";
        const text = said || gone;
        const state = lane.state();
        write(shot.text, text);
        shot.over.hidden = text === "";
        shot.over.classList.toggle("is-low", said === "");
        shot.again.hidden = state !== "failed";
        shot.download.hidden = state !== "unsupported" && state !== "failed";
        shot.acts.hidden = shot.again.hidden && shot.download.hidden;
        shot.element.classList.toggle("is-away", !isAlone && lane.map().whatAt(clockMs).kind !== "footage");
      });
    },
    close() {
      shots = [];
      root.replaceChildren();
    },
  };
}
