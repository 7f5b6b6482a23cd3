/**
 * One stream large: picture, sound, numbers.
 *
 *   const large = createLarge({ page: window, address, clock, strings, words });
 *   large.open("front-door");  large.close();
 *   large.render(entry, { behindMs, isKnown })     what the list says; null where it does not name the stream
 *   large.isWanted()     somebody listens to it, or has it in a small window
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { createPlayer } from "./player.js";
import { createScreen } from "./screen.js";
import { soundSwitch } from "./sound-switch.js";
import { createStill } from "./still.js";

/** @typedef {import("./streams.js").Stream} Stream */
/** @typedef {{ behindMs: number, isKnown: boolean, isListed: boolean }} News */

/** Of single pictures: as many as the server gives. */
const FPS = 10;
/** Until a small window that closes has paused its video. */
const CLOSED_MS = 200;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {readonly import("./choice.js").Kind[]} options.kinds the paths that may be taken
 * @param {import("./address.js").Address} options.address
 * @param {import("./address.js").Clock} options.clock
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createWords>} options.words
 */
export function createLarge({ page, kinds, address, clock, strings, words }) {
  const { t } = strings;
  const root = byId("large");
  const video = /** @type {HTMLVideoElement} */ (byId("player"));
  const sound = /** @type {HTMLButtonElement} */ (byId("sound"));
  const screen = createScreen({ page: document, stage: root, video, onChange: draw });
  let id = "";
  /** Also of one that has stopped since. */
  let name = "";
  let spoken = "";
  /** @type {Stream | null} */
  let entry = null;
  /** @type {News} */
  let news = { behindMs: 0, isKnown: false, isListed: false };
  const still = createStill({ page, canvas: /** @type {HTMLCanvasElement} */ (byId("still")), video });
  const player = createPlayer({ page, video, still, stream: () => id, address, clock, kinds, fps: FPS, onChange: draw });

  byId("full-screen").hidden = !screen.canFill;
  byId("small-window").addEventListener("click", () => void screen.float());
  byId("full-screen").addEventListener("click", () => void screen.fill());
  byId("to-live").addEventListener("click", () => player.toLive());
  sound.addEventListener("click", () => player.toggleSound());
  video.addEventListener("volumechange", drawSound);
  // Closing the small window pauses the video.
  video.addEventListener("leavepictureinpicture", () => page.setTimeout(player.wake, CLOSED_MS));

  function drawSound() {
    const isSilent = (entry !== null && entry.mime !== null && !entry.hasSound) || player.look().kind === "jpeg";
    const state = soundSwitch({ hasSound: !isSilent, isMuted: video.muted });
    sound.disabled = state === "none";
    sound.dataset.state = state;
    const icon = `/web/icons.svg#${state === "on" ? "speaker" : "no-speaker"}`;
    // Set anew, it would be fetched and drawn anew.
    if (byId("sound-icon").getAttribute("href") !== icon) byId("sound-icon").setAttribute("href", icon);
    write(byId("sound-text"), { none: t("live.sound.none"), off: t("live.sound.turn_on"), on: t("live.sound.turn_off") }[state]);
  }

  function drawNumbers() {
    const look = player.look();
    const latency = byId("latency");
    // What was measured before the camera went is not so now.
    const isAway = entry !== null && entry.state === "away";
    const isShown = !isAway && (look.state === "playing" || look.state === "waiting" || look.state === "paused");
    const latencyMs = isShown ? look.latencyMs : null;
    write(byId("latency"), latencyMs !== null ? words.latency(latencyMs) : "–");
    if (latencyMs !== null) latency.dataset.ms = String(Math.round(latencyMs));
    else delete latency.dataset.ms;
    const bitrate = look.bitrateBps !== null ? look.bitrateBps : entry ? entry.bitrateBps : null;
    write(byId("bitrate"), bitrate !== null && bitrate > 0 && isShown ? words.bitrate(bitrate) : "–");
    // What is shown counts, not what is announced: the picture may have been turned since.
    const size = video.videoWidth > 0 ? { width: video.videoWidth, height: video.videoHeight } : entry && entry.size;
    write(byId("size"), size ? `${size.width} × ${size.height}` : "–");
    byId("to-live").hidden = !look.canJump;
    write(byId("path"), words.path(look));
    const why = words.why(entry && !entry.hasSound ? { ...look, missingSound: null } : look);
    write(byId("why"), why);
    byId("why").hidden = why === "";
  }

  function draw() {
    if (id === "") return;
    const look = player.look();
    const isGone = news.isListed && entry === null;
    const said = entry ? words.stream({ state: entry.state, behindMs: news.behindMs }) : null;
    if (entry) name = entry.name;
    write(byId("large-name"), name);
    write(byId("large-state"), news.isKnown ? (said ? said.text : "") : t("live.state.unknown"));
    byId("large-light").className = `light ${said && news.isKnown ? said.tone : ""}`;
    byId("large-light").hidden = !said;
    root.dataset.state = entry ? entry.state : "gone";
    video.dataset.state = look.state;
    root.dataset.path = look.kind || "none";
    // Single pictures are not the element's.
    byId("small-window").hidden = !screen.canFloat || look.kind === "jpeg";
    const soundOnly = entry && !entry.hasPicture ? t("live.sound_only") : "";
    const above = isGone ? t("live.player.over") : words.player(look, news.isKnown && entry !== null && entry.state === "away") || soundOnly;
    write(byId("large-over"), above);
    byId("large-over").hidden = above === "";
    byId("full-screen").dataset.state = screen.isFull() ? "on" : "off";
    drawSound();
    drawNumbers();
    // Only a change of kind is said aloud: the seconds would never stop.
    const kind = entry ? entry.state : "";
    if (spoken !== kind) {
      if (spoken !== "" && said) write(byId("announce"), said.text);
      spoken = kind;
    }
  }

  return {
    /** @param {string} stream @param {Stream | null} listed */
    open(stream, listed) {
      if (id !== "") player.stop();
      id = name = stream;
      entry = listed;
      spoken = "";
      // Each one begins without sound.
      video.muted = true;
      root.hidden = false;
      player.start(listed);
      draw();
    },
    close() {
      if (id === "") return;
      player.stop();
      void screen.leave();
      id = "";
      entry = null;
      root.hidden = true;
    },
    /** @param {Stream | null} listed @param {News} next */
    render(listed, next) {
      entry = listed;
      news = next;
      if (news.isListed) player.told(listed);
      draw();
    },
    /** @param {boolean} allowed */
    allow(allowed) {
      if (id === "") return;
      if (allowed) player.start(entry);
      else player.stop();
    },
    wake: () => player.wake(),
    isWanted: () => !video.muted || screen.isFloating(),
    isFull: screen.isFull,
    name: () => name,
  };
}
