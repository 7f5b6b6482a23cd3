/**
 * The sources as `/ws/control` and `/api/sources` tell them. Pure.
 *
 *   parseSources(message)            { nowMs, sources } in an order that stays, or null where it is something else
 *   parseCameras(answer)             { hasFfmpeg, cameras } of `/api/cameras`
 *   isOfSource(device, sources)      a device of the list that is one of these
 *
 * @module
 */

import { oneLine } from "../lib/plain-text.js";

/** @typedef {"rtsp" | "camera" | "file" | "pattern"} Kind */
/** @typedef {"paused" | "connecting" | "live" | "waiting"} State */

/**
 * @typedef {object} Source
 * @property {string} source its name in addresses
 * @property {string} name for people
 * @property {Kind | null} kind null where this page does not know it
 * @property {string} address without user and password
 * @property {string} smallAddress
 * @property {string} user
 * @property {boolean} hasPassword
 * @property {"tcp" | "udp"} transport
 * @property {string} device
 * @property {string} path
 * @property {string} size "1280x720", or empty
 * @property {number | null} framesPerSecond
 * @property {number | null} bitrateKbps
 * @property {boolean | string} sound a text: the name of a sound device
 * @property {boolean} record
 * @property {string[]} hours
 * @property {boolean} isFromFile it stands in the configuration file
 * @property {State} state
 * @property {string | null} code why it waits
 * @property {string} message the same as a sentence of the server's
 * @property {number | null} sinceMs
 * @property {number | null} retryAtMs
 * @property {boolean} isRecording
 * @property {boolean} isWithinHours
 * @property {string | null} stream
 * @property {string | null} smallStream
 * @property {string | null} smallCode why its smaller picture does not come
 * @property {string} smallMessage the same as a sentence of the server's
 * @property {number} reconnects
 */
/** @typedef {{ id: string, name: string, formats: string[] }} AttachedCamera */

/** @type {readonly Kind[]} */
export const KINDS = ["rtsp", "camera", "file", "pattern"];
/** @type {readonly State[]} */
const STATES = ["paused", "connecting", "live", "waiting"];
const TEXT_CHARACTERS = 200;
const MESSAGE_CHARACTERS = 500;
/** The server takes no longer ones. What stands here goes back to it from the form, so nothing may be missing. */
const ADDRESS_CHARACTERS = 2048;

/** @param {unknown} value @returns {string} */
const text = (value) => (typeof value === "string" ? value : "");
/** @param {unknown} value @returns {string | null} */
const named = (value) => (typeof value === "string" && value !== "" ? value : null);
/** @param {unknown} value @returns {number | null} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
/** @param {unknown} value @returns {string[]} */
const texts = (value) => (Array.isArray(value) ? value.filter((one) => typeof one === "string" && one !== "") : []);

/** @param {any} one @returns {Source | null} */
function parseSource(one) {
  if (one === null || typeof one !== "object" || !named(one.source)) return null;
  return {
    source: one.source,
    name: oneLine(one.name, TEXT_CHARACTERS) || one.source,
    kind: KINDS.includes(one.kind) ? one.kind : null,
    address: oneLine(one.address, ADDRESS_CHARACTERS),
    smallAddress: oneLine(one.small_address, ADDRESS_CHARACTERS),
    user: text(one.user),
    hasPassword: one.has_password === true,
    transport: one.transport === "udp" ? "udp" : "tcp",
    device: text(one.device),
    path: text(one.path),
    size: text(one.size),
    framesPerSecond: number(one.frames_per_second),
    bitrateKbps: number(one.bitrate_kbps),
    sound: named(one.sound) || one.sound !== false,
    record: one.record === true,
    hours: texts(one.hours),
    isFromFile: one.from === "file",
    // Of a state that this page does not know, nothing is claimed.
    state: STATES.includes(one.state) ? one.state : "connecting",
    code: named(one.code),
    message: oneLine(one.message, MESSAGE_CHARACTERS),
    sinceMs: number(one.since_ms),
    retryAtMs: number(one.retry_at_ms),
    isRecording: one.is_recording === true,
    isWithinHours: one.within_hours !== false,
    stream: named(one.stream),
    smallStream: named(one.small_stream),
    smallCode: named(one.small_code),
    smallMessage: oneLine(one.small_message, MESSAGE_CHARACTERS),
    reconnects: number(one.reconnects) || 0,
  };
}

/** Each keeps its place whatever it does. @param {Source} a @param {Source} b */
export function byName(a, b) {
  return a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" }) || (a.source < b.source ? -1 : 1);
}

/** @param {any} message @returns {{ nowMs: number | null, sources: Source[] } | null} */
export function parseSources(message) {
  if (message === null || typeof message !== "object" || !Array.isArray(message.sources)) return null;
  /** @type {Source[]} */
  const sources = [];
  for (const one of message.sources) {
    const source = parseSource(one);
    if (source && !sources.some((other) => other.source === source.source)) sources.push(source);
  }
  return { nowMs: number(message.now_ms), sources: sources.sort(byName) };
}

/** @param {any} answer @returns {{ hasFfmpeg: boolean, cameras: AttachedCamera[] }} */
export function parseCameras(answer) {
  const told = answer !== null && typeof answer === "object" ? answer : {};
  /** @type {AttachedCamera[]} */
  const cameras = [];
  for (const one of Array.isArray(told.cameras) ? told.cameras : []) {
    const id = one !== null && typeof one === "object" ? text(one.id) || (typeof one.id === "number" ? String(one.id) : "") : "";
    if (id !== "") cameras.push({ id, name: oneLine(one.name, TEXT_CHARACTERS) || id, formats: texts(one.formats) });
  }
  return { hasFfmpeg: told.ffmpeg !== false, cameras };
}

/** @param {{ device: string, stream: string | null }} device @param {Source[]} sources */
export function isOfSource({ device, stream }, sources) {
  return sources.some(({ source, stream: own, smallStream }) => device === `source_${source}` || (stream !== null && [source, own, smallStream].includes(stream)));
}
