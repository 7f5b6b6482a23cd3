/**
 * What is asked of the server for a recording, so that it takes it. Pure.
 *
 *   titleBody(" ")                         { title: null }
 *   markBody(atMs, "he falls", timeline)   { at_ms, detail }, or null where the recording has nothing at that time
 *   keptBody(span, timeline)               { start_ms, end_ms }, or null in the same way
 *
 * @module
 */

/** @typedef {{ startMs: number, endMs: number }} Span */

/** A picture is shown from its beginning; the last one stands for the end. */
const BESIDE_MS = 1000;

/** @param {string} text */
export const titleBody = (text) => ({ title: text.trim() === "" ? null : text.trim() });

/** @param {number} atMs @param {string} text @param {Span} recording @returns {{ at_ms: number, detail?: string } | null} */
export function markBody(atMs, text, { startMs, endMs }) {
  if (atMs < startMs - BESIDE_MS || atMs > endMs + BESIDE_MS) return null;
  // It begins within that millisecond, not before.
  const at_ms = Math.min(Math.max(Math.round(atMs), startMs + 1), endMs);
  const detail = text.trim();
  return detail === "" ? { at_ms } : { at_ms, detail };
}

/** @param {Span} span @param {Span} recording @returns {{ start_ms: number, end_ms: number } | null} */
export function keptBody(span, { startMs, endMs }) {
  if (span.startMs >= endMs || span.endMs <= startMs) return null;
  return { start_ms: Math.floor(span.startMs), end_ms: Math.ceil(span.endMs) };
}
