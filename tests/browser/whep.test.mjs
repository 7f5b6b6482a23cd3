// Real Chromium records, and watches itself by WebRTC with a client written from the WHEP draft alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startServer } from "./support/server.mjs";

/**
 * Watches a stream until so many frames are decoded; runs in the page.
 * @param {{ stream: string, frames: number }} about
 */
async function watch({ stream, frames }) {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  video.srcObject = new MediaStream();
  connection.addEventListener("track", ({ track }) => /** @type {MediaStream} */ (video.srcObject).addTrack(track));
  document.body.append(video);
  await connection.setLocalDescription(await connection.createOffer());
  const began = performance.now();
  const answer = await fetch(`/whep/${stream}`, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: connection.localDescription?.sdp,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} ${text}`);
  await connection.setRemoteDescription({ type: "answer", sdp: text });
  await video.play();
  /** @type {number | null} */
  let firstMs = null;
  for (;;) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const stats = { decoded: 0, width: 0, lost: 0, dropped: 0, audio: 0, freezes: 0, pli: 0, state: connection.connectionState };
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video") {
        Object.assign(stats, {
          decoded: report.framesDecoded, width: report.frameWidth, lost: report.packetsLost,
          dropped: report.framesDropped, freezes: report.freezeCount, pli: report.pliCount,
        });
      } else stats.audio = report.packetsReceived;
    }
    if (stats.decoded > 0 && firstMs === null) firstMs = performance.now() - began;
    if (stats.decoded >= frames || performance.now() - began > 30_000) {
      const location = String(answer.headers.get("Location"));
      const ended = await fetch(location, { method: "DELETE" });
      const again = await fetch(location, { method: "DELETE" });
      connection.close();
      return { ...stats, firstMs, ended: ended.status, again: again.status, currentTime: video.currentTime };
    }
  }
}

test("what Chromium records is watched by WebRTC", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, server.https);
  await record(page);
  await recorded(page, 5);
  const viewer = await browser.newPage();
  await viewer.goto(`${server.https}/trust`);
  const stream = await viewer.evaluate(async () => (await (await fetch("/api/streams")).json()).streams[0].stream);
  const seen = await viewer.evaluate(watch, { stream, frames: 150 });
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.decoded >= 150, JSON.stringify(seen));
  assert.ok(seen.audio > 50, "sound comes, too");
  assert.ok(seen.currentTime > 1, "it plays");
  assert.deepEqual([seen.ended, seen.again], [200, 404]);
  await stop(page);
  await server.stop();
});
