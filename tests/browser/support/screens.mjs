// The sizes people hold, and what must not happen at any of them.

import { join } from "node:path";
import { root } from "./programs.mjs";

export const SIZES = /** @type {const} */ ([[820, 1180], [1180, 820], [390, 844], [320, 640], [1440, 900]]);
/** Where the pictures go. */
export const folder = join(root, "target", "screenshots");

/**
 * Takes pictures at every size, and notes what must not happen at any of them.
 * @param {import("./page.mjs").Page & { playwright: import("playwright-core").Page }} page
 * @param {object} options
 * @param {string} options.language for the pictures' names
 * @param {string[]} options.problems
 * @param {readonly (readonly [number, number])[]} [options.sizes]
 * @param {(() => string[])[]} [options.checks] run in the page
 * @param {{ width: number, height: number } | null} [options.back] the size of the page behind them
 */
export function createShoot(page, { language, problems, sizes = SIZES, checks = [overflowing], back = null }) {
  return async (/** @type {string} */ name) => {
    for (const [width, height] of sizes) {
      await page.playwright.setViewportSize({ width, height });
      await page.playwright.screenshot({ path: join(folder, `${name}-${language}-${width}x${height}.png`) });
      for (const check of checks) {
        for (const problem of await page.evaluate(check)) problems.push(`${name} at ${width}x${height}: ${problem}`);
      }
    }
    if (back) await page.playwright.setViewportSize(back);
  };
}

/** What is wider than its place; runs in the page. */
export function overflowing() {
  const name = (/** @type {Element} */ element) =>
    `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${[...element.classList].map((one) => `.${one}`).join("")}`;
  // What turns reaches out of its place for a moment.
  for (const animation of document.getAnimations()) animation.cancel();
  const found = [];
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) found.push(`the page is ${page.scrollWidth} wide in ${page.clientWidth}`);
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (style.display === "inline" || box.width === 0 || box.height === 0 || style.visibility === "hidden") continue;
    // What is meant for screen readers alone is clipped to a point.
    if (box.width <= 1 || box.height <= 1) continue;
    const text = element.textContent?.trim().slice(0, 40) ?? "";
    // Fractions of a pixel are rounding; an element that scrolls or cuts with an ellipsis says so in its style.
    if (text !== "" && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.overflowX === "visible") {
      found.push(`${name(element)} "${text}" needs ${element.scrollWidth} of ${element.clientWidth}`);
    }
    if (element.children.length === 0 && text !== "" && box.right > page.clientWidth + 1) found.push(`${name(element)} "${text}" ends at ${box.right} of ${page.clientWidth}`);
  }
  return found;
}
