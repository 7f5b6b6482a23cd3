/**
 * By which path a stream reaches this browser. The paths stand in order of preference; the first that can carry the
 * stream is taken. Pure.
 *
 *   pickPath('video/webm; codecs="vp8,opus"', { isTypeSupported })
 *     { kind: "mse", container: null }       fragments over a WebSocket, in the stream's own container
 *     { kind: "mse", container: "mp4" }      the same, repackaged by the server
 *     { kind: "none", reason: "codec", codecs: ["HEVC (H.265)"] }
 *     { kind: "none", reason: "browser", codecs: [] }          no path at all works in this browser
 *
 * @module
 */

import { codecName, inContainer, mimeOf, parseMime } from "./codecs.js";

/** @typedef {import("./codecs.js").Container} Container */
/**
 * @typedef {object} Abilities
 * @property {((mime: string) => boolean) | null} isTypeSupported null where there are no media sources
 * @property {boolean} [isAsItIs] the server gives this stream in its own container only
 */
/** @typedef {{ kind: "mse", container: Container | null }} MsePath */
/** @typedef {{ kind: "none", reason: "codec" | "browser", codecs: string[] }} NoPath */
/** @typedef {MsePath | NoPath} Path */
/** @typedef {(mime: string | null, able: Abilities) => MsePath | null} Attempt */

/** @type {Attempt} */
function mediaSource(mime, { isTypeSupported, isAsItIs = false }) {
  if (!isTypeSupported) return null;
  // Before its first media nobody knows what a stream will be: the init segment says so.
  if (mime === null || isTypeSupported(mime)) return { kind: "mse", container: null };
  const parsed = parseMime(mime);
  if (!parsed || isAsItIs) return null;
  const container = parsed.container === "mp4" ? "webm" : "mp4";
  const other = inContainer(parsed, container);
  return other !== null && isTypeSupported(other) ? { kind: "mse", container } : null;
}

/** @type {Attempt[]} */
const PATHS = [mediaSource];

/** @param {string | null} mime the stream's, null while it is unknown @param {Abilities} able @returns {Path} */
export function pickPath(mime, able) {
  for (const attempt of PATHS) {
    const path = attempt(mime, able);
    if (path) return path;
  }
  if (!able.isTypeSupported) return { kind: "none", reason: "browser", codecs: [] };
  return { kind: "none", reason: "codec", codecs: missingCodecs(mime || "", able.isTypeSupported) };
}

/**
 * Those codecs that the browser lacks; all of them where it is only their combination that it refuses.
 * @param {string} mime @param {(mime: string) => boolean} isTypeSupported
 */
function missingCodecs(mime, isTypeSupported) {
  const parsed = parseMime(mime);
  if (!parsed || parsed.codecs.length === 0) return [mime];
  const { container, codecs } = parsed;
  const missing = codecs.filter((codec) => !isTypeSupported(mimeOf(container, [codec])));
  return (missing.length > 0 ? missing : codecs).map(codecName);
}
