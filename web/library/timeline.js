/**
 * What the server says of one session. Pure.
 *
 *   const timeline = parseTimeline(told);     null where it is something else; what is wrong in it is left out
 *
 * @module
 */

import { oneLine, SHOWN_CHARACTERS } from "../lib/plain-text.js";

const WORD_CHARACTERS = 40;
const DETAIL_CHARACTERS = 200;

/** @typedef {{ mediaMs: number, wallMs: number, lengthMs: number }} Piece media that runs as wall time does */
/**
 * @typedef {object} Reel
 * @property {number} reel
 * @property {string} mime
 * @property {string} url
 * @property {number} width
 * @property {number} height
 * @property {boolean} hasVideo
 * @property {boolean} hasSound
 * @property {number} durationMs
 * @property {number} bytes
 * @property {Piece[]} pieces
 */
/** @typedef {{ startMs: number, endMs: number, reason: string, detail: string }} Gap */
/** @typedef {{ atMs: number, kind: string, detail: string }} Mark */
/** @typedef {{ startMs: number, endMs: number, by: string }} Kept */
/** @typedef {{ file: string, url: string, startMs: number, durationMs: number, bytes: number, fault: string | null }} RecordedFile */
/** @typedef {"recording" | "waiting" | "finished"} SessionState */
/**
 * @typedef {object} Timeline
 * @property {string} session
 * @property {string} device
 * @property {string} name
 * @property {string} title "" where nobody has given it one
 * @property {number} startMs
 * @property {number} endMs
 * @property {SessionState} state
 * @property {boolean} isGrowing
 * @property {number} waitingMs what is still on the device
 * @property {Reel[]} reels
 * @property {Gap[]} gaps
 * @property {Mark[]} marks
 * @property {Kept[]} kept
 * @property {RecordedFile[]} files
 */

/** @param {unknown} value @returns {value is number} */
export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
/** @param {unknown} value */
export const amount = (value) => (isNumber(value) && value > 0 ? value : 0);
/** @param {unknown} value @returns {any[]} */
const rows = (value) => (Array.isArray(value) ? value.filter((one) => one !== null && typeof one === "object") : []);
/** @param {unknown} value @returns {SessionState} */
export const stateOf = (value) => (value === "recording" || value === "waiting" ? value : "finished");
/** Of this server, and nobody else's. @param {unknown} value @returns {string} */
const ownPath = (value) => (typeof value === "string" && /^\/(?!\/)/.test(value) ? value : "");

/** @param {any} told @returns {Reel | null} */
function parseReel(told) {
  const url = ownPath(told.url);
  if (!isNumber(told.reel) || url === "") return null;
  const pieces = (Array.isArray(told.pieces) ? told.pieces : [])
    .filter((/** @type {any} */ piece) => Array.isArray(piece) && piece.length >= 3 && piece.slice(0, 3).every(isNumber) && piece[2] > 0)
    .map((/** @type {number[]} */ [mediaMs, wallMs, lengthMs]) => ({ mediaMs, wallMs, lengthMs }));
  return {
    reel: told.reel,
    mime: typeof told.mime === "string" ? told.mime : "",
    url,
    width: amount(told.width),
    height: amount(told.height),
    hasVideo: told.has_video !== false,
    hasSound: told.has_sound === true,
    durationMs: amount(told.duration_ms),
    bytes: amount(told.bytes),
    pieces,
  };
}

/** @param {any} told */
const isSpan = (told) => isNumber(told.start_ms) && isNumber(told.end_ms) && told.end_ms >= told.start_ms;

/** @param {any} told @returns {Timeline | null} */
export function parseTimeline(told) {
  if (told === null || typeof told !== "object" || typeof told.session !== "string" || told.session === "" || !isSpan(told)) return null;
  return {
    session: told.session,
    device: typeof told.device === "string" ? told.device : "",
    name: oneLine(told.name, SHOWN_CHARACTERS) || told.session,
    title: oneLine(told.title, SHOWN_CHARACTERS),
    startMs: told.start_ms,
    endMs: told.end_ms,
    state: stateOf(told.state),
    isGrowing: told.is_growing === true,
    waitingMs: amount(told.waiting_ms),
    reels: /** @type {Reel[]} */ (rows(told.reels).map(parseReel).filter((reel) => reel !== null)),
    gaps: rows(told.gaps)
      .filter(isSpan)
      .map(({ start_ms, end_ms, reason, detail }) => ({ startMs: start_ms, endMs: end_ms, reason: oneLine(reason, WORD_CHARACTERS), detail: oneLine(detail, DETAIL_CHARACTERS) }))
      .sort((a, b) => a.startMs - b.startMs),
    marks: rows(told.marks)
      .filter(({ at_ms }) => isNumber(at_ms))
      .map(({ at_ms, kind, detail }) => ({ atMs: at_ms, kind: oneLine(kind, WORD_CHARACTERS) || "mark", detail: oneLine(detail, DETAIL_CHARACTERS) }))
      .sort((a, b) => a.atMs - b.atMs),
    kept: rows(told.kept)
      .filter(isSpan)
      .map(({ start_ms, end_ms, by }) => ({ startMs: start_ms, endMs: end_ms, by: oneLine(by, SHOWN_CHARACTERS) }))
      .sort((a, b) => a.startMs - b.startMs),
    files: rows(told.files)
      .filter(({ file }) => typeof file === "string" && file !== "")
      .map(({ file, url, start_ms, duration_ms, bytes, fault }) => ({
        file,
        url: ownPath(url),
        startMs: isNumber(start_ms) ? start_ms : 0,
        durationMs: amount(duration_ms),
        bytes: amount(bytes),
        fault: typeof fault === "string" && fault !== "" ? fault : null,
      })),
  };
}
