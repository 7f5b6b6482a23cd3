/**
 * What stands at the door. Pure.
 *
 *   stageOf(access, { records: true })
 *
 * - "in": nothing is asked
 * - "first": this browser decides who gets in
 * - "not_set_up": nobody has decided yet, and this browser may not
 * - "code": the box for the code
 * - "watches": it may watch, and this page records
 *
 * @module
 */

/** @typedef {"in" | "first" | "not_set_up" | "code" | "watches"} Stage */

/**
 * @param {import("../lib/access.js").Access} access
 * @param {{ records: boolean }} page
 * @returns {Stage}
 */
export function stageOf({ mode, canDecide, you }, { records }) {
  if (you.who === "open") return "in";
  if (you.who === "nobody") {
    if (canDecide) return "first";
    return mode === "undecided" ? "not_set_up" : "code";
  }
  // Where everyone may record, so may who was let in to watch.
  return records && mode === "paired" && you.role === "viewer" ? "watches" : "in";
}
