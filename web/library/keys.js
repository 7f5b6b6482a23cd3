/**
 * What a key asks of the player. Only while the player has the focus: single keys are not to act from elsewhere. Pure.
 *
 *   commandOf(event)      { act: "toggle" } and so on, or null
 *
 * @module
 */

const LONG_MS = 10_000;
const STEP_MS = 5_000;
const SHORT_MS = 1_000;
const PAGE_MS = 60_000;

/**
 * @typedef {{ act: "toggle" | "mark" | "go_to" | "faster" | "slower" | "start" | "end" | "sound" | "full_screen" | "from" | "to" | "zoom_in" | "zoom_out" }
 *   | { act: "by", ms: number } | { act: "frame", by: 1 | -1 } | { act: "tenth", tenth: number }} Command
 */

/** @typedef {{ key: string, shiftKey: boolean, ctrlKey: boolean, altKey: boolean, metaKey: boolean, isComposing?: boolean }} Pressed */

/** @type {Record<string, Command>} */
const PLAIN = {
  " ": { act: "toggle" },
  k: { act: "toggle" },
  j: { act: "by", ms: -LONG_MS },
  l: { act: "by", ms: LONG_MS },
  arrowleft: { act: "by", ms: -STEP_MS },
  arrowright: { act: "by", ms: STEP_MS },
  // A slider goes up and down by the same.
  arrowdown: { act: "by", ms: -STEP_MS },
  arrowup: { act: "by", ms: STEP_MS },
  pagedown: { act: "by", ms: -PAGE_MS },
  pageup: { act: "by", ms: PAGE_MS },
  home: { act: "start" },
  end: { act: "end" },
  ",": { act: "frame", by: -1 },
  ".": { act: "frame", by: 1 },
  "<": { act: "slower" },
  ">": { act: "faster" },
  m: { act: "mark" },
  g: { act: "go_to" },
  s: { act: "sound" },
  f: { act: "full_screen" },
  i: { act: "from" },
  o: { act: "to" },
  "+": { act: "zoom_in" },
  "=": { act: "zoom_in" },
  "-": { act: "zoom_out" },
};

/** @param {Pressed} event @returns {Command | null} */
export function commandOf({ key, shiftKey, ctrlKey, altKey, metaKey, isComposing = false }) {
  if (ctrlKey || altKey || metaKey || isComposing) return null;
  const name = key.toLowerCase();
  if (shiftKey && /^arrow/.test(name)) return { act: "by", ms: name === "arrowleft" || name === "arrowdown" ? -SHORT_MS : SHORT_MS };
  if (/^[0-9]$/.test(name)) return { act: "tenth", tenth: Number(name) };
  return Object.prototype.hasOwnProperty.call(PLAIN, name) ? PLAIN[name] : null;
}

/**
 * Does the element with the focus need this key itself? Texts and lists need all, buttons and links those that press them.
 * @param {{ tagName: string, type?: string }} target @param {string} key
 */
export function isTaken({ tagName, type = "" }, key) {
  const tag = tagName.toUpperCase();
  if (tag === "SELECT" || tag === "TEXTAREA") return true;
  if (tag === "INPUT" && type === "checkbox") return key === " ";
  if (tag === "INPUT") return type !== "range";
  return (tag === "BUTTON" || tag === "A" || tag === "SUMMARY") && (key === " " || key === "Enter");
}
