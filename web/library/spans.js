/**
 * Everything that is on a session's timeline, in order, for what is drawn and for the list beside it. Pure.
 *
 *   spansOf(timeline, map)      [{ kind: "footage" | "gap" | "waiting", startMs, endMs, reason, detail }]
 *
 * @module
 */

/** @typedef {import("./wall-map.js").What} What */

/** @param {Pick<import("./timeline.js").Timeline, "gaps">} timeline @param {import("./wall-map.js").WallMap} map @returns {What[]} */
export function spansOf({ gaps }, map) {
  /** @type {What[]} */
  const spans = [];
  const edges = [map.startMs, ...map.footage.flatMap(({ startMs, endMs }) => [startMs, endMs]), ...gaps.flatMap(({ startMs, endMs }) => [startMs, endMs])]
    .filter((edge) => edge >= map.startMs && edge < map.untilMs)
    .sort((a, b) => a - b);
  for (const edge of edges) {
    const last = spans[spans.length - 1];
    if (last && edge < last.endMs) continue;
    const what = map.whatAt(edge);
    if (what.kind === "nothing" || what.endMs <= edge) continue;
    if (last && last.kind === what.kind && last.reason === what.reason && last.detail === what.detail && last.endMs >= edge) last.endMs = what.endMs;
    else spans.push({ ...what, startMs: edge });
  }
  return spans;
}
