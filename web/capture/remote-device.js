/**
 * What this device tells the server about itself, for others to see and to control. Pure.
 *
 *   const message = describeDevice(about);      // {"type":"device",…} of docs/control.md
 *   const why = obstacle(about);                // why no recording can begin, as a code, or null
 *   qualityId({ height: 720, quality: "standard" })    // "720p,standard", as `?quality=` takes it
 *
 * @module
 */

import { HEIGHTS, QUALITIES } from "./settings.js";

/** @typedef {import("./studio.js").StudioState} StudioState */
/** @typedef {"tap" | "permission" | "no_camera" | "other_tab" | "hidden"} Why */

/** The bounds of the control protocol. */
const LIST = 16;
const TEXT_CHARACTERS = 200;
/** All lists together take at most 4 KiB, whatever the labels are written in. */
const LABEL_CHARACTERS = 40;
/** A camera that the browser may use opens sooner; after this it is asking the person. */
const OPENS_MS = 3000;

/** Refusals that come from a browser that wants to be touched or asked first. */
const PERMISSION_FAULTS = ["error.permission", "error.permission_system", "error.permission_dismissed", "error.permission_policy", "error.page_inactive"];
/** The same words are said of a page that nobody has touched, and of a person who has refused. */
const TAP_FAULTS = ["error.permission", "error.permission_dismissed", "error.page_inactive"];

/**
 * @typedef {object} Situation
 * @property {StudioState} state
 * @property {boolean} hidden the page is in the background
 * @property {boolean} otherTab another tab of this browser records
 * @property {boolean} touched the person has touched the page
 * @property {boolean} denied the browser says that it may not use the camera
 * @property {number} openingMs for how long the camera has been opening, 0 while it is not
 */

/** @param {string} text @param {number} [characters] */
const cut = (text, characters = TEXT_CHARACTERS) => Array.from(text).slice(0, characters).join("");

/** @param {Situation} situation @returns {Why | null} */
export function obstacle({ state, hidden, otherTab, touched, denied, openingMs }) {
  if (state.inSession) return null;
  if (otherTab) return "other_tab";
  // A browser may stop a hidden page at any moment, and with it the recording.
  if (hidden) return "hidden";
  if (state.opened) return null;
  if (openingMs > OPENS_MS) return "permission";
  if (!state.fault) return null;
  const { key } = state.fault;
  if (!touched && !denied && TAP_FAULTS.includes(key)) return "tap";
  return PERMISSION_FAULTS.includes(key) ? "permission" : "no_camera";
}

/** @param {StudioState} state @param {Why | null} why */
function stateOf(state, why) {
  if (state.inSession) {
    return state.name === "starting" && !state.cameraLost && !state.full ? "starting" : "recording";
  }
  if (state.phase === "stopping") return "stopping";
  return why ? "blocked" : "idle";
}

/** @param {Pick<import("./settings.js").Settings, "height" | "quality">} settings */
export const qualityId = ({ height, quality }) => `${height}p,${quality}`;

/** @param {StudioState} state */
export function cameraId({ opened, settings }) {
  return (opened && opened.video.getSettings().deviceId) || settings.cameraId;
}

/** Those that a command can name: before the permission none has an id. @param {StudioState} state */
export const namedCameras = ({ devices }) => devices.cameras.filter(({ id }) => id !== "").slice(0, LIST);

/**
 * @param {object} about
 * @param {Situation} about.situation
 * @param {import("./remote-mode.js").Mode} about.mode
 * @param {{ id: string, key: string, name: string }} about.device
 * @param {string} about.client
 * @param {(number: number) => string} about.numbered what a camera without a label is called
 */
export function describeDevice({ situation, mode, device, client, numbered }) {
  const { state } = situation;
  const why = obstacle(situation);
  const name = stateOf(state, why);
  const cameras = namedCameras(state).map(({ id, label }, index) => ({ id, label: cut(label || numbered(index + 1), LABEL_CHARACTERS) }));
  // What it is able to do; `control` says whether it is permitted.
  const can = ["start", "stop", "mark", "camera", "quality", "name"].filter((what) => {
    if (what === "start" || what === "quality") return state.types.length > 0;
    return what !== "camera" || cameras.length > 1;
  });
  return {
    type: "device",
    device: device.id,
    key: device.key,
    name: cut(device.name),
    client: cut(client),
    control: mode === "off" ? "none" : mode === "ask" ? "ask" : "allowed",
    can,
    state: name,
    session: state.inSession || name === "stopping" ? state.session : null,
    since_ms: state.inSession && state.facts ? Math.round(state.facts.startedMs) : null,
    // A recording that has lost its camera goes on, and says what it lacks.
    why: state.inSession && state.cameraLost ? "no_camera" : name === "blocked" ? why : null,
    camera: cameraId(state) || null,
    cameras,
    quality: qualityId(state.settings),
    qualities: HEIGHTS.flatMap((height) => QUALITIES.map((quality) => qualityId({ height, quality }))),
  };
}
