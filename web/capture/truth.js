/**
 * What the light and the line beside it say (promise P6). Pure: numbers in, keys of sentences out.
 *
 *   describeTruth(facts, now) → { light, main: { key, values }, more: { key, values } | null, also: [], code }
 *
 * `code` names the situation; it changes when what a person should know changes, not every second. `also` is what
 * is worth a sentence beside it.
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
/** Fewer minutes than this are not counted. */
const FEW_MINUTES = 2;
/** From as many hours on minutes are not counted. */
const MANY_HOURS = 2;

/** What the sentences begin with that say where what is recorded waits, and for how long there is room. */
const WAITS = "capture.truth.waits.";

/**
 * @typedef {object} Facts
 * @property {"idle" | "starting" | "recording" | "stopping" | "finished" | "error"} phase
 * @property {"unknown" | "good" | "down" | "unable"} server as seen while nothing is recorded
 * @property {string} serverReason
 * @property {"down" | "connecting" | "up"} link
 * @property {boolean} everUp
 * @property {boolean} cameraLost
 * @property {boolean} partly the server could not record all of it
 * @property {number} sinceMs when this visit began to record
 * @property {boolean} isResumed an earlier visit began this recording
 * @property {number | null} stoppedMs
 * @property {boolean} isEnding Stop was pressed, and the last of it is still on its way from the encoder
 * @property {number} waitingBytes
 * @property {number} lostBytes handed over by the encoder, and the server has it not and never will
 * @property {number | null} durableWallMs everything up to there is on the server
 * @property {number | null} liveWallMs so is what is recorded now, apart from older remainders that are still here
 * @property {number | null} durableAtMs
 * @property {number | null} handedMs when the encoder last handed something over
 * @property {number} creditBytes
 * @property {string} problem why the server cannot write, "" while it can
 * @property {"not_paired" | "revoked" | null} refused the server does not let this device in
 * @property {number | null} roomMs for how much longer the device's storage lasts without the server, null where the
 *   browser does not tell
 * @property {boolean} roomIsLow
 * @property {{ reason: string, sinceMs: number } | null} full nothing more can wait on this device
 * @property {Keeps} keeps
 * @property {"wss" | "https" | null} transport
 * @property {string} elsewhere the server's address, where it is not the page's own
 * @property {Earlier | null} earlier what waits here of recordings of earlier visits
 */

/**
 * @typedef {object} Earlier
 * @property {string} when the one that is being delivered began, for people
 * @property {boolean} linked whether the server takes it now
 * @property {boolean} isRefused the server does not let this device in
 * @property {number} waitingBytes
 * @property {number} wholeBytes what of it waited at first
 * @property {number} behind how many more there are
 * @property {number} behindBytes
 */

/**
 * For how long what waits stays on this device: as long as the page is open, some days (Safari), or until it has
 * arrived.
 * @typedef {"open" | "days" | "arrived"} Keeps
 */

/** @typedef {{ key: string, values: Record<string, string | number> }} Phrase */
/** @typedef {{ light: "idle" | "good" | "late" | "bad", code: string, main: Phrase, more: Phrase | null }} Told */
/** @typedef {Told & { also: Phrase[] }} Truth */

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
  const line = told(facts, now);
  const isRoomTold = line.more !== null && line.more.key.startsWith(WAITS);
  return { ...line, also: beside(facts, isRoomTold) };
}

/**
 * @param {Facts} facts
 * @param {boolean} isRoomTold the line says already for how long there is room
 * @returns {Phrase[]}
 */
function beside({ phase, problem, lostBytes, link, transport, elsewhere, roomIsLow, roomMs, full, earlier }, isRoomTold) {
  const also = [];
  const inSession = phase === "recording" || phase === "starting";
  if (inSession || phase === "stopping") {
    if (problem) also.push(phrase("capture.truth.server_says", { message: problem }));
    if (lostBytes > 0) also.push(phrase("capture.truth.lost", { size: formatBytes(lostBytes) }));
    if (link === "up" && transport === "https") also.push(phrase("capture.truth.by_https"));
    if (link === "up" && elsewhere) also.push(phrase("capture.truth.elsewhere", { address: elsewhere }));
  }
  if (inSession && roomIsLow && roomMs !== null && !full && !isRoomTold) {
    const minutes = Math.floor(roomMs / 60000);
    also.push(phrase(minutes >= FEW_MINUTES ? "capture.truth.room_low" : "capture.truth.room_low_now", { minutes }));
  }
  if (earlier) also.push(...underway(earlier));
  return also;
}

/** @param {Earlier} earlier @returns {Phrase[]} */
function underway({ when, linked, isRefused, waitingBytes, wholeBytes, behind, behindBytes }) {
  const values = { when, waiting: formatBytes(waitingBytes), whole: formatBytes(wholeBytes) };
  const how = isRefused ? "outside" : !linked ? "waiting" : waitingBytes > 0 ? "sending" : "finishing";
  const also = [phrase(`capture.truth.earlier.${how}`, values)];
  if (behind > 0) {
    const more = { count: behind, waiting: formatBytes(behindBytes) };
    also.push(phrase(behind === 1 ? "capture.truth.earlier.more.one" : "capture.truth.earlier.more", more));
  }
  return also;
}

/**
 * @param {Facts} facts
 * @param {number} now
 * @returns {Told}
 */
function told(facts, now) {
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
      if (!facts.cameraLost && !facts.full) return { light: "idle", code: "starting", main: phrase("capture.truth.starting"), more: null };
      return recording(facts, now);
    case "recording":
      return recording(facts, now);
  }
}

/** @param {Facts} facts @returns {Told} */
function idle(facts) {
  if (facts.server === "good" && facts.earlier && facts.earlier.isRefused) {
    return { light: "bad", code: "outside", main: phrase("capture.truth.outside.idle"), more: wouldWait(facts) };
  }
  switch (facts.server) {
    case "good":
      return {
        light: "idle",
        code: "ready",
        main: facts.elsewhere ? phrase("capture.truth.ready_elsewhere", { address: facts.elsewhere }) : phrase("capture.truth.ready"),
        more: phrase("capture.truth.ready_more"),
      };
    case "down":
      return {
        light: "bad",
        code: "server-down",
        main: phrase("capture.truth.server_down"),
        more: wouldWait(facts),
      };
    case "unable":
      return {
        light: "bad",
        code: "server-unable",
        main: phrase("capture.truth.server_unable", { reason: facts.serverReason }),
        more: wouldWait(facts),
      };
    case "unknown":
      return { light: "idle", code: "unknown", main: phrase("capture.truth.not_recording"), more: null };
  }
}

/** @param {Facts} facts */
const wouldWait = ({ keeps }) => phrase(keeps === "open" ? "capture.truth.would_wait_open" : "capture.truth.would_wait");

/** @param {Facts} facts @param {number} now @returns {Told} */
function stopping(facts, now) {
  if (facts.isEnding) return { light: "late", code: "ending", main: phrase("capture.truth.ending"), more: null };
  const waiting = formatBytes(facts.waitingBytes);
  const kept = phrase(`capture.truth.kept.${facts.keeps}`);
  if (facts.refused) {
    return { light: "bad", code: `stopped-${facts.refused}`, main: phrase(`capture.truth.outside.stopped.${facts.refused}`, { waiting }), more: kept };
  }
  if (facts.link !== "up" && !facts.problem) {
    const why = reason(facts, now);
    return {
      light: "bad",
      code: `stopped-${why}`,
      main: phrase("capture.truth.stopped_offline", { waiting }),
      more: kept,
    };
  }
  if (facts.link !== "up" || (facts.creditBytes === 0 && facts.waitingBytes > 0)) {
    return {
      light: "bad",
      code: "stopped-storage",
      main: phrase("capture.truth.stopped_storage", { waiting }),
      more: kept,
    };
  }
  return facts.waitingBytes > 0
    ? { light: "late", code: "sending", main: phrase("capture.truth.sending", { waiting }), more: phrase(`capture.truth.keep.${facts.keeps}`) }
    : { light: "late", code: "finishing", main: phrase("capture.truth.finishing"), more: null };
}

/** It goes on like this: where what is recorded waits, and for how long there is room. @param {Facts} facts @returns {Phrase} */
function waits({ keeps, roomMs }) {
  const where = WAITS + (keeps === "open" ? "page" : "device");
  if (roomMs === null) return phrase(`${where}.unknown`);
  const minutes = Math.floor(roomMs / 60000);
  const hours = Math.floor(minutes / 60);
  if (hours >= MANY_HOURS) return phrase(`${where}.hours`, { hours });
  return minutes >= FEW_MINUTES ? phrase(`${where}.minutes`, { minutes }) : phrase(`${where}.short`);
}

/** @param {Facts} facts @param {number} now @returns {Told} */
function recording(facts, now) {
  const waiting = formatBytes(facts.waitingBytes);
  const durableAt = facts.durableAtMs === null ? facts.sinceMs : facts.durableAtMs;
  const stalledMs = now - durableAt;

  if (facts.cameraLost) {
    return {
      light: "bad",
      code: "camera",
      main: phrase("capture.truth.camera_lost", { waiting }),
      more: phrase("capture.truth.camera_lost_more"),
    };
  }
  if (facts.full) {
    const { reason: cause, sinceMs } = facts.full;
    const server = cause === "server_disk_full";
    return {
      light: "bad",
      code: server ? "full-server" : "full-device",
      main: phrase(`capture.truth.full.${server ? "server" : "device"}`, { time: formatClock(sinceMs), waiting }),
      more: phrase("capture.truth.full_more"),
    };
  }
  // Nothing becomes durable until somebody does something, so it is said at once.
  if (facts.refused) {
    const isNew = facts.durableWallMs === null;
    const values = { time: isNew ? "" : formatClock(/** @type {number} */ (facts.durableWallMs)), waiting };
    return {
      light: "bad",
      code: `outside-${facts.refused}`,
      main: phrase(`capture.truth.outside.${isNew ? "nothing" : "stalled"}.${facts.refused}`, values),
      more: waits(facts),
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
    // An encoder that is silent does not go on, and has nothing that could wait.
    return { light: "bad", code: `stalled-${why}`, main, more: why === "browser" ? null : waits(facts) };
  }
  if (facts.durableWallMs === null) {
    const main = phrase(facts.isResumed ? "capture.truth.first_again" : "capture.truth.first", { waiting });
    return { light: "late", code: "first", main, more: null };
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
    // What is recorded now goes first; an older remainder follows in what time is left.
    const { liveWallMs } = facts;
    const live = liveWallMs !== null && now - liveWallMs <= BEHIND_MS;
    return {
      light: "late",
      code: live ? "behind-live" : "behind",
      main: phrase("capture.truth.behind", values),
      more: live ? phrase("capture.truth.behind_live", { time: formatClock(liveWallMs) }) : more,
    };
  }
  // Still true, but it is not going to stay so; or not all of it is there.
  const isWhole = facts.link === "up" && !facts.problem && facts.lostBytes === 0;
  const light = isWhole ? "good" : "late";
  return { light, code: light, main: phrase("capture.truth.good", values), more };
}
