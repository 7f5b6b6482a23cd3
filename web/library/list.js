/**
 * The sessions of the library as they are told, and as they are shown: by local day, within it by device. Pure.
 *
 *   const page = parsePage(told);                   { sessions, next, isComplete }, or null
 *   sessions = merge(sessions, page.sessions);      newest first; what is known anew replaces what was
 *   sessions = without(sessions, id);
 *   groups(sessions)                                [{ day: "2026-11-20", startMs, devices: [{ device, name, sessions }] }]
 *
 * @module
 */

import { oneLine, SHOWN_CHARACTERS } from "../lib/plain-text.js";
import { amount, isNumber, stateOf } from "./timeline.js";

/**
 * @typedef {object} Session
 * @property {string} session
 * @property {string} device
 * @property {string} name
 * @property {string} title
 * @property {number} startMs
 * @property {number} endMs
 * @property {number} footageMs
 * @property {number} bytes
 * @property {number} files
 * @property {import("./timeline.js").SessionState} state
 * @property {number} waitingMs
 * @property {boolean} isKept
 * @property {number} gaps
 * @property {number} faults
 */

/** @typedef {{ device: string, name: string, sessions: Session[] }} DeviceGroup */
/** @typedef {{ day: string, startMs: number, footageMs: number, devices: DeviceGroup[] }} DayGroup */
/** @typedef {{ day: string, sessions: number, footageMs: number, bytes: number }} Day */
/** @typedef {{ device: string, name: string, sessions: number, bytes: number }} Device */

/** @param {any} told @returns {Session | null} */
export function parseSession(told) {
  if (told === null || typeof told !== "object" || typeof told.session !== "string" || told.session === "" || !isNumber(told.start_ms)) return null;
  const device = typeof told.device === "string" ? told.device : "";
  return {
    session: told.session,
    device,
    name: oneLine(told.name, SHOWN_CHARACTERS) || device || told.session,
    title: oneLine(told.title, SHOWN_CHARACTERS),
    startMs: told.start_ms,
    endMs: isNumber(told.end_ms) && told.end_ms >= told.start_ms ? told.end_ms : told.start_ms,
    footageMs: amount(told.footage_ms),
    bytes: amount(told.bytes),
    files: amount(told.files),
    state: stateOf(told.state),
    waitingMs: amount(told.waiting_ms),
    isKept: told.kept === true,
    gaps: amount(told.gaps),
    faults: amount(told.faults),
  };
}

/** @param {any} told */
export function parsePage(told) {
  if (told === null || typeof told !== "object" || !Array.isArray(told.sessions)) return null;
  const sessions = /** @type {Session[]} */ (told.sessions.map(parseSession).filter((/** @type {Session | null} */ one) => one !== null));
  return { sessions, next: typeof told.next === "string" && told.next !== "" ? told.next : null, isComplete: told.is_complete !== false };
}

/** @param {any} told @returns {Day[]} */
export function parseDays(told) {
  const days = told !== null && typeof told === "object" && Array.isArray(told.days) ? told.days : [];
  return days
    .filter((/** @type {any} */ one) => one !== null && typeof one === "object" && /^\d{4}-\d\d-\d\d$/.test(one.day))
    .map((/** @type {any} */ one) => ({ day: one.day, sessions: amount(one.sessions), footageMs: amount(one.footage_ms), bytes: amount(one.bytes) }));
}

/** @param {any} told @returns {Device[]} */
export function parseDevices(told) {
  const devices = told !== null && typeof told === "object" && Array.isArray(told.devices) ? told.devices : [];
  return devices
    .filter((/** @type {any} */ one) => one !== null && typeof one === "object" && typeof one.device === "string" && one.device !== "")
    .map((/** @type {any} */ one) => ({ device: one.device, name: oneLine(one.name, SHOWN_CHARACTERS) || one.device, sessions: amount(one.sessions), bytes: amount(one.bytes) }));
}

/** @param {Session} a @param {Session} b */
const newestFirst = (a, b) => b.startMs - a.startMs || (a.session < b.session ? -1 : 1);

/** @param {Session[]} sessions @param {Session[]} told @returns {Session[]} */
export function merge(sessions, told) {
  const all = new Map(sessions.map((one) => [one.session, one]));
  for (const one of told) all.set(one.session, one);
  return Array.from(all.values()).sort(newestFirst);
}

/** @param {Session[]} sessions @param {string} id */
export const without = (sessions, id) => sessions.filter(({ session }) => session !== id);

/** What an event tells belongs into the list that is shown? Behind its end the next page will have it. @param {Session} session @param {{ device: string, text: string, fromMs: number, beforeMs: number }} shown */
export function belongs({ device, name, title, startMs }, shown) {
  if (shown.device !== "" && device !== shown.device) return false;
  if (startMs < shown.fromMs || startMs >= shown.beforeMs) return false;
  const text = shown.text.toLowerCase();
  return text === "" || name.toLowerCase().includes(text) || title.toLowerCase().includes(text);
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** The local day of a moment. @param {number} ms */
export function dayOf(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** From its first to the next one's first moment, which are not always 24 hours apart. @param {string} day */
export function boundsOf(day) {
  const [year, month, date] = day.split("-").map(Number);
  return { startMs: new Date(year, month - 1, date).getTime(), endMs: new Date(year, month - 1, date + 1).getTime() };
}

/** @param {Session[]} sessions newest first @returns {DayGroup[]} */
export function groups(sessions) {
  /** @type {Map<string, Map<string, DeviceGroup>>} */
  const days = new Map();
  for (const session of sessions) {
    const day = dayOf(session.startMs);
    const devices = days.get(day) || new Map();
    days.set(day, devices);
    const group = devices.get(session.device) || { device: session.device, name: session.name, sessions: [] };
    devices.set(session.device, group);
    group.sessions.push(session);
  }
  const byName = (/** @type {DeviceGroup} */ a, /** @type {DeviceGroup} */ b) => a.name.localeCompare(b.name, undefined, { numeric: true }) || (a.device < b.device ? -1 : 1);
  return Array.from(days, ([day, devices]) => {
    const sorted = Array.from(devices.values()).sort(byName);
    return { day, startMs: boundsOf(day).startMs, footageMs: sorted.flatMap((one) => one.sessions).reduce((sum, one) => sum + one.footageMs, 0), devices: sorted };
  });
}
