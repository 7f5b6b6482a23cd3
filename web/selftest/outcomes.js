// What each step of the self-test can find, and how grave it is. The page's
// sentences follow from this table: `selftest.<step>.<code>` says what was
// found, `….limit` what a warning means for recording, `….do` what to do about
// a failure. A test checks that every one of them exists in both languages.

/** @typedef {"waiting" | "running" | "passed" | "warning" | "failed" | "skipped"} StepState */
/** @typedef {Record<string, string | number>} Values */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Facts */

/**
 * What one step found.
 * @typedef {object} Result
 * @property {string} step
 * @property {StepState} state
 * @property {string} code
 * @property {Values} values what the sentence's placeholders stand for
 * @property {Facts} facts for the report alone
 */

/** @type {Record<string, Record<string, StepState>>} */
export const OUTCOMES = {
  secure: { ok: "passed", insecure: "failed" },
  certificate: {
    ok: "passed",
    exception: "warning",
    live_blocked: "failed",
    live_refused: "failed",
    unreachable: "failed",
  },
  browser: { ok: "passed", no_camera: "failed", no_recorder: "failed", no_type: "failed" },
  permission: {
    ok: "passed",
    silent_missing: "warning",
    silent_refused: "warning",
    silent_busy: "warning",
    denied: "failed",
    denied_system: "failed",
    not_found: "failed",
    busy: "failed",
    unanswered: "failed",
    failed: "failed",
  },
  devices: { ok: "passed", camera_only: "passed", unnamed: "passed", unlisted: "warning" },
  storage: { ok: "passed", unmeasured: "passed", small: "warning", none: "warning" },
  wakelock: { ok: "passed", missing: "warning", refused: "warning" },
  record: {
    ok: "passed",
    slow: "warning",
    short: "warning",
    watches: "failed",
    recorder_failed: "failed",
    no_data: "failed",
    refused: "failed",
    lost: "failed",
    unconfirmed: "failed",
    unfinished: "failed",
  },
  clock: { ok: "passed", ahead: "passed", behind: "passed" },
  judge: {
    ok: "passed",
    no_sound: "warning",
    no_picture: "failed",
    problems: "failed",
    no_files: "failed",
    unavailable: "failed",
  },
  playback: { ok: "passed", unplayable: "warning", no_seek: "warning", wrong_length: "warning" },
};

/** The steps in the order in which they run, and what each one needs. */
export const PLAN = Object.freeze([
  { id: "secure", needs: [], essential: true, seconds: 5 },
  { id: "certificate", needs: [], essential: true, seconds: 30 },
  { id: "browser", needs: [], essential: true, seconds: 10 },
  { id: "storage", needs: [], essential: false, seconds: 10 },
  { id: "permission", needs: ["secure", "browser"], essential: true, seconds: 150 },
  { id: "devices", needs: ["permission"], essential: false, seconds: 10 },
  { id: "wakelock", needs: [], essential: false, seconds: 10 },
  { id: "record", needs: ["certificate", "permission"], essential: true, seconds: 75 },
  { id: "clock", needs: ["record"], essential: false, seconds: 5 },
  { id: "judge", needs: ["record"], essential: true, seconds: 45 },
  { id: "playback", needs: ["judge"], essential: false, seconds: 45 },
]);

/**
 * @param {string} step
 * @param {string} code
 * @param {Values} [values]
 * @param {Facts} [facts]
 * @returns {Result}
 */
export function result(step, code, values = {}, facts = {}) {
  const state = OUTCOMES[step]?.[code];
  if (!state) throw new RangeError(`the step ${step} has no outcome ${code}`);
  return { step, state, code, values, facts };
}

/**
 * A step that broke in a way nobody thought of. It spoils the verdict only
 * where recording depends on it.
 * @param {string} step
 * @param {boolean} essential
 * @param {unknown} error
 * @returns {Result}
 */
export function unexpected(step, essential, error) {
  return {
    step,
    state: essential ? "failed" : "warning",
    code: "unexpected",
    values: { error: errorText(error) },
    facts: { error: errorText(error) },
  };
}

/**
 * @param {string} step
 * @param {boolean} essential
 * @param {number} seconds
 * @returns {Result}
 */
export function overdue(step, essential, seconds) {
  return { step, state: essential ? "failed" : "warning", code: "overdue", values: { seconds }, facts: { seconds } };
}

/**
 * @param {string} step
 * @returns {Result}
 */
export function skipped(step) {
  return { step, state: "skipped", code: "skipped", values: {}, facts: {} };
}

/**
 * A name and a message, from whatever was thrown: old engines reject with
 * events, strings or nothing.
 * @param {unknown} error
 * @returns {string}
 */
export function errorText(error) {
  if (error === undefined || error === null || error === "") return "unknown error";
  if (typeof error !== "object") return String(error);
  const { name, message, type } = /** @type {{name?: unknown, message?: unknown, type?: unknown}} */ (error);
  // These two names say nothing that the message does not say.
  const named = name === "Error" || name === "RunFailure" ? "" : name;
  const words = [named, message].filter((part) => typeof part === "string" && part !== "");
  if (words.length > 0) return words.join(": ");
  return typeof type === "string" && type !== "" ? type : "unknown error";
}
