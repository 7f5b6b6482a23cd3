// WebKitGTK: the page loads, chooses MP4, records where the engine can, and plays what was recorded.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, record, recorded, stop } from "./support/capture.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { startServer } from "./support/server.mjs";
import { installTap, readTap } from "./support/tap.mjs";
import { openWebKit } from "./support/webkit.mjs";

test("WebKit records 15 s of MP4: every frame is in files that play and seek", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const { page } = await openWebKit(t);
  await open(page, server.https);
  const abilities = await page.evaluate(() => ({
    recorder: typeof MediaRecorder === "function",
    mp4: typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported("video/mp4"),
    webm: typeof MediaRecorder === "function" && MediaRecorder.isTypeSupported("video/webm"),
  }));
  if (!abilities.recorder || !abilities.mp4) {
    t.skip(`this WebKitGTK was built without a recorder for MP4: ${JSON.stringify(abilities)}`);
    return;
  }
  // WebDriver runs nothing before the page's own scripts; the page looks for MediaRecorder when Record is pressed.
  await page.evaluate(installTap);
  await record(page);
  const [tap] = await page.evaluate(readTap);
  assert.match(String(tap?.asked), /^video\/mp4/, "the page asks WebKit for MP4");
  await recorded(page, 15);
  await stop(page);
  const { verdicts, files } = await judged(t, page, server);
  assert.ok(files.length >= 3 && files.every((file) => file.endsWith(".mp4")), files.join(" "));
  await playsInBrowser(t, page, files, { seconds: verdicts[0]?.segments.map((segment) => segment.seconds) ?? [] });
  await server.stop();
});
