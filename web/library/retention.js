/**
 * What is deleted by itself: the rules as they are told, typed and sent, and what they would delete. Pure.
 *
 *   const retention = parseRetention(told);            { rules, isFromFile, plan }, or null
 *   const { rules, wrong } = readRules({ max_age_days: "30", … });    `wrong`: names of fields that are no such number
 *   isSame(rules, retention.rules)
 *   const plan = parsePlan(told);
 *
 * @module
 */

import { amount, isNumber } from "./timeline.js";

/** What the server takes. */
export const LIMITS = {
  max_age_days: { least: 0.01, most: 36_525 },
  max_total_gb: { least: 0.001, most: 1_000_000 },
  max_device_gb: { least: 0.001, most: 1_000_000 },
  reserve_gb: { least: 0.001, most: 1_000_000 },
  reserve_minutes: { least: 1, most: 525_600 },
};

/** @typedef {keyof typeof LIMITS} Rule */
/** @typedef {Record<Rule, number | null>} Rules */
/**
 * @typedef {object} Plan
 * @property {number} files
 * @property {number} bytes
 * @property {number | null} untilMs where the newest of the files ends
 * @property {number} missingBytes what the rules ask for beyond what may be deleted
 * @property {number | null} daysThatFit
 * @property {number} footageBytes
 * @property {number} safeBytes of that what nothing deletes by itself
 * @property {number | null} freeBytes
 * @property {number | null} pauseBytes
 * @property {boolean} isBelowPause
 * @property {boolean} freesNothing deleting for want of space has brought none
 */

export const RULES = /** @type {Rule[]} */ (Object.keys(LIMITS));

/** @param {unknown} value */
const numberOrNull = (value) => (isNumber(value) ? value : null);

/** @param {any} told @returns {Plan | null} */
export function parsePlan(told) {
  if (told === null || typeof told !== "object" || !isNumber(told.files)) return null;
  return {
    files: amount(told.files),
    bytes: amount(told.bytes),
    untilMs: numberOrNull(told.until_ms),
    missingBytes: amount(told.missing_bytes),
    daysThatFit: numberOrNull(told.days_that_fit),
    footageBytes: amount(told.footage_bytes),
    safeBytes: amount(told.safe_bytes),
    freeBytes: numberOrNull(told.free_bytes),
    pauseBytes: numberOrNull(told.pause_bytes),
    isBelowPause: Array.isArray(told.warnings) && told.warnings.includes("reserve_below_pause"),
    freesNothing: Array.isArray(told.warnings) && told.warnings.includes("frees_nothing"),
  };
}

/** @param {(rule: Rule) => number | null} of @returns {Rules} */
const rulesOf = (of) => /** @type {Rules} */ (Object.fromEntries(RULES.map((rule) => [rule, of(rule)])));

/** @param {any} told @returns {{ rules: Rules, isFromFile: boolean, plan: Plan } | null} */
export function parseRetention(told) {
  const plan = told !== null && typeof told === "object" ? parsePlan(told.plan) : null;
  return plan && { rules: rulesOf((rule) => numberOrNull(told[rule])), isFromFile: told.from === "file", plan };
}

/**
 * Nothing typed is no rule. A comma before three digits is refused: for some it is thousands, for others a fraction.
 * @param {string} text @param {Rule} rule @returns {number | null | undefined} undefined: no number that the server takes
 */
export function readNumber(text, rule) {
  const typed = text.trim();
  if (typed === "") return null;
  if (!/^\d{1,9}([.,]\d{1,6})?$/.test(typed) || /^[1-9]\d*,\d{3}$/.test(typed)) return undefined;
  const value = Number(typed.replace(",", "."));
  const { least, most } = LIMITS[rule];
  return value >= least && value <= most ? value : undefined;
}

/** @param {Record<Rule, string>} typed @returns {{ rules: Rules, wrong: Rule[] }} */
export function readRules(typed) {
  const wrong = RULES.filter((rule) => readNumber(typed[rule], rule) === undefined);
  return { rules: rulesOf((rule) => readNumber(typed[rule], rule) ?? null), wrong };
}

/** @param {Rules} rules */
export const isNone = (rules) => RULES.every((rule) => rules[rule] === null);

/** @param {Rules} a @param {Rules} b */
export const isSame = (a, b) => RULES.every((rule) => a[rule] === b[rule]);
