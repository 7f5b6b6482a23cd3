/**
 * The player in other pages' frames: one stream, its name and state where they matter, and nothing else.
 *
 * @module
 */

import { whenBack } from "./lib/back.js";
import { byId, write } from "./lib/elements.js";
import { bearing, createAddress, tokenOf, withToken } from "./live/address.js";
import { KINDS } from "./live/choice.js";
import { createLiveControl } from "./live/control.js";
import { createPlayer } from "./live/player.js";
import { pathOf } from "./live/route.js";
import { createScreen } from "./live/screen.js";
import { createServerClock } from "./live/server-clock.js";
import { nameOfFetched, nameOfStream } from "./live/seen-name.js";
import { soundSwitch } from "./live/sound-switch.js";
import { createStill } from "./live/still.js";
import { heldUp } from "./live/streams.js";
import { createWords } from "./live/words.js";
import { parseDevices } from "./devices/devices.js";
import { controlAddress } from "./lib/control.js";
import { requestJson } from "./lib/request.js";
import { loadStrings } from "./lib/strings.js";
import { parseSources } from "./sources/sources.js";

const RENDER_MS = 500;
/** A frame that nobody looks at takes nothing from the server, unless somebody listens to it. */
const HIDDEN_MS = 30_000;
const FPS = 10;
/** Who has tapped or moved wants to see the controls for a moment. */
const AWAKE_MS = 4000;
/** While it does not get through it asks why, and no more often than this. */
const DOUBT_MS = 10_000;

/** Of a link: it stays in this page and its address, and goes nowhere but to the server. */
const token = tokenOf(location.search);
/** The link has ended, or was taken back. */
const ENDED = 401;

/** @param {string} path */
const askOne = (path) => requestJson(path, { headers: bearing(token) });

/** The same by requests, which fail in time. */
async function ask() {
  const [streams, ...others] = await Promise.all([askOne("/api/streams"), ...["/api/devices", "/api/sources"].map((path) => askOne(path).catch(() => null))]);
  return [streams, ...others.filter((told) => told !== null)];
}

function start() {
  const strings = loadStrings(document);
  const { t } = strings;
  const root = byId("app");
  const stream = root.dataset.stream || "";
  const video = /** @type {HTMLVideoElement} */ (byId("player"));
  const sound = /** @type {HTMLButtonElement} */ (byId("sound"));
  const progress = () => performance.now();
  const clock = createServerClock({ progress });
  const words = createWords(strings);
  const insisted = pathOf(location.search);
  const still = createStill({ page: window, canvas: /** @type {HTMLCanvasElement} */ (byId("still")), video });
  const screen = createScreen({ page: document, stage: root, video, onChange: render });
  const player = createPlayer({
    page: window, video, still, stream: () => stream, address: createAddress(location, token), clock,
    kinds: insisted ? [insisted] : KINDS, fps: FPS, onChange: render,
  });
  const control = createLiveControl({ page: window, url: withToken(controlAddress(location), token), ask, clock, progress, onChange: render, onMessage: learn });
  let hiddenSinceMs = 0;
  let awakeUntilMs = 0;
  let spoken = "";
  /** Also of one that has stopped since. @type {string | null} */
  let name = null;
  /** @type {string | null} */
  let ofDevice = null;
  /** @type {string | null} */
  let ofSource = null;
  /** Whether the server knows of no such device or source; null before it has said. @type {boolean | null} */
  let isUnseen = null;
  let hasEnded = false;
  let doubtedMs = -Infinity;
  let areDevicesKnown = false;
  let areSourcesKnown = false;

  /** @param {import("./lib/control.js").Message} message */
  function learn(message) {
    const [devices, sources] = [parseDevices(message), parseSources(message)];
    if (!devices && !sources) return;
    if (devices) ofDevice = nameOfStream(devices.devices, stream);
    if (sources) ofSource = nameOfFetched(sources.sources, stream);
    const seen = ofSource || ofDevice;
    if (devices) areDevicesKnown = true;
    if (sources) areSourcesKnown = true;
    isUnseen = areDevicesKnown && areSourcesKnown ? seen === null : null;
    if (seen !== null) name = seen;
    render();
  }

  /** A socket that is refused does not say why. */
  async function doubt() {
    if (progress() - doubtedMs < DOUBT_MS) return;
    doubtedMs = progress();
    hasEnded = await askOne("/api/streams").then(() => false, ({ status }) => status === ENDED);
    if (hasEnded) player.stop();
    render();
  }

  const entryNow = () => (control.state().streams || []).find((entry) => entry.stream === stream) || null;

  function drawSound() {
    const entry = entryNow();
    const isSilent = (entry !== null && entry.mime !== null && !entry.hasSound) || player.look().kind === "jpeg";
    const state = soundSwitch({ hasSound: !isSilent, isMuted: video.muted });
    const text = { none: t("live.sound.none"), off: t("live.sound.turn_on"), on: t("live.sound.turn_off") }[state];
    sound.disabled = state === "none";
    sound.dataset.state = state;
    sound.title = text;
    sound.setAttribute("aria-label", text);
    const icon = `/web/icons.svg#${state === "on" ? "speaker" : "no-speaker"}`;
    // Set anew, it would be fetched and drawn anew.
    if (byId("sound-icon").getAttribute("href") !== icon) byId("sound-icon").setAttribute("href", icon);
  }

  function render() {
    const { link, streams, sinceMs } = control.state();
    const isKnown = link === "up";
    if (link === "lost") void doubt();
    if (isKnown) hasEnded = false;
    const entry = entryNow();
    const hiddenMs = document.visibilityState === "hidden" ? progress() - hiddenSinceMs : 0;
    if (isKnown && streams !== null) player.told(entry);
    if (!hasEnded && (hiddenMs <= HIDDEN_MS || !video.muted || screen.isFloating())) player.start(entry);
    else player.stop();
    const look = player.look();
    const isGone = isKnown && streams !== null && entry === null;
    const said = entry ? words.stream({ state: entry.state, behindMs: heldUp(entry, sinceMs) }) : null;
    const isWell = said !== null && isKnown && said.tone === "good" && (look.state === "playing" || look.state === "waiting");
    root.dataset.state = entry ? (isKnown ? entry.state : "unknown") : "gone";
    root.dataset.player = look.state;
    root.dataset.path = look.kind || "none";
    // Over a picture that is as it should be there is nothing but the picture.
    root.dataset.bar = isWell && progress() > awakeUntilMs ? "rest" : "shown";
    if (entry) name = entry.name;
    const called = name === null ? stream : name;
    write(byId("name"), called);
    write(byId("state"), isKnown ? (said ? said.text : "") : t("live.state.unknown"));
    byId("light").className = `light ${said && isKnown ? said.tone : ""}`;
    byId("light").hidden = !said;
    const soundOnly = entry && !entry.hasPicture ? t("live.sound_only") : "";
    const playing = look.state === "paused" ? t("live.tap") : words.player(look, isKnown && entry !== null && entry.state === "away") || soundOnly;
    const waiting = t(isUnseen && name === null ? "embed.unseen" : "embed.waiting");
    const above = hasEnded ? t(token === "" ? "embed.signed_out" : "embed.ended") : isGone ? waiting : playing;
    write(byId("over"), above);
    byId("over").hidden = above === "";
    byId("full-screen").hidden = !screen.canFill || document.fullscreenEnabled === false;
    drawSound();
    document.title = `${called} · localcamera`;
    const kind = isGone ? waiting : said ? said.text.replace(/\d.*/, "") : "";
    if (spoken !== kind) {
      if (spoken !== "") write(byId("announce"), said ? said.text : above);
      spoken = kind;
    }
  }

  function awake() {
    awakeUntilMs = progress() + AWAKE_MS;
    render();
  }

  function toggleSound() {
    if (sound.disabled) return;
    player.toggleSound();
    awake();
  }

  sound.addEventListener("click", toggleSound);
  byId("tap").addEventListener("click", () => {
    // The first tap is for sound; where it is on already, one shows the controls.
    if (video.paused && player.look().kind !== "jpeg") player.toLive();
    else if (video.muted) toggleSound();
    awake();
  });
  byId("full-screen").addEventListener("click", () => void screen.fill());
  root.addEventListener("pointermove", awake);
  root.addEventListener("focusin", awake);
  document.addEventListener("keydown", awake);
  video.addEventListener("volumechange", drawSound);

  function retryNow() {
    player.wake();
  }
  document.addEventListener("visibilitychange", () => {
    hiddenSinceMs = progress();
    if (document.visibilityState === "visible") retryNow();
    render();
  });
  whenBack(window, retryNow);

  // Whoever has a link for one camera may not see the others.
  byId("open").hidden = token !== "";
  document.body.dataset.state = "embed";
  root.hidden = false;
  video.muted = true;
  player.start(null);
  control.start();
  render();
  setInterval(render, RENDER_MS);
}

start();
