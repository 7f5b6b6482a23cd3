/**
 * What was deleted, as it is told, and what of it is said in the list of recordings. Pure.
 *
 *   const page = parseDeletions(told);              { deletions, nextMs }, or null
 *   known = refreshed(known, page);                 the newest again: what was taken back is gone from them
 *   known = continued(known, page);                 what follows
 *   notes(known.deletions, known.nextMs)            what was deleted by itself, by the day on which it was
 *   withNotes(groups(sessions), notes, { fromMs })  days that have nothing else get their own entry
 *
 * @module
 */

import { oneLine, SHOWN_CHARACTERS } from "../lib/plain-text.js";
import { boundsOf, dayOf } from "./list.js";
import { amount, isNumber } from "./timeline.js";

export const BY_HAND = "by_hand";

/** @typedef {{ files: number, bytes: number, reason: string, devices: string[] }} Deleted */
/** @typedef {Deleted & { deletion: string, atMs: number, by: string, startMs: number, endMs: number, untilMs: number, canBeUndone: boolean, sessions: string[] }} Deletion */
/** @typedef {{ deletions: Deletion[], nextMs: number | null }} Known */
/** @typedef {Map<string, Deleted[]>} Notes by local day */

/** @param {any} told @returns {Deletion | null} */
function parseDeletion(told) {
  if (told === null || typeof told !== "object" || typeof told.deletion !== "string" || told.deletion === "" || !isNumber(told.at_ms)) return null;
  const sessions = (Array.isArray(told.sessions) ? told.sessions : []).filter((/** @type {any} */ one) => one !== null && typeof one === "object");
  const names = sessions.map((/** @type {any} */ one) => oneLine(one.name, SHOWN_CHARACTERS) || oneLine(one.device, SHOWN_CHARACTERS));
  return {
    deletion: told.deletion,
    atMs: told.at_ms,
    by: oneLine(told.by, SHOWN_CHARACTERS),
    reason: typeof told.reason === "string" ? told.reason : "",
    files: amount(told.files),
    bytes: amount(told.bytes),
    startMs: isNumber(told.start_ms) ? told.start_ms : told.at_ms,
    endMs: isNumber(told.end_ms) ? told.end_ms : told.at_ms,
    untilMs: isNumber(told.until_ms) ? told.until_ms : told.at_ms,
    canBeUndone: told.can_be_undone === true,
    devices: Array.from(new Set(/** @type {string[]} */ (names))).filter((name) => name !== ""),
    sessions: sessions.map((/** @type {any} */ one) => one.session).filter((/** @type {unknown} */ id) => typeof id === "string"),
  };
}

/** @param {any} told @returns {Known | null} */
export function parseDeletions(told) {
  if (told === null || typeof told !== "object" || !Array.isArray(told.deletions)) return null;
  const deletions = /** @type {Deletion[]} */ (told.deletions.map(parseDeletion).filter((/** @type {Deletion | null} */ one) => one !== null));
  return { deletions, nextMs: isNumber(told.next_ms) ? told.next_ms : null };
}

/** @param {Known} known @param {Known} newest @returns {Known} */
export function refreshed(known, newest) {
  const { nextMs } = newest;
  // Between what is known and the newest something may have come in; then it is read again from there.
  const isJoined = nextMs !== null && known.deletions.some(({ atMs }) => atMs >= nextMs);
  if (nextMs === null || !isJoined) return newest;
  return { deletions: [...newest.deletions, ...known.deletions.filter(({ atMs }) => atMs < nextMs)], nextMs: known.deletions.some(({ atMs }) => atMs < nextMs) ? known.nextMs : nextMs };
}

/** @param {Known} known @param {Known} page @returns {Known} */
export function continued(known, page) {
  const ids = new Set(known.deletions.map(({ deletion }) => deletion));
  return { deletions: [...known.deletions, ...page.deletions.filter(({ deletion }) => !ids.has(deletion))], nextMs: page.nextMs };
}

/** Of a day of which not all is known nothing is said. @param {Known} known @returns {Notes} */
export function notes({ deletions, nextMs }) {
  /** @type {Notes} */
  const days = new Map();
  for (const { atMs, reason, files, bytes, devices } of deletions) {
    if (reason === BY_HAND) continue;
    const day = dayOf(atMs);
    const all = days.get(day) || [];
    days.set(day, all);
    const same = all.find((one) => one.reason === reason);
    if (!same) {
      all.push({ reason, files, bytes, devices: devices.slice() });
      continue;
    }
    same.files += files;
    same.bytes += bytes;
    same.devices = Array.from(new Set([...same.devices, ...devices]));
  }
  if (nextMs !== null && deletions.length > 0) days.delete(dayOf(deletions[deletions.length - 1].atMs));
  return days;
}

/** @param {import("./list.js").DayGroup[]} days newest first @param {Notes} told @param {{ fromMs: number, beforeMs: number }} within what the list shows @returns {import("./list.js").DayGroup[]} */
export function withNotes(days, told, { fromMs, beforeMs }) {
  const listed = new Set(days.map(({ day }) => day));
  const more = Array.from(told.keys())
    .filter((day) => !listed.has(day))
    .map((day) => ({ day, startMs: boundsOf(day).startMs, footageMs: 0, devices: [] }))
    .filter(({ startMs }) => startMs >= fromMs && startMs < beforeMs);
  return [...days, ...more].sort((a, b) => b.startMs - a.startMs);
}
