// The short delay for viewers: the browser hands over its bytes four times a second, and nothing else changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, reaches, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startServer } from "./support/server.mjs";
import { readTap } from "./support/tap.mjs";
import { until } from "./support/until.mjs";

/** @param {import("./support/page.mjs").Page} page */
async function chunksPerSecond(page) {
  const tap = (await page.evaluate(readTap)).at(-1);
  assert.ok(tap);
  return tap.chunks / tap.seconds;
}

test("a short delay is asked for in the address, taken back in the settings, and each is recorded as it is", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, `${server.https}/?delay=short`);
  await record(page);
  await recorded(page, 6);
  const short = await chunksPerSecond(page);
  assert.ok(short > 2, `${short} chunks a second`);
  // The change begins the next generation.
  await page.click("#settings-open");
  assert.equal(await page.evaluate(() => document.querySelector("#set-delay input:checked")?.getAttribute("value")), "short");
  await page.click("#set-delay label:first-child");
  await until("the second recorder", async () => (await page.evaluate(readTap)).length === 2);
  await page.click("#settings [data-close]");
  await reaches(page, "recording");
  await recorded(page, 6);
  const normal = await chunksPerSecond(page);
  assert.ok(normal < 1.5, `${normal} chunks a second`);
  await stop(page);
  await judged(t, page, server, { generations: 2 });
  assert.deepEqual(page.errors, []);
  // What was chosen by hand is what the next visit begins with.
  await open(page, server.https);
  await page.click("#settings-open");
  assert.equal(await page.evaluate(() => document.querySelector("#set-delay input:checked")?.getAttribute("value")), "normal");
  await server.stop();
});
