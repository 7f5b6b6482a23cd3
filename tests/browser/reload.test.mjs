// A page that is reloaded while it records goes on with the same recording, in each engine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrived, elapsed, gapsOf, handedOver, reasonsOf } from "./support/arrivals.mjs";
import { open, reaches, record, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { DATABASE, installLastingTap, tapLastingly } from "./support/lasting-tap.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { openWebKit } from "./support/webkit.mjs";

/** @param {import("./support/server.mjs").Session} session */
function interruptedOnce(session) {
  assert.deepEqual(reasonsOf(session), ["start", "page_killed"]);
  const [gap, ...others] = gapsOf(session);
  assert.deepEqual(others, []);
  assert.equal(gap?.reason, "page_killed");
  assert.ok(gap.ms > 0 && gap.ms < 10_000, `the gap has ${gap.ms} ms`);
}

test("Chromium", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server, { tap: false });
  await tapLastingly(browser.context);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await handedOver(page, 1, 5);
  await page.playwright.reload();
  await reaches(page, "recording");
  await handedOver(page, 2, 5);
  assert.ok((await page.evaluate(elapsed)) >= "00:00:09", "the clock goes on, too");
  await stop(page);
  interruptedOnce(await arrived(t, page, server, { generations: 2, unstored: 2 }));
  await server.stop();
});

test("Firefox", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openFirefox(t);
  const page = await browser.newPage({ tap: false, before: [installLastingTap, DATABASE] });
  await open(page, server.https);
  await record(page);
  await handedOver(page, 1, 5);
  await page.goto(server.https);
  await reaches(page, "recording", 30_000);
  await handedOver(page, 2, 5);
  await stop(page);
  interruptedOnce(await arrived(t, page, server, { generations: 2, unstored: 2 }));
  await server.stop();
});

test("WebKit", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const { page } = await openWebKit(t);
  await open(page, server.https);
  if (!(await page.evaluate(() => typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported("video/mp4")))) {
    t.skip("this WebKitGTK was built without a recorder for MP4");
    return;
  }
  // WebDriver runs nothing before the page's own scripts: the second recorder cannot be listened to.
  await page.evaluate(installLastingTap, DATABASE);
  await record(page);
  await handedOver(page, 1, 5);
  await page.goto(server.https);
  await reaches(page, "recording", 30_000);
  const before = await page.evaluate(elapsed);
  await until("more of it", async () => (await page.evaluate(elapsed)).slice(-2) !== before.slice(-2) && (await server.sessions(false))[0]?.events.some(({ generation }) => generation === 1), { within: 30_000 });
  await stop(page);
  interruptedOnce(await arrived(t, page, server, { generations: 2, unstored: 2, tapped: 1 }));
  await server.stop();
});
