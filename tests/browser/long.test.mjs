// Three minutes with the defaults.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startServer } from "./support/server.mjs";

const skip = process.env["LOCALCAMERA_LONG"] === "1" ? false : "takes three minutes: set LOCALCAMERA_LONG=1";

test("3 minutes with the defaults leave files of 60 s and at most one group of pictures more", { timeout: 600_000, skip }, async (t) => {
  const server = await startServer(t, { segmentSeconds: null });
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 182);
  await stop(page);
  const { verdicts } = await judged(t, page, server, { segmentSeconds: 60 });
  const lengths = verdicts[0]?.segments.map((segment) => Number(segment.seconds)) ?? [];
  t.diagnostic(`files of ${lengths.join(", ")} s`);
  // A last packet of sound may reach a little beyond the last frame.
  const most = 60 + Number(verdicts[0]?.longestGroupSeconds) + 0.1;
  for (const seconds of lengths.slice(0, -1)) assert.ok(seconds >= 60 && seconds <= most, `files of ${lengths.join(", ")} s, at most ${most} s allowed`);
  assert.ok(lengths.length >= 3);
  await server.stop();
});
