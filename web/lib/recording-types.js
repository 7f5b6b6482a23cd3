/**
 * Which recording types there are, which this browser can make, and which one to take. Pure.
 *
 *   const types = supportedTypes({ supported: (mime) => MediaRecorder.isTypeSupported(mime), height: 720 });
 *   const type = chooseType(types, { apple: isApple(navigator), wanted: "h264" });
 *   mimeFor(type, { video: true, audio: false });   // built from the tracks really present
 *
 * A type's id is lasting (settings keep it): "vp8", "vp9", "av1", "h264", "hevc", "mp4", "any".
 *
 * @module
 */

/**
 * @typedef {object} RecordingType
 * @property {string} id
 * @property {"webm" | "mp4"} container what the files on the server will be
 * @property {string} name the codec as people know it
 * @property {string} withSound the mime with a video and an audio track
 * @property {string} silent the mime with a video track alone
 */

/** @typedef {{ withSound: string, silent: string }} Variant */

/**
 * The H.264 level that the picture needs: an encoder may refuse a picture larger than the level allows.
 * @param {number} height shorter side in pixels
 */
function avcLevel(height) {
  if (height > 1088) return "33";
  return height > 720 ? "28" : "1F";
}

/**
 * @param {string} video
 * @param {string} audio
 * @param {string} container
 * @returns {Variant}
 */
function variant(container, video, audio) {
  return { withSound: `${container};codecs=${video},${audio}`, silent: `${container};codecs=${video}` };
}

/**
 * @param {number} height
 * @returns {{ id: string, container: "webm" | "mp4", name: string, variants: Variant[] }[]}
 */
function candidates(height) {
  const level = avcLevel(height);
  return [
    { id: "vp8", container: "webm", name: "VP8", variants: [variant("video/webm", "vp8", "opus")] },
    { id: "vp9", container: "webm", name: "VP9", variants: [variant("video/webm", "vp9", "opus")] },
    {
      id: "h264",
      container: "mp4",
      name: "H.264",
      variants: [
        variant("video/mp4", `avc1.42E0${level}`, "mp4a.40.2"),
        variant("video/mp4", `avc1.42E0${level}`, "opus"),
        variant("video/mp4", "avc1.42E01F", "mp4a.40.2"),
        variant("video/mp4", "avc1.42E01E", "opus"),
        // The stream arrives as Matroska; the server makes MP4 files of it.
        variant("video/webm", "h264", "opus"),
      ],
    },
    { id: "av1", container: "webm", name: "AV1", variants: [variant("video/webm", "av1", "opus"), variant("video/webm", "av01", "opus")] },
    {
      id: "hevc",
      container: "mp4",
      name: "H.265",
      variants: [
        variant("video/mp4", "hvc1.1.6.L123.B0", "mp4a.40.2"),
        variant("video/mp4", "hvc1.1.6.L123.B0", "opus"),
      ],
    },
    // For engines that record MP4 and take no codec names.
    { id: "mp4", container: "mp4", name: "MP4", variants: [{ withSound: "video/mp4", silent: "video/mp4" }] },
  ];
}

/**
 * @param {{ supported: (mime: string) => boolean, height: number }} options
 * @returns {RecordingType[]}
 */
export function supportedTypes({ supported, height }) {
  /** @type {RecordingType[]} */
  const found = [];
  for (const { id, container, name, variants } of candidates(height)) {
    const able = variants.find(({ withSound, silent }) => supported(withSound) && supported(silent));
    // A plain container says nothing that a named codec of it has not said already.
    const named = id === "mp4" && found.some((type) => type.container === "mp4");
    if (able && !named) found.push({ id, container, name, ...able });
  }
  return found;
}

/**
 * Safari's WebM has been rotated and dropped frames in released versions, its MP4 is what its encoder makes
 * anyway. Elsewhere WebM with VP8 is the lightest to encode and flushes every second.
 */
const APPLE_ORDER = ["h264", "mp4", "hevc", "vp8", "vp9", "av1"];
const OTHER_ORDER = ["vp8", "vp9", "h264", "mp4", "av1", "hevc"];

/**
 * @param {RecordingType[]} types
 * @param {{ apple: boolean, wanted?: string }} options
 * @returns {RecordingType | null} null where the browser supports none
 */
export function chooseType(types, { apple, wanted }) {
  const asked = types.find((type) => type.id === wanted);
  if (asked) return asked;
  for (const id of apple ? APPLE_ORDER : OTHER_ORDER) {
    const type = types.find((candidate) => candidate.id === id);
    if (type) return type;
  }
  return null;
}

/**
 * The mime must name the tracks that are there and no others: Firefox silently records nothing when an audio
 * codec is named and the stream has no sound.
 * @param {RecordingType} type
 * @param {{ audio: boolean }} tracks
 */
export function mimeFor(type, tracks) {
  return tracks.audio ? type.withSound : type.silent;
}
