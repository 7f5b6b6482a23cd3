/**
 * What earlier visits left on this device, and what is to become of it. Pure: logs in, decisions out.
 *
 *   const left = readLog(session, entries, bytes);
 *   sortOut(lefts, now)        // { fresh, old, empty }
 *
 * @module
 */

/** A recording whose page was away longer than this is not gone on with: whoever comes then wants a new one. */
export const RESUME_MS = 15 * 60 * 1000;

/**
 * @typedef {object} Left
 * @property {string} session
 * @property {number} bytes what waits on the device
 * @property {number} startedMs
 * @property {string} name of the camera then
 * @property {string} deviceId by which the server knows it, "" where the log does not tell
 * @property {number} generations that were begun
 * @property {boolean} stopped the person had pressed Stop
 * @property {number} lastMs the page's last sign of life
 * @property {number} handedMs when the last of what is stored was handed over, as far as the log knows: its media ends
 *   there, or as much earlier as the encoder holds back
 * @property {number} toldMs the end of the last gap that was told, 0 before the first
 * @property {number} awayMs how long there was no page, between earlier visits
 * @property {import("./gaps.js").Open[]} ongoing gaps that were open then, and have not been told since
 */

/** @param {unknown} value @param {number} instead */
const number = (value, instead) => (typeof value === "number" && Number.isFinite(value) ? value : instead);

/** @param {unknown} startMs @param {unknown} reason */
const gapName = (startMs, reason) => `${reason} ${Math.round(number(startMs, 0))}`;

/** @param {Record<string, unknown>} gap a stretch without a page, as it was told */
const awayMs = ({ start_ms, end_ms }) => Math.max(0, number(end_ms, 0) - number(start_ms, 0));

/**
 * @param {string} session
 * @param {object[]} entries
 * @param {number} bytes
 * @returns {Left}
 */
export function readLog(session, entries, bytes) {
  /** @type {Left} */
  const left = {
    session,
    bytes,
    startedMs: 0,
    name: "",
    deviceId: "",
    generations: 0,
    stopped: false,
    lastMs: 0,
    handedMs: 0,
    toldMs: 0,
    awayMs: 0,
    ongoing: [],
  };
  /** @type {Set<string>} */
  const told = new Set();
  for (const entry of /** @type {Record<string, any>[]} */ (entries)) {
    switch (entry.type) {
      case "session":
        left.startedMs = number(entry.startedMs, 0);
        left.name = String(entry.name || "");
        left.deviceId = String(entry.deviceId || "");
        left.lastMs = Math.max(left.lastMs, left.startedMs);
        left.handedMs = Math.max(left.handedMs, left.startedMs);
        break;
      case "generation":
        left.generations += 1;
        left.lastMs = Math.max(left.lastMs, number(entry.startedMs, 0));
        left.handedMs = Math.max(left.handedMs, number(entry.startedMs, 0));
        break;
      case "alive":
        left.lastMs = Math.max(left.lastMs, number(entry.atMs, 0));
        left.handedMs = Math.max(left.handedMs, number(entry.handedMs, 0));
        left.ongoing = Array.isArray(entry.ongoing) ? entry.ongoing.filter((gap) => typeof gap === "object" && gap !== null) : [];
        break;
      // Made when its bytes are stored: newer than the last sign of life where only the log is left.
      case "clock":
        if (entry.message) left.handedMs = Math.max(left.handedMs, number(entry.message.at_ms, 0));
        break;
      case "event":
        if (!entry.message || entry.message.event !== "gap") break;
        told.add(gapName(entry.message.start_ms, entry.message.reason));
        left.toldMs = Math.max(left.toldMs, number(entry.message.end_ms, 0));
        if (entry.message.reason === "page_killed") left.awayMs += awayMs(entry.message);
        break;
      // Stop was pressed; the second is written once everything has been handed over.
      case "stopping":
      case "stop":
        left.stopped = true;
        break;
    }
  }
  left.ongoing = left.ongoing.filter(({ startMs, reason }) => !told.has(gapName(startMs, reason)));
  left.lastMs = Math.max(left.lastMs, left.handedMs);
  return left;
}

/**
 * @param {Left[]} lefts
 * @param {number} now
 * @returns {{ fresh: Left[], old: Left[], empty: Left[] }} `fresh`: interrupted a moment ago, newest first; `old`: to
 *   be delivered, oldest first; in `empty` nothing was ever recorded
 */
export function sortOut(lefts, now) {
  // Bytes without an entry are recorded all the same: the server knows what they are.
  const isEmpty = (/** @type {Left} */ { generations, bytes }) => generations === 0 && bytes === 0;
  const recorded = lefts.filter((left) => !isEmpty(left));
  // A clock that was set back is as good as one that went on.
  const isFresh = (/** @type {Left} */ { stopped, lastMs }) => !stopped && Math.abs(now - lastMs) <= RESUME_MS;
  return {
    fresh: recorded.filter(isFresh).sort((a, b) => b.lastMs - a.lastMs),
    old: recorded.filter((left) => !isFresh(left)).sort((a, b) => a.startedMs - b.startedMs),
    empty: lefts.filter(isEmpty),
  };
}
