/**
 * The list of streams as `/ws/control` and `/api/streams` tell it. Pure.
 *
 *   parseList(message)    { nowMs, streams } in the order of the wall, or null where it is something else
 *   tilesOf(streams)      those that have a tile: one for each camera
 *   playedOf(stream, streams)   what its tile plays: the smaller picture where there is one
 *   heldUp(stream, ms)    how long its media has been missing, `ms` after the list was told
 *
 * @module
 */

import { oneLine } from "../lib/plain-text.js";

/** The bound of the control protocol. */
const NAME_CHARACTERS = 200;

/** @typedef {"live" | "behind" | "away"} StreamState */

/**
 * @typedef {object} Stream
 * @property {string} stream
 * @property {string} name for people
 * @property {StreamState} state
 * @property {string | null} mime null before the first media
 * @property {{ width: number, height: number } | null} size of the picture
 * @property {boolean} hasSound
 * @property {boolean} hasPicture true as long as nobody knows better
 * @property {number | null} bitrateBps
 * @property {number} behindMs
 * @property {string | null} small the stream that is a smaller picture of this one
 * @property {string | null} of the stream that this one is a smaller picture of
 */

/** @typedef {{ nowMs: number | null, streams: Stream[] }} List */

/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** @param {any} one @returns {Stream | null} */
function parseStream(one) {
  if (one === null || typeof one !== "object" || typeof one.stream !== "string" || one.stream === "") return null;
  const video = typeof one.video === "object" ? one.video : null;
  return {
    stream: one.stream,
    name: oneLine(one.name, NAME_CHARACTERS) || one.stream,
    // A state that this page does not know is one in which it can be tried.
    state: one.state === "behind" || one.state === "away" ? one.state : "live",
    mime: typeof one.mime === "string" ? one.mime : null,
    size: video && isNumber(video.width) && isNumber(video.height) ? { width: video.width, height: video.height } : null,
    hasSound: one.audio !== null && typeof one.audio === "object",
    hasPicture: video !== null || typeof one.mime !== "string",
    bitrateBps: isNumber(one.bitrate_bps) ? one.bitrate_bps : null,
    behindMs: isNumber(one.behind_ms) ? Math.max(0, one.behind_ms) : 0,
    small: typeof one.small === "string" && one.small !== "" ? one.small : null,
    of: typeof one.of === "string" && one.of !== "" ? one.of : null,
  };
}

/** @param {any} message @returns {List | null} */
export function parseList(message) {
  if (message === null || typeof message !== "object" || !Array.isArray(message.streams)) return null;
  if (message.type !== undefined && message.type !== "streams") return null;
  /** @type {Stream[]} */
  const streams = [];
  for (const one of message.streams) {
    const stream = parseStream(one);
    if (stream && !streams.some((other) => other.stream === stream.stream)) streams.push(stream);
  }
  return { nowMs: isNumber(message.now_ms) ? message.now_ms : null, streams: streams.sort(byName) };
}

/**
 * Each camera keeps its place whatever it does: eyes find it where it was.
 * @param {Stream} a @param {Stream} b
 */
function byName(a, b) {
  const named = a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" });
  if (named !== 0) return named;
  return a.stream < b.stream ? -1 : 1;
}

/** A smaller picture whose camera is not listed is all that there is of it. @param {Stream[]} streams */
export const tilesOf = (streams) => streams.filter(({ of }) => of === null || !streams.some(({ stream }) => stream === of));

/** @param {Stream} stream @param {Stream[]} streams @returns {Stream} */
export function playedOf(stream, streams) {
  const small = stream.small === null ? null : streams.find((one) => one.stream === stream.small);
  return small && small.state !== "away" && small.hasPicture ? small : stream;
}

/** @param {Stream} stream @param {number} sinceMs */
export function heldUp({ state, behindMs }, sinceMs) {
  return state === "live" ? 0 : behindMs + Math.max(0, sinceMs);
}
