// Chromium records through the real page; the files hold what it encoded, and play.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, reaches, record, recorded, stop, truth } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startServer } from "./support/server.mjs";

test("Chromium records 20 s: every frame is in files that play and seek", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 20);
  assert.notEqual(await truth(page), "", "the truth line is empty while recording");
  await stop(page);

  const { taps, verdicts, files } = await judged(t, page, server);
  assert.match(String(taps[0]?.mime), /^video\/webm;codecs=vp[89],opus$/, "Chromium is asked for WebM");
  assert.equal(taps[0]?.keyFrameInterval, 2000, "a key frame is asked for every 2 s");
  assert.ok(files.length >= 3 && files.every((file) => file.endsWith(".webm")), files.join(" "));
  assert.deepEqual(page.errors, []);

  const player = await browser.newPage();
  await playsInBrowser(t, player, files, { seconds: verdicts[0]?.segments.map((segment) => segment.seconds) ?? [] });
  await server.stop();
});

test("a network that fails while Chromium records loses nothing", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server.https);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, proxy.url);
  await record(page);
  await recorded(page, 5);
  await proxy.cut();
  await reaches(page, "offline");
  await recorded(page, 10);
  await proxy.restore();
  await reaches(page, "recording", 30_000);
  await recorded(page, 15);
  await stop(page);
  await judged(t, page, server);
  await server.stop();
});

test("a server that is stopped while Chromium records keeps what it acknowledged", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 6);
  await server.stop();
  await reaches(page, "offline");
  const files = (await server.sessions()).flatMap((session) => [...session.generations.values()].flat());
  assert.ok(files.length >= 1, "an orderly stop finishes the growing file");
  await playsInBrowser(t, await browser.newPage(), files);
});
