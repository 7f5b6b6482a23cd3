/**
 * What this browser can do for each path, and in which container it asks for a stream. Pure.
 *
 *   abilitiesOf(window)
 *   inability("webrtc", 'video/mp4; codecs="hvc1…"', able)   { code: "codec", codecs: ["HEVC (H.265)"] }, or null
 *   containerFor('video/webm; codecs="av01…,opus"', able)    { container: null }: the stream's own; { container: "mp4" };
 *                                                            null where neither can be played
 *
 * @module
 */

import { codecName, inContainer, isSound, mimeOf, parseMime } from "./codecs.js";
import { mediaSources } from "./media.js";

/** @typedef {import("./codecs.js").Container} Container */
/** @typedef {import("./choice.js").Kind} Kind */
/** @typedef {import("./choice.js").Why} Why */
/**
 * @typedef {object} Abilities
 * @property {((mime: string) => boolean) | null} isTypeSupported null where there are no media sources
 * @property {string[] | null} rtc names of the video codecs that WebRTC decodes; null where there is none
 * @property {boolean} [isAsItIs] the server gives this stream in its own container only
 */

/** What WebRTC has a payload for, by the names of both worlds. @type {[RegExp, string][]} */
const PAYLOADS = [
  [/^(vp8|vp08)/i, "vp8"],
  [/^(vp9|vp09)/i, "vp9"],
  [/^av0?1/i, "av1"],
  [/^(avc[13]|h264)/i, "h264"],
];

/** @param {any} page @returns {Abilities} */
export function abilitiesOf(page) {
  const sources = mediaSources(page);
  return {
    isTypeSupported: sources ? (mime) => sources.Source.isTypeSupported(mime) : null,
    rtc: typeof page.RTCPeerConnection === "function" ? rtcCodecs(page.RTCRtpReceiver) : null,
  };
}

/** Where the browser does not tell, the server finds it in the offer. @param {any} Receiver @returns {string[]} */
function rtcCodecs(Receiver) {
  const everything = PAYLOADS.map(([, name]) => name);
  if (!Receiver || typeof Receiver.getCapabilities !== "function") return everything;
  const known = Receiver.getCapabilities("video");
  if (!known) return everything;
  return known.codecs.map((/** @type {{ mimeType: string }} */ { mimeType }) => mimeType.toLowerCase().replace("video/", ""));
}

/**
 * @param {Kind} kind
 * @param {string | null} mime the stream's, null before its first media: nobody knows then what it will be
 * @param {Abilities} able
 * @returns {Why | null}
 */
export function inability(kind, mime, able) {
  if (kind === "jpeg") return null;
  if (kind === "webrtc") return able.rtc === null ? { code: "browser" } : rtcInability(mime, able.rtc);
  if (!able.isTypeSupported) return { code: "browser" };
  if (mime === null || containerFor(mime, able) !== null) return null;
  return { code: "codec", codecs: missingCodecs(mime, able.isTypeSupported) };
}

/** @param {string | null} mime @param {string[]} decoded @returns {Why | null} */
function rtcInability(mime, decoded) {
  const parsed = mime === null ? null : parseMime(mime);
  const videos = parsed ? parsed.codecs.filter((codec) => !isSound(codec)) : [];
  const payload = (/** @type {string} */ codec) => (PAYLOADS.find(([pattern]) => pattern.test(codec)) || [null, ""])[1];
  const missing = videos.filter((codec) => !decoded.includes(payload(codec)));
  return missing.length > 0 ? { code: "codec", codecs: missing.map(codecName) } : null;
}

/**
 * @param {string | null} mime the stream's own
 * @param {Abilities} able
 * @returns {{ container: Container | null } | null}
 */
export function containerFor(mime, { isTypeSupported, isAsItIs = false }) {
  if (!isTypeSupported) return null;
  if (mime === null || isTypeSupported(mime)) return { container: null };
  const parsed = parseMime(mime);
  if (!parsed || isAsItIs) return null;
  const container = otherThan(parsed.container);
  const other = inContainer(parsed, container);
  return other !== null && isTypeSupported(other) ? { container } : null;
}

/** @param {Container} container @returns {Container} */
export function otherThan(container) {
  return container === "mp4" ? "webm" : "mp4";
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
