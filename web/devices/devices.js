/**
 * The devices as `/ws/control` and `/api/devices` tell them. Pure.
 *
 *   parseDevices(message)        { nowMs, devices } in an order that stays, or null where it is something else
 *   groupsOf(devices)            [{ name, count }], by name
 *   inScope(devices, "hall")     those of a group; null for all
 *
 * @module
 */

import { nameApart } from "../lib/namesakes.js";
import { oneLine } from "../lib/plain-text.js";

/** @typedef {"idle" | "starting" | "recording" | "stopping" | "blocked"} State */
/** @typedef {"start" | "stop" | "mark" | "camera" | "quality" | "name" | "groups"} Act */

/**
 * @typedef {object} Device
 * @property {string} device
 * @property {string} name for people, apart from others that are called alike
 * @property {string} ownName as it was given
 * @property {string[]} groups
 * @property {boolean} isOnline
 * @property {number | null} lastSeenMs the server's clock, as all times here
 * @property {"none" | "ask" | "allowed"} control
 * @property {string[]} can
 * @property {State} state
 * @property {number | null} sinceMs of the recording
 * @property {string | null} session
 * @property {string | null} why a code: what keeps it from recording
 * @property {string | null} camera
 * @property {{ id: string, label: string }[]} cameras
 * @property {string | null} quality
 * @property {string[]} qualities
 * @property {string | null} stream
 */

/** @type {readonly State[]} */
const STATES = ["idle", "starting", "recording", "stopping", "blocked"];

/** The bound of the control protocol. */
const TEXT_CHARACTERS = 200;
/** Of a random id of 22 characters: enough to tell a dozen namesakes apart. */
const SHORT_CHARACTERS = 5;

/**
 * The beginning of an id that no other has: programs choose ids that begin alike.
 * @param {string} id
 * @param {string[]} ids
 */
function shortId(id, ids) {
  const others = ids.filter((other) => other !== id);
  for (let length = SHORT_CHARACTERS; length < id.length; length += 1) {
    const short = id.slice(0, length);
    if (!others.some((other) => other.startsWith(short))) return short;
  }
  return id;
}

/** @param {unknown} value @returns {string | null} */
const text = (value) => (typeof value === "string" && value.trim() !== "" ? value : null);
/** @param {unknown} value @returns {number | null} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
/** @param {unknown} value @returns {string[]} */
const texts = (value) => (Array.isArray(value) ? value.filter((one) => text(one) !== null) : []);

/** @param {any} one @returns {Device | null} */
function parseDevice(one) {
  if (one === null || typeof one !== "object" || !text(one.device)) return null;
  const name = oneLine(one.name, TEXT_CHARACTERS) || one.device;
  /** @type {Device["cameras"]} */
  const cameras = [];
  for (const camera of Array.isArray(one.cameras) ? one.cameras : []) {
    if (camera && text(camera.id)) cameras.push({ id: camera.id, label: oneLine(camera.label, TEXT_CHARACTERS) || camera.id });
  }
  return {
    device: one.device,
    name,
    ownName: name,
    groups: texts(one.groups),
    isOnline: one.online === true,
    lastSeenMs: number(one.last_seen_ms),
    control: one.control === "ask" || one.control === "allowed" ? one.control : "none",
    can: texts(one.can),
    state: STATES.includes(one.state) ? one.state : "idle",
    sinceMs: number(one.since_ms),
    session: text(one.session),
    why: text(one.why),
    camera: text(one.camera),
    cameras,
    quality: text(one.quality),
    qualities: texts(one.qualities),
    stream: text(one.stream),
  };
}

/** @param {any} message @returns {{ nowMs: number | null, devices: Device[] } | null} */
export function parseDevices(message) {
  if (message === null || typeof message !== "object" || !Array.isArray(message.devices)) return null;
  /** @type {Device[]} */
  const devices = [];
  for (const one of message.devices) {
    const device = parseDevice(one);
    if (device && !devices.some((other) => other.device === device.device)) devices.push(device);
  }
  const all = devices.map(({ device, ownName }) => ({ id: device, name: ownName }));
  const ids = all.map(({ id }) => id);
  // Browsers of a kind call themselves alike, until a person gives them names.
  const apart = devices.map((device) => ({ ...device, name: nameApart({ id: device.device, name: device.ownName }, all, (id) => shortId(id, ids)) }));
  return { nowMs: number(message.now_ms), devices: apart.sort(byName) };
}

/** @param {string} a @param {string} b */
const compare = (a, b) => a.localeCompare(b, undefined, { numeric: true, sensitivity: "base" });

/**
 * Each device keeps its place whatever it does: eyes and fingers find it where it was.
 * @param {Device} a @param {Device} b
 */
function byName(a, b) {
  return compare(a.name, b.name) || (a.device < b.device ? -1 : 1);
}

/** @param {Device[]} devices */
export function groupsOf(devices) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { groups } of devices) for (const name of new Set(groups)) counts.set(name, (counts.get(name) || 0) + 1);
  return Array.from(counts, ([name, count]) => ({ name, count })).sort((a, b) => compare(a.name, b.name));
}

/** @param {Device[]} devices @param {string | null} group */
export const inScope = (devices, group) => (group === null ? devices : devices.filter(({ groups }) => groups.includes(group)));

/** @param {Device} device */
export const isRecording = ({ state }) => state === "recording" || state === "starting";
