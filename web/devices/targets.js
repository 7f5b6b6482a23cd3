/**
 * Whom the server tells of alarms, as `/api/alarms` and `/api/alarms/test` say it. Pure.
 *
 *   parseTargets(answer)    { nowMs, silentSeconds, targets }
 *
 * @module
 */

/** @typedef {{ name: string, kind: string, isOk: boolean | null, message: string, last: { atMs: number, isOk: boolean, message: string } | null }} Target `isOk`, `message`: of a test */

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");
/** @param {unknown} value @returns {number | null} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** @param {any} answer @returns {{ nowMs: number | null, silentSeconds: number | null, targets: Target[] }} */
export function parseTargets(answer) {
  const told = answer !== null && typeof answer === "object" ? answer : {};
  /** @type {Target[]} */
  const targets = [];
  for (const one of Array.isArray(told.targets) ? told.targets : []) {
    if (one === null || typeof one !== "object") continue;
    const { last } = one;
    const isTold = last !== null && typeof last === "object" && number(last.at_ms) !== null;
    targets.push({
      name: text(one.name) || text(one.kind),
      kind: text(one.kind),
      isOk: typeof one.ok === "boolean" ? one.ok : null,
      message: text(one.message),
      last: isTold ? { atMs: last.at_ms, isOk: last.ok === true, message: text(last.message) } : null,
    });
  }
  return { nowMs: number(told.now_ms), silentSeconds: number(told.silent_seconds), targets };
}
