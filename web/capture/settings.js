/**
 * What the person chose: kept for the next visit, overridden by the page's query for this one. Pure.
 *
 *   parseQuery("?record=now&name=Lab&camera=back&quality=1080p,high&delay=short")
 *   loadSettings(storage, query), saveSettings(storage, settings)
 *   bitrate(720, "standard")      // 2_500_000
 *
 * `quality` in the query is a resolution (480p, 720p, 1080p, 2160p), a quality (economy, standard, high), or
 * both, separated by a comma.
 *
 * @module
 */

/** @typedef {"economy" | "standard" | "high"} Quality */
/** @typedef {"normal" | "short"} Delay */

/**
 * @typedef {object} Settings
 * @property {string} cameraId "" for the one that facing asks for
 * @property {"front" | "back"} facing
 * @property {string} microphone "" for any, "none" for a recording without sound, or an id
 * @property {number} height
 * @property {Quality} quality
 * @property {string} type "" for the browser's best
 * @property {Delay} delay for whoever watches live
 */

/**
 * @typedef {object} Query
 * @property {boolean} recordNow
 * @property {string} name
 * @property {"front" | "back" | ""} facing
 * @property {number} height 0 where the query does not say
 * @property {Quality | ""} quality
 * @property {Delay | ""} delay
 */

const STORAGE_KEY = "localcamera.settings";

export const HEIGHTS = Object.freeze([480, 720, 1080, 2160]);
/** @type {readonly Quality[]} */
export const QUALITIES = Object.freeze(["economy", "standard", "high"]);
/** @type {readonly Delay[]} */
export const DELAYS = Object.freeze(["normal", "short"]);

/** Bits per second that look clean for a room with people in it, at 30 frames per second. */
const STANDARD_BITS = new Map([
  [480, 1_200_000],
  [720, 2_500_000],
  [1080, 5_000_000],
  [2160, 16_000_000],
]);
const FACTORS = { economy: 0.5, standard: 1, high: 2 };

export const AUDIO_BITS = 128_000;

/** @type {Readonly<Settings>} */
const DEFAULTS = Object.freeze({
  cameraId: "",
  facing: "back",
  microphone: "",
  height: 720,
  quality: "standard",
  type: "",
  // What the short one costs is paid also while nobody watches.
  delay: "normal",
});

/** @param {number} height @param {Quality} quality */
export function bitrate(height, quality) {
  return (STANDARD_BITS.get(height) || 2_500_000) * FACTORS[quality];
}

/** Other words that people write for the same. */
const HEIGHT_WORDS = new Map([["sd", 480], ["hd", 720], ["fullhd", 1080], ["4k", 2160], ["uhd", 2160]]);
/** @type {Map<string, Quality>} */
const QUALITY_WORDS = new Map([["low", "economy"], ["normal", "standard"], ["medium", "standard"], ["best", "high"]]);

/**
 * @param {string} search
 * @returns {Query}
 */
export function parseQuery(search) {
  const query = new URLSearchParams(search);
  const camera = (query.get("camera") || "").toLowerCase();
  /** @type {Query} */
  const parsed = {
    recordNow: query.get("record") === "now",
    name: query.get("name") || "",
    facing: camera === "front" || camera === "back" ? camera : "",
    height: 0,
    quality: "",
    delay: DELAYS.find((known) => known === (query.get("delay") || "").toLowerCase()) || "",
  };
  for (const word of (query.get("quality") || "").toLowerCase().split(/[\s,]+/)) {
    const height = HEIGHT_WORDS.get(word) || Number.parseInt(word, 10);
    if (HEIGHTS.includes(height)) parsed.height = height;
    const quality = QUALITY_WORDS.get(word) || QUALITIES.find((known) => known === word);
    if (quality) parsed.quality = quality;
  }
  return parsed;
}

/**
 * @param {Pick<Storage, "getItem"> | null} storage
 * @param {Query} query
 * @returns {Settings}
 */
export function loadSettings(storage, query) {
  const settings = { ...DEFAULTS };
  try {
    const kept = JSON.parse((storage && storage.getItem(STORAGE_KEY)) || "{}");
    if (typeof kept.cameraId === "string") settings.cameraId = kept.cameraId;
    if (kept.facing === "front" || kept.facing === "back") settings.facing = kept.facing;
    if (typeof kept.microphone === "string") settings.microphone = kept.microphone;
    if (HEIGHTS.includes(kept.height)) settings.height = kept.height;
    if (QUALITIES.includes(kept.quality)) settings.quality = kept.quality;
    if (typeof kept.type === "string") settings.type = kept.type;
    if (DELAYS.includes(kept.delay)) settings.delay = kept.delay;
  } catch {
    // What another program wrote there is no reason not to record.
  }
  if (query.facing) {
    settings.facing = query.facing;
    settings.cameraId = "";
  }
  if (query.height) settings.height = query.height;
  if (query.quality) settings.quality = query.quality;
  if (query.delay) settings.delay = query.delay;
  return settings;
}

/**
 * @param {Pick<Storage, "setItem"> | null} storage
 * @param {Settings} settings
 */
export function saveSettings(storage, settings) {
  try {
    if (storage) storage.setItem(STORAGE_KEY, JSON.stringify(settings));
  } catch {
    // A full storage costs the choice, not the recording.
  }
}
