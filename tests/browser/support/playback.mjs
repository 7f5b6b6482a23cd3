// Plays finished files in a browser's own player, through an HTTP server that serves ranges.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { basename } from "node:path";

const PAGE = `<!doctype html><meta charset="utf-8"><title>player</title><body></body>`;

/** @param {import("node:test").TestContext} t @param {string[]} files @returns {Promise<string>} its address */
async function serve(t, files) {
  const server = createServer(async (request, response) => {
    const file = files[Number(request.url?.match(/^\/media\/(\d+)/)?.[1])];
    if (!file) {
      response.writeHead(request.url === "/" ? 200 : 404, { "content-type": "text/html" }).end(request.url === "/" ? PAGE : "");
      return;
    }
    const { size } = await stat(file);
    const [, from, to] = request.headers.range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
    const headers = { "content-type": file.endsWith(".mp4") ? "video/mp4" : "video/webm", "accept-ranges": "bytes" };
    if (from === undefined) response.writeHead(200, { ...headers, "content-length": size });
    else if (Number(from) >= size) {
      response.writeHead(416, { ...headers, "content-range": `bytes */${size}` }).end();
      return;
    } else {
      const last = to ? Math.min(Number(to), size - 1) : size - 1;
      response.writeHead(206, { ...headers, "content-length": last - Number(from) + 1, "content-range": `bytes ${from}-${last}/${size}` });
    }
    const body = createReadStream(file, from === undefined ? {} : { start: Number(from), end: to ? Math.min(Number(to), size - 1) : size - 1 });
    body.on("error", () => response.destroy());
    response.on("close", () => body.destroy());
    body.pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the media server has no port");
  return `http://127.0.0.1:${address.port}`;
}

/**
 * Opens one file in a `<video>`, seeks to five places, and looks at what is shown. Runs in the page.
 * @param {{ url: string, places: number[] }} task
 * @returns {Promise<{ error?: string, duration: number, width: number, height: number, readiness: number,
 *                     seeks: { to: number, at: number, brightest: number }[] }>}
 */
function play({ url, places }) {
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  video.setAttribute("playsinline", "");
  document.body.replaceChildren(video);
  const result = {
    duration: NaN, width: 0, height: 0, readiness: 0,
    seeks: /** @type {{ to: number, at: number, brightest: number }[]} */ ([]),
  };
  const event = (/** @type {string} */ name) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "${name}" within 20 s (readyState ${video.readyState})`)), 20_000);
      video.addEventListener(name, () => (clearTimeout(timer), resolve(undefined)), { once: true });
      video.addEventListener("error", () => (clearTimeout(timer), reject(new Error(video.error?.message || `media error ${video.error?.code}`))), { once: true });
    });
  const picture = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 48;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(video, 0, 0, 64, 48);
    const { data } = context.getImageData(0, 0, 64, 48);
    // What was never drawn is transparent black; Firefox's fake camera shows one colour all over, so variety is no sign.
    let brightest = 0;
    for (let i = 0; i < data.length; i += 4) brightest = Math.max(brightest, ...data.subarray(i, i + 3));
    return brightest;
  };
  // Some players say "seeked" just before the frame is there, and then tell when it is; others tell nothing while paused.
  const shown = () =>
    new Promise((resolve) => {
      setTimeout(resolve, 300);
      if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(resolve);
    });
  const run = async () => {
    const ready = event("loadeddata");
    video.src = url;
    await ready;
    result.duration = video.duration;
    result.width = video.videoWidth;
    result.height = video.videoHeight;
    for (const place of places) {
      const to = place * video.duration;
      const done = event("seeked");
      video.currentTime = to;
      await done;
      if (video.videoWidth > 0) await shown();
      result.seeks.push({ to, at: video.currentTime, brightest: picture() });
      result.readiness = video.readyState;
    }
    video.removeAttribute("src");
    video.load();
    return result;
  };
  return run().catch((error) => ({ ...result, error: String(error.message) }));
}

/**
 * P1 in one engine: each file opens, knows its length, and shows a picture at five places.
 * @param {import("node:test").TestContext} t @param {import("./page.mjs").Page} page a page to play in
 * @param {string[]} files @param {{ seconds?: (number | undefined)[], picture?: boolean }} [options]
 *   `seconds`: what each lasts, as ffprobe says; `picture`: false where there is only sound
 */
export async function playsInBrowser(t, page, files, { seconds = [], picture = true } = {}) {
  const media = await serve(t, files);
  await page.goto(`${media}/`);
  for (const [index, file] of files.entries()) {
    const name = `${basename(file)} in ${page.name}`;
    const found = await page.evaluate(play, { url: `${media}/media/${index}`, places: [0.5, 0.1, 0.9, 0.3, 0.7] });
    const details = `${name}: ${JSON.stringify(found)}`;
    assert.equal(found.error, undefined, details);
    assert.ok(Number.isFinite(found.duration) && found.duration > 0, details);
    const expected = seconds[index];
    if (expected !== undefined) assert.ok(Math.abs(found.duration - expected) < 0.1, `${details}, ffprobe says ${expected} s`);
    assert.equal(found.seeks.length, 5, details);
    for (const seek of found.seeks) {
      assert.ok(Math.abs(seek.at - seek.to) < 0.5, `${details}: a seek to ${seek.to} ended at ${seek.at}`);
      if (!picture) continue;
      assert.ok(seek.brightest > 40, `${details}: at ${seek.to} the picture is blank`);
    }
  }
}
