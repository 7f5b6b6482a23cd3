// How old the picture is that a viewer sees, by each path; only with LOCALCAMERA_LATENCY=1, on a machine that does nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, record, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const skip = process.env["LOCALCAMERA_LATENCY"] ? false : "a measurement: set LOCALCAMERA_LATENCY=1";

/** Until a player has come to the live edge, and over how long the median is taken. */
const SETTLE_MS = 15_000;
const MEASURE_MS = 10_000;

/** Runs in the page: the delay that it shows, twice a second. @param {{ settleMs: number, measureMs: number }} times */
async function delays({ settleMs, measureMs }) {
  const pass = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await pass(settleMs);
  const seen = [];
  for (let at = 0; at < measureMs; at += 500) {
    await pass(500);
    seen.push(Number(document.getElementById("latency")?.dataset["ms"] ?? -1));
  }
  return seen;
}

for (const query of ["", "?delay=short"]) {
  test(`how late a picture is seen, ${query || "as it comes"}`, { skip, timeout: 180_000 }, async (t) => {
    const server = await startServer(t, { segmentSeconds: null });
    const camera = await (await openChromium(t, server, { tap: false })).newPage();
    const viewer = await (await openChromium(t, server, { tap: false })).newPage();
    await open(camera, `${server.https}/${query}`);
    await record(camera);
    await viewer.goto(`${server.https}/live`);
    const streamNow = () => viewer.evaluate(() => document.querySelector("#wall [data-stream]")?.getAttribute("data-stream") ?? null);
    const stream = await until("the camera on the wall", streamNow);
    for (const path of ["webrtc", "mse"]) {
      await viewer.goto(`${server.https}/live?path=${path}#${stream}`);
      const seen = (await viewer.evaluate(delays, { settleMs: SETTLE_MS, measureMs: MEASURE_MS })).sort((a, b) => a - b);
      const median = seen[Math.floor(seen.length / 2)] ?? -1;
      assert.ok(median >= 0, `${path}: ${seen}`);
      t.diagnostic(`${query || "as it comes"}, ${path}: ${median} ms`);
    }
    await stop(camera);
  });
}
