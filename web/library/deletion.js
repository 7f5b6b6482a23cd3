/**
 * Deleting sessions: what is asked once, and until when it can be undone. Pure.
 *
 *   const { go, kept, growing } = sortOut(chosen);    what can be deleted, and what cannot be
 *   const undo = createUndo();
 *   undo.add(parseDeletion(told, sessions));
 *   undo.current(nowMs)                               the newest that can still be undone, or null
 *   undo.take(id);
 *
 * @module
 */

import { amount, isNumber } from "./timeline.js";

/** @typedef {import("./list.js").Session} Session */
/** @typedef {{ deletion: string, files: number, bytes: number, untilMs: number, sessions: string[] }} Deletion */

/** The server refuses what is kept; what grows is not finished. @param {Session[]} chosen */
export function sortOut(chosen) {
  const kept = chosen.filter(({ isKept }) => isKept);
  const growing = chosen.filter(({ isKept, state }) => !isKept && state === "recording");
  const go = chosen.filter(({ isKept, state }) => !isKept && state !== "recording");
  const sum = (/** @type {(one: Session) => number} */ of) => go.reduce((total, one) => total + of(one), 0);
  return { go, kept, growing, files: sum(({ files }) => files), bytes: sum(({ bytes }) => bytes), footageMs: sum(({ footageMs }) => footageMs) };
}

/** @param {any} told @param {string[]} sessions @returns {Deletion | null} */
export function parseDeletion(told, sessions) {
  if (told === null || typeof told !== "object" || typeof told.deletion !== "string" || !isNumber(told.until_ms)) return null;
  return { deletion: told.deletion, files: amount(told.files), bytes: amount(told.bytes), untilMs: told.until_ms, sessions };
}

export function createUndo() {
  /** @type {Deletion[]} */
  let deletions = [];
  return {
    /** @param {Deletion} deletion */
    add(deletion) {
      deletions.push(deletion);
    },
    /** @param {number} nowMs */
    current(nowMs) {
      deletions = deletions.filter(({ untilMs }) => untilMs > nowMs);
      return deletions.length > 0 ? deletions[deletions.length - 1] : null;
    },
    /** @param {string} id */
    take(id) {
      deletions = deletions.filter(({ deletion }) => deletion !== id);
    },
  };
}
