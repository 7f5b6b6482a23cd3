/**
 * Whether a WebRTC connection gives what it is there for, from the browser's counters. Pure.
 *
 *   const watch = createWatch(nowMs);
 *   watch.seen(countersOf(reports), nowMs)
 *   watch.verdict(nowMs, { isConnected, isFlowing, hasPicture, isVisible })     what is wrong, or null
 *   watch.isShown(), watch.isHeard(), watch.isSoundless(nowMs), watch.bitrateBps(nowMs), watch.delayMs()
 *
 * @module
 */

import { createMeter } from "./meter.js";

/** Nobody waits longer in front of a black picture when another path is there. */
const MEDIA_MS = 4000;
/** The list calls a device live for 5 s after its last media, and is told once a second: before that silence may be the device's own. */
const SILENT_MS = 8000;
/** Joining sends the newest group of pictures; one that is too large for that is over in the meantime, mostly. */
const DECODE_MS = 5000;
/** What converts it on the server starts anew after 4 s without a result, and takes its time on a busy machine. */
const SOUND_MS = 8000;
/** Nothing was looked at for so long: the page slept, and counters stood still with it. */
const SLEPT_MS = 3000;
/** Between the epochs of 1900 and 1970. */
const NTP_MS = 2_208_988_800_000;

/** @typedef {{ videoBytes: number, audioBytes: number, frames: number, playoutMs: number | null }} Counters */
/** @typedef {{ isConnected: boolean, isFlowing: boolean, hasPicture: boolean, isVisible: boolean }} Circumstances `isFlowing`: media comes to the server, as far as anybody knows */
/** @typedef {import("./choice.js").Why} Why */

/**
 * What counts of `getStats()`, as far as the browser knows it.
 * @param {Iterable<any>} reports
 * @returns {Counters}
 */
export function countersOf(reports) {
  const number = (/** @type {unknown} */ value) => (typeof value === "number" && Number.isFinite(value) ? value : 0);
  const counters = { videoBytes: 0, audioBytes: 0, frames: 0, playoutMs: /** @type {number | null} */ (null) };
  for (const report of Array.from(reports)) {
    if (report.type !== "inbound-rtp") continue;
    if (report.kind === "audio" || report.mediaType === "audio") counters.audioBytes += number(report.bytesReceived);
    else {
      counters.videoBytes += number(report.bytesReceived);
      counters.frames += number(report.framesDecoded);
    }
    // Of both the picture's is later in the list or missing.
    const playout = number(report.estimatedPlayoutTimestamp);
    if (playout > 0) counters.playoutMs = playout > NTP_MS * 1.3 ? playout - NTP_MS : playout;
  }
  return counters;
}

/** @param {number} beganMs */
export function createWatch(beganMs) {
  const meter = createMeter();
  let counters = countersOf([]);
  let bytesMs = 0;
  let framesMs = 0;
  let firstBytesMs = 0;
  let lookedMs = beganMs;
  /** When there was last nothing to come. */
  let restedMs = 0;
  /** @type {number | null} */
  let delayMs = null;

  /** @param {number} nowMs */
  function wake(nowMs) {
    const sleptMs = nowMs - lookedMs;
    lookedMs = nowMs;
    if (sleptMs < SLEPT_MS) return;
    beganMs += sleptMs;
    if (bytesMs > 0) bytesMs = nowMs;
    if (framesMs > 0) framesMs = nowMs;
    if (firstBytesMs > 0) firstBytesMs += sleptMs;
  }

  return {
    /** @param {Counters} next @param {number} nowMs @param {number | null} [clockMs] wall time of the counters, by the sender's clock */
    seen(next, nowMs, clockMs = null) {
      wake(nowMs);
      const grown = next.videoBytes + next.audioBytes - counters.videoBytes - counters.audioBytes;
      if (grown > 0) {
        // The group of pictures that comes on joining says nothing about the bit rate.
        if (firstBytesMs > 0) meter.count(grown, nowMs);
        else firstBytesMs = nowMs;
        bytesMs = nowMs;
      }
      if (next.frames > counters.frames) framesMs = nowMs;
      counters = next;
      // Playing goes on until somebody asks for it: only at this moment the two times belong together.
      delayMs = next.playoutMs === null || clockMs === null ? null : clockMs - next.playoutMs;
    },
    /** @param {number} nowMs @param {Circumstances} circumstances @returns {Why | null} */
    verdict(nowMs, { isConnected, isFlowing, hasPicture, isVisible }) {
      wake(nowMs);
      if (firstBytesMs === 0) {
        if (isConnected && isFlowing === false) restedMs = nowMs;
        return nowMs - Math.max(beganMs, restedMs) > MEDIA_MS ? { code: "no_route" } : null;
      }
      if (isFlowing === false) restedMs = nowMs;
      const silentMs = nowMs - bytesMs;
      // A device that is back has its time from then on.
      if (nowMs - Math.max(bytesMs, restedMs) > SILENT_MS) return { code: "silent" };
      if (!hasPicture || !isVisible || silentMs > 1000) return null;
      return nowMs - (framesMs > 0 ? framesMs : firstBytesMs) > DECODE_MS ? { code: "decode" } : null;
    },
    /** It has decoded something. @param {boolean} hasPicture */
    isShown: (hasPicture) => (hasPicture ? counters.frames > 0 : counters.audioBytes > 0),
    isHeard: () => counters.audioBytes > 0,
    /** Pictures come, and no sound. @param {number} nowMs */
    isSoundless: (nowMs) => counters.frames > 0 && counters.audioBytes === 0 && nowMs - firstBytesMs > SOUND_MS,
    /** @param {number} nowMs */
    isSilent: (nowMs) => bytesMs > 0 && nowMs - bytesMs > 1500,
    /** @param {number} nowMs */
    bitrateBps: (nowMs) => meter.rate(nowMs),
    /** From the capture of what is played to its playing; null where the browser does not say. */
    delayMs: () => delayMs,
  };
}
