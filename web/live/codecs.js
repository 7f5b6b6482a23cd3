/**
 * What a media type says of its codecs. Pure.
 *
 *   parseMime('video/webm; codecs="vp8,opus"')   { container: "webm", codecs: ["vp8", "opus"] }
 *   codecName("avc1.42E01E")                     "H.264"
 *   inContainer(parsed, "mp4")                   the same codecs in the other container, or null
 *
 * @module
 */

/** @typedef {"webm" | "mp4"} Container */
/** @typedef {{ container: Container, codecs: string[] }} Parsed */

/** @type {[RegExp, string][]} */
const NAMES = [
  [/^(avc[13]|h264)/i, "H.264"],
  [/^(hvc1|hev1|hevc)/i, "HEVC (H.265)"],
  [/^(vp8|vp08)/i, "VP8"],
  [/^(vp9|vp09)/i, "VP9"],
  [/^av0?1/i, "AV1"],
  [/^opus/i, "Opus"],
  [/^mp4a/i, "AAC"],
  [/^vorbis/i, "Vorbis"],
];
const SOUND = /^(opus|mp4a|vorbis|flac|ac-3|ec-3)/i;
/** Codec strings that mean the same in both containers. VP8 and H.264 have their place in one of them only. */
const IN_WEBM = /^(vp09\.|av01\.|opus$)/i;
const IN_MP4 = /^(avc[13]\.|hvc1\.|hev1\.|vp09\.|av01\.|opus$|mp4a\.)/i;

/** @param {string} mime @returns {Parsed | null} */
export function parseMime(mime) {
  const [, kind, subtype, rest = ""] = /^\s*(video|audio)\/([\w.-]+)\s*(.*)$/i.exec(mime) || [];
  if (!kind) return null;
  const [, quoted, bare] = /codecs\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(rest) || [];
  const codecs = (quoted || bare || "").split(",").map((codec) => codec.trim()).filter((codec) => codec !== "");
  return { container: subtype.toLowerCase() === "mp4" ? "mp4" : "webm", codecs };
}

/** The codec as people know it. @param {string} codec */
export function codecName(codec) {
  const known = NAMES.find(([pattern]) => pattern.test(codec));
  return known ? known[1] : codec;
}

/** @param {string} codec */
export function isSound(codec) {
  return SOUND.test(codec);
}

/** @param {Parsed} parsed @param {Container} container @returns {string | null} */
export function inContainer({ codecs }, container) {
  const allowed = container === "mp4" ? IN_MP4 : IN_WEBM;
  if (codecs.length === 0 || !codecs.every((codec) => allowed.test(codec))) return null;
  return mimeOf(container, codecs);
}

/** @param {Container} container @param {string[]} codecs */
export function mimeOf(container, codecs) {
  const kind = codecs.length > 0 && codecs.every(isSound) ? "audio" : "video";
  return `${kind}/${container}; codecs="${codecs.join(",")}"`;
}

/**
 * Can a source buffer that holds `before` go on with `next`? It keeps the number of tracks of each kind that it began with.
 * @param {string} before @param {string} next
 */
export function sameTracks(before, next) {
  const kinds = (/** @type {string} */ mime) => {
    const parsed = parseMime(mime);
    return parsed ? parsed.codecs.map((codec) => (isSound(codec) ? "a" : "v")).sort().join("") : mime;
  };
  return kinds(before) === kinds(next);
}
