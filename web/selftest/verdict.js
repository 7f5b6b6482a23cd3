// Decides from the steps' results whether the device will work. Pure: no
// browser interface is touched here.

/** @typedef {import("./outcomes.js").Result} Result */
/** @typedef {"passed" | "warning" | "failed"} VerdictState */
/** @typedef {{ state: VerdictState, failures: Result[], limits: Result[] }} Verdict */
/** @typedef {(key: string, values?: Record<string, string | number>) => string} Translate */

/** Codes that every step can have and whose words do not name the step. */
const COMMON = new Set(["unexpected", "overdue", "skipped"]);

/** Findings that the trust page answers. */
const ANSWERED_BY_TRUST = new Set(["secure.insecure", "certificate.live_blocked", "certificate.exception"]);

/** Findings after which the visitor allows something before testing again. */
const ANSWERED_BY_ALLOWING = new Set(["permission.denied", "permission.denied_system", "permission.unanswered"]);

/**
 * @param {readonly Result[]} results
 * @returns {Verdict}
 */
export function decide(results) {
  const failures = results.filter(({ state }) => state === "failed");
  const limits = results.filter(({ state }) => state === "warning");
  // A test that did not get to its end has shown nothing, even if no step failed.
  const complete = results.length > 0 && results.every(({ state }) => state === "passed" || state === "warning" || state === "failed");
  if (failures.length > 0 || !complete) return { state: "failed", failures, limits };
  return { state: limits.length > 0 ? "warning" : "passed", failures, limits };
}

/**
 * Nothing is wrong with the device: it is not let in to record.
 * @param {Verdict} verdict
 */
const isOnlyWatching = ({ failures }) => failures.length === 1 && failures[0].step === "record" && failures[0].code === "watches";

/**
 * The key of a result's sentence, of its limit or of what to do about it.
 * @param {Result} result
 * @param {"" | ".limit" | ".do"} [part]
 * @returns {string}
 */
export function sentenceKey({ step, code }, part = "") {
  return COMMON.has(code) ? `selftest.${code}${part}` : `selftest.${step}.${code}${part}`;
}

/**
 * The values for a result's words; the common sentences also name the step.
 * @param {Result} result
 * @param {Translate} t
 * @returns {Record<string, string | number>}
 */
export function sentenceValues(result, t) {
  return { ...result.values, step: t(`selftest.${result.step}.title`) };
}

/**
 * @param {Verdict} verdict
 * @param {Translate} t
 * @returns {{ headline: string, reasons: string[], actions: string[], limits: string[], trust: boolean, again: string }}
 */
export function words(verdict, t) {
  const { state, failures, limits } = verdict;
  /** @type {(results: Result[], part: "" | ".limit" | ".do") => string[]} */
  const say = (results, part) => [
    ...new Set(results.map((result) => t(sentenceKey(result, part), sentenceValues(result, t)))),
  ];
  /** @type {(results: Result[], findings: Set<string>) => boolean} */
  const any = (results, findings) => results.some(({ step, code }) => findings.has(`${step}.${code}`));
  return {
    headline: t(isOnlyWatching(verdict) ? "selftest.verdict.watches" : `selftest.verdict.${state}`),
    reasons: state === "failed" && failures.length === 0 ? [t("selftest.verdict.incomplete")] : say(failures, ""),
    actions: say(failures, ".do"),
    // Beside a failure the limits are noise: first things first.
    limits: state === "warning" || isOnlyWatching(verdict) ? say(limits, ".limit") : [],
    // Nor is the certificate the cause of a failure beside which it is only tolerated.
    trust: any(state === "failed" ? failures : limits, ANSWERED_BY_TRUST),
    again: t(any(failures, ANSWERED_BY_ALLOWING) ? "selftest.again.allow" : "selftest.again"),
  };
}
