// Pictures of the pages at the sizes people hold, in both languages, for a person to look at; no text may run out of its place.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { open, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { root } from "./support/programs.mjs";
import { startServer } from "./support/server.mjs";

const SIZES = /** @type {const} */ ([[820, 1180], [1180, 820], [390, 844], [1440, 900]]);
const folder = join(root, "target", "screenshots");

/** What is wider than its place; runs in the page. */
function overflowing() {
  const name = (/** @type {Element} */ element) =>
    `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${[...element.classList].map((one) => `.${one}`).join("")}`;
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
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.overflowX === "visible") {
      found.push(`${name(element)} "${text}" needs ${element.scrollWidth} of ${element.clientWidth}`);
    }
    if (element.children.length === 0 && text !== "" && box.right > page.clientWidth + 1) found.push(`${name(element)} "${text}" ends at ${box.right} of ${page.clientWidth}`);
  }
  return found;
}

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text overflows in ${language}`, { timeout: 180_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t);
    const browser = await openChromium(t, server, { context: { locale: String(locale), viewport: { width: 820, height: 1180 } } });
    const page = await browser.newPage();
    const problems = [];
    const shoot = async (/** @type {string} */ name) => {
      for (const [width, height] of SIZES) {
        await page.playwright.setViewportSize({ width, height });
        await page.playwright.screenshot({ path: join(folder, `${name}-${language}-${width}x${height}.png`) });
        for (const problem of await page.evaluate(overflowing)) problems.push(`${name} at ${width}x${height}: ${problem}`);
      }
    };
    await open(page, server.https);
    assert.match(await page.evaluate(() => document.documentElement.lang), new RegExp(`^${language}`));
    await shoot("capture");
    for (const path of ["trust", "selftest"]) {
      await page.goto(`${server.https}/${path}`);
      await shoot(path);
    }
    await page.playwright.setViewportSize({ width: 820, height: 1180 });
    await open(page, server.https);
    await record(page);
    await recorded(page, 3);
    await page.playwright.screenshot({ path: join(folder, `capture-recording-${language}-820x1180.png`) });
    problems.push(...(await page.evaluate(overflowing)).map((problem) => `while recording: ${problem}`));
    await stop(page);
    await page.playwright.screenshot({ path: join(folder, `capture-finished-${language}-820x1180.png`) });
    problems.push(...(await page.evaluate(overflowing)).map((problem) => `when finished: ${problem}`));
    assert.deepEqual(problems, []);
    assert.deepEqual(page.errors, []);
    await server.stop();
  });
}
