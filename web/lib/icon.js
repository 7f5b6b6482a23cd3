/**
 * Icons from the shared sprite.
 *
 *   icon("warning")
 *   setIcon(use, "check")         where it is another one than before
 *   void keepIcons(document)      once at the start, for a page that goes on without its server
 *
 * @module
 */

import { request } from "./request.js";

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = "/web/icons.svg";

/** Those that are in the page itself: of the others, browsers fetch the sprite for each one that is new. @type {Set<string>} */
const kept = new Set();

/** @param {string} name */
export const iconAddress = (name) => (kept.has(name) ? `#icon-${name}` : `${SPRITE}#${name}`);

/** @param {string} name @returns {SVGSVGElement} */
export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", iconAddress(name));
  picture.append(use);
  return picture;
}

/** Set anew, it would be fetched and drawn anew. @param {Element} use @param {string} name */
export function setIcon(use, name) {
  const before = use.getAttribute("href") || "";
  if (before !== `#icon-${name}` && before !== `${SPRITE}#${name}`) use.setAttribute("href", iconAddress(name));
}

/** @param {Document} page */
export async function keepIcons(page) {
  try {
    const { ok, text } = await request(SPRITE);
    if (!ok) return;
    const holder = page.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    const symbols = Array.from(holder.querySelectorAll("symbol"));
    const names = symbols.map((symbol) => symbol.id);
    for (const symbol of symbols) symbol.id = `icon-${symbol.id}`;
    holder.setAttribute("class", "visually-hidden");
    holder.setAttribute("aria-hidden", "true");
    page.body.append(holder);
    for (const name of names) kept.add(name);
  } catch {
    // Then they come from the sprite, as long as the server is there.
  }
}
