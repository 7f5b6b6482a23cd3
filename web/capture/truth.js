/**
 * What the light and the line beside it say (promise P6). Pure: numbers in, keys of sentences out.
 *
 *   describeTruth(facts, now) → { light, main: { key, values }, more: { key, values } | null, code }
 *
 * `code` names the situation; it changes when what a person should know changes, not every second.
 *
 * @module
 */

import { formatBytes, formatClock } from "../lib/format.js";

/** After this long without anything durable the light is no longer green. */
export const STALL_MS = 5000;
/** Media that arrives later than this is being caught up on. */
const BEHIND_MS = 10000;
/** What the encoder may hold for itself before that is worth a sentence of its own. */
const QUIET_MS = 4000;

/**
 * @typedef {object} Facts
 * @property {"idle" | "starting" | "recording" | "stopping" | "finished" | "error"} phase
 * @property {"unknown" | "good" | "down" | "unable"} server as seen while nothing is recorded
 * @property {string} serverReason
 * @property {"down" | "connecting" | "up"} link
 * @property {boolean} everUp
 * @property {boolean} cameraLost
 * @property {boolean} partly the server could not record all of it
 * @property {number} startedMs
 * @property {number | null} stoppedMs
 * @property {number} waitingBytes
 * @property {number | null} durableWallMs
 * @property {number | null} durableAtMs
 * @property {number | null} handedMs when the encoder last handed something over
 * @property {number} creditBytes
 * @property {string} problem why the server cannot write, "" while it can
 * @property {number} roomMs for how much longer the memory lasts without a connection
 */

/** @typedef {{ key: string, values: Record<string, string | number> }} Phrase */
/** @typedef {{ light: "idle" | "good" | "late" | "bad", code: string, main: Phrase, more: Phrase | null }} Truth */

/** @param {string} key @param {Record<string, string | number>} [values] @returns {Phrase} */
const phrase = (key, values = {}) => ({ key, values });

/** @param {number} ms */
const seconds = (ms) => Math.max(0, Math.round(ms / 1000));

/**
 * Why nothing becomes durable.
 * @param {Facts} facts
 * @param {number} now
 */
function reason(facts, now) {
  if (facts.cameraLost) return "camera";
  // A server that cannot write closes the connection and says so: that is no missing connection.
  if (facts.link !== "up" && !facts.problem) return facts.everUp ? "connection" : "server";
  if (facts.creditBytes === 0 || facts.problem) return "storage";
  if (facts.phase === "recording" && (facts.handedMs === null || now - facts.handedMs > QUIET_MS)) return "browser";
  return "confirmation";
}

/**
 * @param {Facts} facts
 * @param {number} now
 * @returns {Truth}
 */
export function describeTruth(facts, now) {
  switch (facts.phase) {
    case "idle":
      return idle(facts);
    case "error":
      return { light: "bad", code: "not-ready", main: phrase("capture.truth.not_ready"), more: null };
    case "finished":
      if (facts.partly) return { light: "bad", code: "partly", main: phrase("capture.truth.finished_partly"), more: null };
      return { light: "good", code: "finished", main: phrase("capture.truth.finished"), more: null };
    case "stopping":
      return stopping(facts, now);
    case "starting":
      if (!facts.cameraLost) return { light: "idle", code: "starting", main: phrase("capture.truth.starting"), more: null };
      return recording(facts, now);
    case "recording":
      return recording(facts, now);
  }
}

/** @param {Facts} facts @returns {Truth} */
function idle(facts) {
  switch (facts.server) {
    case "good":
      return { light: "idle", code: "ready", main: phrase("capture.truth.ready"), more: phrase("capture.truth.ready_more") };
    case "down":
      return { light: "bad", code: "server-down", main: phrase("capture.truth.server_down"), more: phrase("capture.truth.server_down_more") };
    case "unable":
      return { light: "bad", code: "server-unable", main: phrase("capture.truth.server_unable", { reason: facts.serverReason }), more: null };
    case "unknown":
      return { light: "idle", code: "unknown", main: phrase("capture.truth.not_recording"), more: null };
  }
}

/** @param {Facts} facts @param {number} now @returns {Truth} */
function stopping(facts, now) {
  const waiting = formatBytes(facts.waitingBytes);
  if (facts.link !== "up" && !facts.problem) {
    const why = reason(facts, now);
    return {
      light: "bad",
      code: `stopped-${why}`,
      main: phrase("capture.truth.stopped_offline", { waiting }),
      more: phrase("capture.truth.stopped_offline_more"),
    };
  }
  if (facts.link !== "up" || (facts.creditBytes === 0 && facts.waitingBytes > 0)) {
    return {
      light: "bad",
      code: "stopped-storage",
      main: phrase("capture.truth.stopped_storage", { waiting }),
      more: facts.problem ? phrase("capture.truth.server_says", { message: facts.problem }) : phrase("capture.truth.stopped_offline_more"),
    };
  }
  return facts.waitingBytes > 0
    ? { light: "late", code: "sending", main: phrase("capture.truth.sending", { waiting }), more: phrase("capture.truth.sending_more") }
    : { light: "late", code: "finishing", main: phrase("capture.truth.finishing"), more: null };
}

/** @param {Facts} facts @param {number} now @returns {Truth} */
function recording(facts, now) {
  const waiting = formatBytes(facts.waitingBytes);
  const durableAt = facts.durableAtMs === null ? facts.startedMs : facts.durableAtMs;
  const stalledMs = now - durableAt;

  if (facts.cameraLost) {
    return {
      light: "bad",
      code: "camera",
      main: phrase("capture.truth.camera_lost", { waiting }),
      more: phrase("capture.truth.camera_lost_more"),
    };
  }
  if (stalledMs >= STALL_MS) {
    const why = reason(facts, now);
    const main =
      facts.durableWallMs === null
        ? phrase(`capture.truth.nothing.${why}`, { seconds: seconds(stalledMs), waiting })
        : phrase(`capture.truth.stalled.${why}`, {
            seconds: seconds(stalledMs),
            time: formatClock(facts.durableWallMs),
            waiting,
          });
    const minutes = Math.floor(facts.roomMs / 60000);
    const message = why === "storage" && facts.problem;
    return {
      light: "bad",
      code: `stalled-${why}`,
      main,
      more: message
        ? phrase("capture.truth.server_says", { message: facts.problem })
        : phrase(minutes > 0 ? "capture.truth.room" : "capture.truth.room_short", { minutes }),
    };
  }
  if (facts.durableWallMs === null) {
    return { light: "late", code: "first", main: phrase("capture.truth.first", { waiting }), more: null };
  }
  const ageMs = Math.max(0, now - facts.durableWallMs);
  const heldMs = facts.handedMs === null ? 0 : now - facts.handedMs;
  const values = { time: formatClock(facts.durableWallMs), seconds: seconds(ageMs), waiting };
  /** @type {Phrase} */
  const more =
    heldMs > QUIET_MS
      ? phrase("capture.truth.browser_quiet", { seconds: seconds(heldMs) })
      : phrase("capture.truth.browser_holds", { seconds: Math.max(1, seconds(heldMs)) });
  if (ageMs > BEHIND_MS && facts.waitingBytes > 0) {
    return { light: "late", code: "behind", main: phrase("capture.truth.behind", values), more };
  }
  // Still true, but it is not going to stay so.
  const light = facts.link === "up" ? "good" : "late";
  return { light, code: light, main: phrase("capture.truth.good", values), more };
}
