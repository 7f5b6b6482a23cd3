// Numbers as people read them. Pure.

/** @typedef {import("./verdict.js").Translate} Translate */

/**
 * @param {number} ms
 * @param {Translate} t
 * @returns {string}
 */
export function wordsOfTime(ms, t) {
  if (ms < 1000) return t("selftest.unit.ms", { value: Math.round(ms) });
  const seconds = ms / 1000;
  if (seconds < 120) return t("selftest.unit.seconds", { value: seconds.toFixed(seconds < 10 ? 1 : 0) });
  if (seconds < 7200) return t("selftest.unit.minutes", { value: Math.round(seconds / 60) });
  if (seconds < 172_800) return t("selftest.unit.hours", { value: Math.round(seconds / 3600) });
  return t("selftest.unit.days", { value: Math.round(seconds / 86_400) });
}

/**
 * Seconds with one decimal, as text.
 * @param {number} ms
 * @returns {string}
 */
export function tenths(ms) {
  return (ms / 1000).toFixed(1);
}

/**
 * The tracks of a judged file, such as "1280×720 VP8, Opus".
 * @param {readonly { kind: string, codec: string, width?: number, height?: number }[]} tracks
 * @returns {string}
 */
export function wordsOfTracks(tracks) {
  return tracks
    .map(({ codec, width, height }) => (width && height ? `${width}×${height} ${codecName(codec)}` : codecName(codec)))
    .join(", ");
}

/**
 * @param {string} codec a Matroska codec id or an MP4 sample entry
 * @returns {string}
 */
export function codecName(codec) {
  const known = /** @type {[RegExp, string][]} */ ([
    [/^(V_VP8|vp0?8)/i, "VP8"],
    [/^(V_VP9|vp0?9)/i, "VP9"],
    [/^(V_AV1|av01)/i, "AV1"],
    [/^(V_MPEG4\/ISO\/AVC|avc[13])/i, "H.264"],
    [/^(V_MPEGH\/ISO\/HEVC|hvc1|hev1)/i, "HEVC"],
    [/^(A_OPUS|opus)/i, "Opus"],
    [/^(A_AAC|mp4a)/i, "AAC"],
  ]).find(([pattern]) => pattern.test(codec));
  return known ? known[1] : codec;
}
