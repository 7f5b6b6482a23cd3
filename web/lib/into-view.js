/**
 * Brings what has just come into view, inside what scrolls around it and nothing else.
 *
 *   bringIntoView(outcome, form);
 *
 * @module
 */

/** So that it does not look cut. */
const MARGIN_PX = 16;

/** @typedef {{ top: number, bottom: number }} Span */

/** By how much to scroll down, which may be less than nothing. Pure. @param {Span} what @param {Span} frame */
export function distance(what, frame) {
  const above = what.top - MARGIN_PX - frame.top;
  const below = what.bottom + MARGIN_PX - frame.bottom;
  // Of what is higher than the frame, the beginning.
  if (above < 0) return above;
  return below > 0 ? Math.min(above, below) : 0;
}

/** @param {Element} what @param {Element} frame that scrolls */
export function bringIntoView(what, frame) {
  const by = distance(what.getBoundingClientRect(), frame.getBoundingClientRect());
  if (by !== 0) frame.scrollTop += by;
}
