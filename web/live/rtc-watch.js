/**
 * Whether a WebRTC connection gives what it is there for, from the browser's counters. Pure.
 *
 *   const watch = createWatch(nowMs);
 *   watch.seen(countersOf(reports), nowMs)
 *   watch.verdict(nowMs, { isConnected, isFlowing, hasPicture, isVisible })     what is wrong, or null
 *   watch.isShown(), watch.isSoundless(nowMs), watch.bitrateBps(nowMs), watch.playoutMs()
 *
 * @module
 */

import { createMeter } from "./meter.js";

/** Nobody waits longer in front of a black picture when another path is there. */
const MEDIA_MS = 4000;
/** After this the list says by itself that a device is silent, and no path has more. */
const SILENT_MS = 8000;
/** Joining sends the newest group of pictures; one that is too large for that is over in the meantime, mostly. */
const DECODE_MS = 5000;
/** Sound begins a moment after the picture. */
const SOUND_MS = 2500;
/** Nothing was looked at for so long: the page slept, and counters stood still with it. */
const SLEPT_MS = 3000;
/** Between the epochs of 1900 and 1970. */
const NTP_MS = 2_208_988_800_000;

/** @typedef {{ videoBytes: number, audioBytes: number, frames: number, playoutMs: number | null }} Counters */
/** @typedef {{ isConnected: boolean, isFlowing: boolean | null, hasPicture: boolean, isVisible: boolean }} Circumstances `isFlowing`: media comes to the server; null: nobody knows */
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
    /** @param {Counters} next @param {number} nowMs */
    seen(next, nowMs) {
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
    },
    /** @param {number} nowMs @param {Circumstances} circumstances @returns {Why | null} */
    verdict(nowMs, { isConnected, isFlowing, hasPicture, isVisible }) {
      wake(nowMs);
      if (firstBytesMs === 0) {
        const isPatient = isConnected && isFlowing === false;
        return !isPatient && nowMs - beganMs > MEDIA_MS ? { code: "no_route" } : null;
      }
      const silentMs = nowMs - bytesMs;
      if (isFlowing !== false && silentMs > (isFlowing ? MEDIA_MS : SILENT_MS)) return { code: "silent" };
      if (!hasPicture || !isVisible || silentMs > 1000) return null;
      return nowMs - (framesMs > 0 ? framesMs : firstBytesMs) > DECODE_MS ? { code: "decode" } : null;
    },
    /** It has decoded something. @param {boolean} hasPicture */
    isShown: (hasPicture) => (hasPicture ? counters.frames > 0 : counters.audioBytes > 0),
    /** Pictures come, and no sound. @param {number} nowMs */
    isSoundless: (nowMs) => counters.frames > 0 && counters.audioBytes === 0 && nowMs - firstBytesMs > SOUND_MS,
    /** @param {number} nowMs */
    isSilent: (nowMs) => bytesMs > 0 && nowMs - bytesMs > 1500,
    /** @param {number} nowMs */
    bitrateBps: (nowMs) => meter.rate(nowMs),
    /** Wall time of what is played, by the sender's clock; null where the browser does not say. */
    playoutMs: () => counters.playoutMs,
  };
}
