/**
 * What a person fills in for a source, and what the server is told of it. Pure.
 *
 *   const draft = newDraft("rtsp");  draftOf(source)
 *   const { spec, problems } = readDraft(draft, { taken: ["door"], before: null })
 *     spec: what goes to the server, or null;  problems: { address: "scheme", name: "empty", … } by field
 *   fieldOf(answer)         the field that an answer with status 400 is about, or null
 *   readForTest(draft, …)   the same for a test, which needs no name
 *
 * @module
 */

import { isBeside, readAddress } from "../lib/rtsp-address.js";
import { parseHours, problemOf, writeHours } from "./hours.js";
import { KINDS } from "./sources.js";

/** @typedef {import("./sources.js").Source} Source */
/** @typedef {import("./sources.js").Kind} Kind */
/** @typedef {import("./hours.js").Rule} Rule */

/**
 * All fields as they stand in the form, of whatever kind.
 * @typedef {object} Draft
 * @property {Kind} kind
 * @property {string} name
 * @property {string} address
 * @property {string} small_address
 * @property {string} user
 * @property {string} password empty: as it is
 * @property {"tcp" | "udp"} transport
 * @property {string} device
 * @property {string} path
 * @property {string} size
 * @property {string} frames_per_second
 * @property {string} bitrate_kbps
 * @property {boolean} sound
 * @property {string} sound_device
 * @property {boolean} record
 * @property {Rule[] | null} hours null: always
 */
/** @typedef {keyof Draft} Field */
/** @typedef {Partial<Record<Field, string>>} Problems by field, the last part of a sentence's key */
/** @typedef {Record<string, unknown>} Spec */

const NAME_CHARACTERS = 80;
/** As streams are named, with room for a number and for what the smaller picture's name has behind it. */
const SLUG_CHARACTERS = 64 - 4 - "-small".length;
/** What the server takes (src/config/sources/entry.rs). @type {Readonly<Record<"width" | "height" | "frames_per_second" | "bitrate_kbps", readonly [number, number]>>} */
const RANGES = { width: [16, 7680], height: [16, 4320], frames_per_second: [0.5, 240], bitrate_kbps: [50, 100_000] };

/** @type {Readonly<Record<Kind, readonly Field[]>>} */
export const FIELDS = {
  rtsp: ["name", "address", "user", "password", "small_address", "transport", "sound", "record", "hours"],
  camera: ["name", "device", "size", "frames_per_second", "bitrate_kbps", "sound", "sound_device", "record", "hours"],
  file: ["name", "path", "sound", "record", "hours"],
  pattern: ["name", "size", "frames_per_second", "bitrate_kbps", "sound", "record", "hours"],
};

/** Whether what comes from it is worth keeping, unless a person says otherwise. @param {Kind} kind */
const isRecorded = (kind) => kind === "rtsp" || kind === "camera";

/** @param {Kind} kind @returns {Draft} */
export function newDraft(kind) {
  return {
    kind, name: "", address: "", small_address: "", user: "", password: "", transport: "tcp", device: "", path: "", size: "",
    frames_per_second: "", bitrate_kbps: "", sound: true, sound_device: "", record: isRecorded(kind), hours: null,
  };
}

/** @param {Source} source @returns {Draft} */
export function draftOf(source) {
  return {
    ...newDraft(source.kind || "rtsp"),
    name: source.name,
    address: source.address,
    small_address: source.smallAddress,
    user: source.user,
    transport: source.transport,
    device: source.device,
    path: source.path,
    size: source.size,
    frames_per_second: source.framesPerSecond === null ? "" : String(source.framesPerSecond),
    bitrate_kbps: source.bitrateKbps === null ? "" : String(source.bitrateKbps),
    sound: source.sound !== false,
    sound_device: typeof source.sound === "string" ? source.sound : "",
    record: source.record,
    hours: source.hours.length === 0 ? null : parseHours(source.hours),
  };
}

/**
 * A name for addresses: of letters that it may have, and free. @param {string} name @param {Kind} kind @param {string[]} taken
 */
export function slugOf(name, kind, taken) {
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const slug = plain.slice(0, SLUG_CHARACTERS).replace(/-+$/, "") || (kind === "pattern" ? "pattern" : "camera");
  // Its smaller picture is a stream, too.
  const isFree = (/** @type {string} */ one) => !taken.includes(one) && !taken.includes(`${one}-small`) && !taken.some((other) => one === `${other}-small`);
  let number = 1;
  while (!isFree(number === 1 ? slug : `${slug}-${number}`)) number += 1;
  return number === 1 ? slug : `${slug}-${number}`;
}

/** @param {number} value @param {readonly [number, number]} range */
const isIn = (value, [least, most]) => value >= least && value <= most;

/** @param {string} text @param {"frames_per_second" | "bitrate_kbps"} what @returns {number | null | undefined} null where it is empty, undefined where it is none */
function amount(text, what) {
  const written = text.trim().replace(",", ".");
  if (written === "") return null;
  const value = Number(written);
  if (!isIn(value, RANGES[what])) return undefined;
  return what === "bitrate_kbps" ? Math.round(value) : value;
}

/** @param {string} text @returns {string | null | undefined} */
function size(text) {
  if (text.trim() === "") return null;
  const sides = /^\s*(\d{2,4})\s*[x×*]\s*(\d{2,4})\s*$/i.exec(text);
  if (!sides) return undefined;
  const [width, height] = [Number(sides[1]), Number(sides[2])];
  return isIn(width, RANGES.width) && isIn(height, RANGES.height) ? `${width}x${height}` : undefined;
}

/** As it is kept, whatever this page thinks of it, or read anew. @param {string} written @param {string} kept */
const readOrKept = (written, kept) => (kept !== "" && written.trim() === kept ? { address: kept, user: "", password: "" } : readAddress(written));

/** Whether no address has come that is another camera's. @param {Spec} spec @param {Source} before */
function isKept({ address, small_address: small }, before) {
  const known = [before.address, before.smallAddress];
  return [address, small].every((one) => typeof one !== "string" || known.some((own) => isBeside(own, one)));
}

/** @param {Draft} draft @param {Spec} spec @param {Problems} problems @param {Source | null} before */
function readRtsp(draft, spec, problems, before) {
  const main = readOrKept(draft.address, before ? before.address : "");
  let { user, password } = draft;
  if ("problem" in main) problems.address = main.problem;
  else {
    spec.address = main.address;
    // What was pasted with its login is taken apart.
    if (main.user !== "") ({ user, password } = main);
  }
  if (draft.small_address.trim() !== "") {
    const small = readOrKept(draft.small_address, before ? before.smallAddress : "");
    if ("problem" in small) problems.small_address = small.problem;
    else spec.small_address = small.address;
  }
  spec.transport = draft.transport;
  user = user.trim();
  if (user === "" && password !== "") problems.user = "needed";
  if (user === "") return;
  spec.user = user;
  if (password !== "") spec.password = password;
  // The server keeps a password for the camera and the user it was given for.
  else if (before && before.hasPassword && (before.user !== user || !isKept(spec, before))) problems.password = "again";
}

/** @param {Draft} draft @param {Spec} spec @param {Problems} problems */
function readPicture(draft, spec, problems) {
  const wanted = { size: size(draft.size), frames_per_second: amount(draft.frames_per_second, "frames_per_second"), bitrate_kbps: amount(draft.bitrate_kbps, "bitrate_kbps") };
  for (const field of /** @type {const} */ (["size", "frames_per_second", "bitrate_kbps"])) {
    const value = wanted[field];
    if (value === undefined) problems[field] = `range.${field}`;
    else if (value !== null) spec[field] = value;
  }
}

/**
 * @param {Draft} draft
 * @param {{ taken: string[], before: Source | null }} about `taken`: names in addresses; `before`: what is being changed
 * @returns {{ spec: Spec | null, problems: Problems }}
 */
export function readDraft(draft, { taken, before }) {
  const { kind } = draft;
  const name = draft.name.trim().replace(/\s+/g, " ");
  /** @type {Problems} */
  const problems = {};
  if (name === "") problems.name = "empty";
  else if (Array.from(name).length > NAME_CHARACTERS) problems.name = "long";
  /** @type {Spec} */
  const spec = { source: before ? before.source : slugOf(name, kind, taken), name, kind };
  if (kind === "rtsp") readRtsp(draft, spec, problems, before);
  if (kind === "camera") {
    if (draft.device.trim() === "") problems.device = "empty";
    spec.device = draft.device.trim();
  }
  if (kind === "file") {
    if (draft.path.trim() === "") problems.path = "empty";
    spec.path = draft.path.trim();
  }
  if (kind === "camera" || kind === "pattern") readPicture(draft, spec, problems);
  spec.sound = kind === "camera" && draft.sound && draft.sound_device.trim() !== "" ? draft.sound_device.trim() : draft.sound;
  spec.record = draft.record;
  if (draft.hours) {
    // Hours of what is not recorded are kept for when it is again, where they can be.
    const isWrong = draft.hours.length === 0 || draft.hours.some((rule) => problemOf(rule) !== null);
    if (!isWrong) spec.hours = writeHours(draft.hours);
    else if (draft.record) problems.hours = "hours";
  }
  // Whether it is paused is left to the server: somebody may have changed that since the form was opened.
  return { spec: Object.keys(problems).length === 0 ? spec : null, problems };
}

/** What can be tried does not need a name. @param {Draft} draft @param {{ taken: string[], before: Source | null }} about */
export function readForTest(draft, about) {
  const name = draft.name.trim() === "" ? "Test" : draft.name;
  const { spec, problems } = readDraft({ ...draft, name, record: false }, about);
  return { spec: spec ? { ...spec, record: false } : null, problems };
}

/** @param {any} answer of the server, that refuses @param {Kind} kind @returns {Field | null} the field that it is about */
export function fieldOf(answer, kind) {
  const error = answer !== null && typeof answer === "object" && answer.error !== null && typeof answer.error === "object" ? answer.error : {};
  if (error.code === "exists") return "name";
  // Its sentence begins with the member that is wrong.
  const [word] = /^[a-z_]+/.exec(typeof error.message === "string" ? error.message : "") || [""];
  const wrong = error.code === "bad_source" || error.code === "bad_request" ? word : "";
  const named = wrong === "source" || wrong === "title" ? "name" : wrong;
  const fields = FIELDS[KINDS.includes(kind) ? kind : "rtsp"];
  return fields.find((field) => field === named) || null;
}
