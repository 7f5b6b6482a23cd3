/**
 * Words that others have chosen, for sentences of this page. Pure.
 *
 *   oneLine(" a\n b ", 80)     "a b": no line, no control character, nothing that turns the direction of writing
 *   isolated("…")             the same, so short that it can be shown, and without influence on what is around it
 *
 * @module
 */

/** The length of a name, and of what a small screen shows in one glance. */
export const SHOWN_CHARACTERS = 80;

/** Spaces and controls. */
const BLANK = /[\u0000-\u001f\u007f-\u009f\s]+/g;
/** Marks, embeddings, overrides and isolates of the direction of writing. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";

/** @param {unknown} value @param {number} characters @returns {string} */
export function oneLine(value, characters) {
  const text = typeof value === "string" ? value : "";
  return Array.from(text.replace(DIRECTION, "").replace(BLANK, " ").trim()).slice(0, characters).join("").trim();
}

/** Letters that are written from the right would pull the words beside them along. @param {string} value */
export function isolated(value) {
  const line = oneLine(value, Infinity);
  const characters = Array.from(line);
  const shown = characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS - 1).join("")}…` : line;
  return /^[ -~]*$/.test(shown) ? shown : FIRST_STRONG_ISOLATE + shown + POP_ISOLATE;
}
