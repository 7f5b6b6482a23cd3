// Pictures of the pages at the sizes people hold, in both languages, for a person to look at; no text may run out of its place.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { open, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { createShoot, folder, overflowing } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text overflows in ${language}`, { timeout: 180_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t);
    const browser = await openChromium(t, server, { context: { locale: String(locale), viewport: { width: 820, height: 1180 } } });
    const page = await browser.newPage();
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems });
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
