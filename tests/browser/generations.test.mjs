// Another camera and a turned tablet begin a new generation in the same session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { startServer } from "./support/server.mjs";
import { readTap } from "./support/tap.mjs";
import { until } from "./support/until.mjs";

/** @param {import("./support/page.mjs").Page} page @param {number} count */
const recorders = (page, count) =>
  until(`recorder ${count}`, async () => (await page.evaluate(readTap)).filter((tap) => tap.bytes > 0).length >= count, { within: 30_000 });

test("another camera while recording begins new files and loses nothing of either", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server, { cameras: 2 });
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 6);
  await page.click("#flip");
  await recorders(page, 2);
  await recorded(page, 6);
  await stop(page);
  const { session } = await judged(t, page, server, { generations: 2 });
  assert.equal(session.events.find((event) => event.event === "generation" && event.generation === 1)?.reason, "camera");
  const player = await browser.newPage();
  await playsInBrowser(t, player, session.generations.get(0) ?? []);
  // Chromium's recorder makes black pictures of its second fake camera.
  await playsInBrowser(t, player, session.generations.get(1) ?? [], { picture: false });
  assert.deepEqual(page.errors, []);
  await server.stop();
});

test("a turned device begins new files", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server, { context: { viewport: null } });
  const page = await browser.newPage();
  const devtools = await browser.context.newCDPSession(page.playwright);
  const turn = (/** @type {boolean} */ portrait) =>
    devtools.send("Emulation.setDeviceMetricsOverride", {
      width: portrait ? 820 : 1180, height: portrait ? 1180 : 820, deviceScaleFactor: 1, mobile: true,
      screenOrientation: portrait ? { type: "portraitPrimary", angle: 0 } : { type: "landscapePrimary", angle: 90 },
    });
  await turn(true);
  await open(page, server.https);
  await record(page);
  await recorded(page, 5);
  await turn(false);
  await recorders(page, 2);
  await recorded(page, 5);
  await stop(page);
  const { session } = await judged(t, page, server, { generations: 2 });
  assert.equal(session.events.find((event) => event.event === "generation" && event.generation === 1)?.reason, "rotation");
  await server.stop();
});
