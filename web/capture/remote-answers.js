/**
 * What this device answers to a command, given what the person permits and what it is doing. Pure.
 *
 *   const order = readOrder(message, now);           // or null: not a command
 *   const answer = settled(order, situation, name)   // the answer that needs nobody and nothing, or null
 *   const leave = permission(order, standing)        // "act", "ask", or the answer that refuses
 *
 * The sentences go to other machines, whose language nobody here knows: they are in English, as the server's are, and
 * the codes beside them say the same. The codes are those of docs/control.md.
 *
 * @module
 */

import { cleanName } from "../lib/device.js";
import { oneLine } from "../lib/plain-text.js";
import { cameraId, namedCameras, obstacle, qualityId } from "./remote-device.js";
import { parseQuery } from "./settings.js";

/** @typedef {import("./remote-device.js").Situation} Situation */
/** @typedef {{ id: string, do: string, value: string, from: string, atMs: number }} Order `atMs`: when it came */
/** @typedef {{ ok: true } | { ok: false, code: string, message: string }} Answer */

/** The person has this long to answer; the server gives up on a silent device after 60 s. */
export const ASK_MS = 30000;
/** The bounds of the control protocol; `isolated` shortens what is shown. */
const FROM_CHARACTERS = 64;
const VALUE_CHARACTERS = 200;

/** @type {Answer} */
export const DONE = Object.freeze({ ok: true });

/** @param {string} code @param {string} message @returns {Answer} */
export const no = (code, message) => ({ ok: false, code, message });

/** @type {Record<import("./remote-device.js").Why, string>} */
const OBSTACLES = {
  tap: "The browser at the device turns the camera on only after somebody has tapped the page there.",
  permission: "The browser at the device may not use the camera yet: somebody has to allow it there.",
  no_camera: "The camera of the device does not open: look at its page.",
  other_tab: "Another tab of the browser at the device is recording.",
  hidden: "The page at the device is in the background: somebody has to bring it to the front.",
};

/** @param {Record<string, any>} message @param {number} now @returns {Order | null} */
export function readOrder(message, now) {
  if (typeof message.id !== "string" || typeof message.do !== "string") return null;
  return {
    id: message.id,
    do: message.do,
    value: oneLine(message.value, VALUE_CHARACTERS),
    from: oneLine(message.from, FROM_CHARACTERS) || "?",
    atMs: now,
  };
}

/** What a quality's id asks for, as the page's address takes it. @param {string} value */
export function readQuality(value) {
  const { height, quality } = parseQuery(`?quality=${encodeURIComponent(value)}`);
  /** @type {Partial<import("./settings.js").Settings>} */
  const wish = {};
  if (height) wish.height = height;
  if (quality) wish.quality = quality;
  return height || quality ? wish : null;
}

/**
 * The answer to what is so already, or cannot be done now.
 * @param {Order} order
 * @param {Situation} situation
 * @param {string} name of the device
 * @returns {Answer | null}
 */
export function settled(order, situation, name) {
  const { state } = situation;
  const saving = no("busy", "The device is still saving its last recording.");
  switch (order.do) {
    case "start": {
      if (state.inSession) return DONE;
      const why = obstacle(situation);
      if (why) return no("failed", OBSTACLES[why]);
      return state.canRecord ? null : saving;
    }
    case "stop":
      // "Done" would say that nothing is recorded.
      if (situation.otherTab) return no("failed", OBSTACLES.other_tab);
      return state.inSession ? null : DONE;
    case "mark":
      return state.inSession && state.session !== null ? null : no("failed", "Nothing is being recorded, so there is nothing to mark.");
    case "camera":
      if (order.value !== "" && order.value === cameraId(state) && state.opened) return DONE;
      if (!namedCameras(state).some(({ id }) => id === order.value)) return no("unsupported", "The device has no such camera.");
      return reopens(situation, saving);
    case "quality": {
      const wish = readQuality(order.value);
      if (!wish) return no("unsupported", "The device has no such quality.");
      if (qualityId({ ...state.settings, ...wish }) === qualityId(state.settings)) return DONE;
      return reopens(situation, saving);
    }
    case "name":
      if (cleanName(order.value) === "") return no("failed", "A name has at least one character.");
      return cleanName(order.value) === name ? DONE : null;
    default:
      return no("unsupported", "The device cannot do that.");
  }
}

/**
 * Whether the answer is another one where another tab records.
 * @param {Order} order @param {import("./remote-device.js").StudioState} state
 */
export const dependsOnOthers = (order, state) => !state.inSession && ["start", "stop", "camera", "quality"].includes(order.do);

/**
 * A camera that is shut for a change and does not open again would cost the recording.
 * @param {Situation} situation
 * @param {Answer} saving
 */
function reopens({ state, hidden, otherTab }, saving) {
  if (hidden) return no("failed", OBSTACLES.hidden);
  if (otherTab) return no("failed", OBSTACLES.other_tab);
  // It may be waiting for the person, and the change behind it.
  if (state.opening) return no("busy", "The camera of the device is opening at the moment.");
  return state.phase === "stopping" || (state.name === "starting" && !state.cameraLost && !state.full) ? saving : null;
}

/**
 * Whether a recording is shut for it until a camera has opened anew. A browser that asks the person first would hold up
 * a recording beside which there may be nobody.
 * @param {Order} order @param {import("./remote-device.js").StudioState} state
 */
export function interrupts({ do: what, value }, { inSession, settings }) {
  if (!inSession) return false;
  if (what === "camera") return true;
  const wish = what === "quality" ? readQuality(value) : null;
  return wish !== null && wish.height !== undefined && wish.height !== settings.height;
}

/**
 * What may be done without a question, beyond what the setting says: whoever was allowed to start a recording may mark
 * it and stop it.
 * @typedef {{ from: string, session: string }} Grant
 */

/**
 * @typedef {object} Standing
 * @property {import("./remote-mode.js").Mode} mode
 * @property {Grant | null} grant
 * @property {string | null} session what is being recorded
 * @property {Answer | null} refusal why there is no question now
 * @property {"yes" | "no" | "unknown"} unasked whether the browser asks nothing for it
 * @property {boolean} attended the person has chosen "always" since the page was opened
 * @property {boolean} hidden nobody sees the page
 */

/**
 * @param {Order} order
 * @param {Standing} standing
 * @returns {"act" | "ask" | Answer}
 */
export function permission(order, { mode, grant, session, refusal, unasked, attended, hidden }) {
  if (unasked === "no") return WOULD_ASK;
  if (mode === "always") return unasked === "yes" || attended ? "act" : WOULD_ASK;
  const isGranted = grant !== null && grant.from === order.from && grant.session === session;
  if (isGranted && (order.do === "mark" || order.do === "stop")) return "act";
  if (refusal) return refusal;
  if (hidden) return no("no_answer", "The page at the device is in the background: nobody there can be asked.");
  return "ask";
}

const WOULD_ASK = no("failed", "The browser at the device would ask the person there before it opens a camera, and hold up the recording meanwhile.");
export const OFF = no("not_allowed", "Remote control is off at this device.");
export const SAID_NO = no("not_allowed", "The person at the device said No.");
export const NO_ANSWER = no("no_answer", `Nobody at the device answered within ${ASK_MS / 1000} s.`);
/** One thing at a time; which one decides how the next is answered. */
export const BUSY = {
  asking: no("busy", "The person at the device is being asked about another command."),
  acting: no("busy", "The device is carrying out another command."),
};
