// Firefox records through the real page; the files hold what it encoded, and play.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, record, recorded, stop } from "./support/capture.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { startServer } from "./support/server.mjs";

test("Firefox records 30 s: every frame is in files that play and seek", { timeout: 300_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openFirefox(t);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 30);
  await stop(page);

  // A key frame comes every 7.5 s: the judge knows from the key frames where the files must begin.
  const { taps, verdicts, files } = await judged(t, page, server);
  assert.match(String(taps[0]?.mime), /^video\/webm; ?codecs="?vp8, ?opus"?$/);
  assert.ok(files.length >= 3 && files.every((file) => file.endsWith(".webm")), files.join(" "));
  assert.deepEqual(page.errors, []);

  const player = await browser.newPage({ tap: false });
  await playsInBrowser(t, player, files, { seconds: verdicts[0]?.segments.map((segment) => segment.seconds) ?? [] });
  await server.stop();
});
