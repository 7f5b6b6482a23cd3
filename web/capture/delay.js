/**
 * How often the encoder is asked for what it has, which is how far behind whoever watches live is at least. Pure.
 *
 *   timesliceMs({ delay: "short", apple, mime })
 *   shortDelay({ apple, type })       // "works", "type" (with another recording type), or "never"
 *
 * Chromium and Firefox hand over WebM as often as they are asked. Chromium hands over MP4 at key frames alone, whatever
 * is asked. Safari's MP4 comes in fragments of at least a second, and asked more often its versions 26 gave empty
 * blobs (WebKit bug 301507): there a second is asked for, always.
 *
 * @module
 */

import { TIMESLICE_MS } from "../lib/recorder.js";

/** @typedef {import("./settings.js").Delay} Delay */
/** @typedef {"works" | "type" | "never"} ShortDelay */

/** As often as the server commits: more often would make more work, and nothing that anybody could notice. */
export const SHORT_TIMESLICE_MS = 250;

/** @param {{ apple: boolean, mime: string }} of */
const canBeShort = ({ apple, mime }) => !apple && mime.startsWith("video/webm");

/** @param {{ delay: Delay, apple: boolean, mime: string }} of */
export function timesliceMs({ delay, apple, mime }) {
  return delay === "short" && canBeShort({ apple, mime }) ? SHORT_TIMESLICE_MS : TIMESLICE_MS;
}

/**
 * @param {{ apple: boolean, type: import("../lib/recording-types.js").RecordingType | null }} of
 * @returns {ShortDelay} what choosing the short delay does here
 */
export function shortDelay({ apple, type }) {
  if (apple || !type) return "never";
  return canBeShort({ apple, mime: type.withSound }) ? "works" : "type";
}
