/**
 * Whom the server tells of alarms, as `/api/alarms` and `/api/alarms/test` say it. Pure.
 *
 *   parseTargets(answer)    { nowMs, silentSeconds, targets }
 *   attempts(target)        what was sent to it, as keys of sentences; the newest first, whose success counts
 *
 * @module
 */

/** @typedef {{ atMs: number, isOk: boolean, message: string }} Attempt */
/** @typedef {{ name: string, kind: string, isOk: boolean | null, message: string, last: Attempt | null, tested: Attempt | null }} Target `isOk`, `message`: of a test */

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");
/** @param {unknown} value @returns {number | null} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** @param {any} one @returns {Attempt | null} */
function parseAttempt(one) {
  const isTold = one !== null && typeof one === "object" && number(one.at_ms) !== null;
  return isTold ? { atMs: one.at_ms, isOk: one.ok === true, message: text(one.message) } : null;
}

/** @param {any} answer @returns {{ nowMs: number | null, silentSeconds: number | null, targets: Target[] }} */
export function parseTargets(answer) {
  const told = answer !== null && typeof answer === "object" ? answer : {};
  /** @type {Target[]} */
  const targets = [];
  for (const one of Array.isArray(told.targets) ? told.targets : []) {
    if (one === null || typeof one !== "object") continue;
    targets.push({
      name: text(one.name) || text(one.kind),
      kind: text(one.kind),
      isOk: typeof one.ok === "boolean" ? one.ok : null,
      message: text(one.message),
      last: parseAttempt(one.last),
      tested: parseAttempt(one.tested),
    });
  }
  return { nowMs: number(told.now_ms), silentSeconds: number(told.silent_seconds), targets };
}

/** @param {Pick<Target, "last" | "tested">} target @returns {{ key: string, attempt: Attempt }[]} */
export function attempts({ last, tested }) {
  const said = [];
  if (last) said.push({ key: last.isOk ? "devices.targets.ok" : "devices.targets.failed", attempt: last });
  if (tested) said.push({ key: tested.isOk ? "devices.targets.tested_ago" : "devices.targets.test_failed_ago", attempt: tested });
  return said.sort((a, b) => b.attempt.atMs - a.attempt.atMs);
}
