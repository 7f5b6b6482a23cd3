// One recording of Chromium's, watched by each path that a browser has; a server without WebRTC; the player in frames.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { open, record, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { again, look, ownAddress, plays, sees, streamOf } from "./support/viewing.mjs";
import { openWebKit } from "./support/webkit.mjs";

const BROWSERS = [
  { name: "chromium", paths: ["webrtc", "mse", "jpeg"] },
  { name: "firefox", paths: ownAddress().length > 0 ? ["webrtc", "mse", "jpeg"] : ["mse", "jpeg"] },
  // It has no WebRTC; of what else it has it takes what it can decode.
  { name: "webkit", paths: ["jpeg", ""] },
];

for (const { name, paths } of BROWSERS) {
  test(`${name} watches by each path, through Stop and the next recording`, { timeout: 300_000 }, async (t) => {
    if (name === "firefox" && !paths.includes("webrtc")) t.diagnostic("without WebRTC: Firefox needs an address beside the loopback interface's, and this machine has no IPv4 one");
    const server = await startServer(t, { segmentSeconds: null, args: ownAddress() });
    const camera = await (await openChromium(t, server, { tap: false })).newPage();
    await open(camera, server.https);
    await record(camera);
    const stream = await streamOf(camera);
    const page =
      name === "chromium" ? await (await openChromium(t, server, { tap: false })).newPage()
      : name === "firefox" ? await (await openFirefox(t)).newPage({ tap: false })
      : (await openWebKit(t)).page;
    for (const path of paths) {
      await page.goto(`${server.https}/trust`);
      await page.goto(`${server.https}/live?path=${path}#${stream}`);
      const taken = path === "" ? ["mse", "jpeg"] : [path];
      await plays(page, `${name} by ${path || "what it can"}`, taken);
      // From the sender reports, which carry capture times; single pictures carry none.
      if (name === "chromium" && path !== "jpeg") await sees(page, `the delay of ${path}`, ({ latency }) => latency > 0 && latency < 10);
      await again(camera, () => sees(page, "that the camera has stopped", ({ over }) => over !== ""));
      await plays(page, `${name} by ${path || "what it can"}, the next recording`, taken);
    }
    assert.deepEqual(page.errors.filter((error) => error.startsWith("uncaught")), []);
    await server.stop();
  });
}

test("a server without WebRTC is watched by WebSocket, and the page says why", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: null, args: ["--webrtc-port", "none"] });
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  await open(camera, server.https);
  await record(camera);
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  await page.goto(`${server.https}/live#${await streamOf(camera)}`);
  await plays(page, "the camera", ["mse"]);
  assert.match((await page.evaluate(look)).why, /WebRTC.*--webrtc-port/);
  await stop(camera);
  await server.stop();
});

test("where nothing comes through by WebRTC, the WebSocket takes over", { timeout: 120_000 }, async (t) => {
  // A server on the loopback interface alone, which Firefox leaves out.
  const server = await startServer(t, { segmentSeconds: null });
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  await open(camera, server.https);
  await record(camera);
  const page = await (await openFirefox(t)).newPage({ tap: false });
  await page.goto(`${server.https}/live#${await streamOf(camera)}`);
  await sees(page, "that WebRTC is tried", ({ path }) => path === "webrtc");
  await plays(page, "the camera", ["mse"]);
  assert.match((await page.evaluate(look)).why, /nothing came through/);
  await stop(camera);
  await server.stop();
});

test("paths come and go without anybody seeing it: same element, same sound, the old picture until there is a new one", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: null });
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  await open(camera, server.https);
  await record(camera);
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  await page.playwright.route("**/whep/**", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.goto(`${server.https}/live#${await streamOf(camera)}`);
  await plays(page, "the camera by WebSocket", ["mse"]);
  await page.click("#sound");
  await page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.getElementById("player"));
    const still = /** @type {HTMLElement} */ (document.getElementById("still"));
    const log = /** @type {any} */ (window);
    log.first = video;
    log.black = 0;
    const turn = () => {
      if (still.hidden && video.readyState < 2) log.black += 1;
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  });
  const offered = page.playwright.waitForResponse((response) => response.status() === 201, { timeout: 40_000 });
  await page.playwright.unroute("**/whep/**");
  const connection = String((await offered).headers()["location"]);
  await plays(page, "the camera by WebRTC", ["webrtc"]);
  const seen = await page.evaluate(look);
  assert.deepEqual([seen.source, seen.muted], ["stream", false]);
  await page.playwright.route("**/whep/**", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 503, body: "{}" }) : route.continue()));
  // Another viewer's hand, which stands for a server that ends it.
  const status = await camera.evaluate(async (path) => (await fetch(path, { method: "DELETE" })).status, connection);
  assert.equal(status, 200);
  await plays(page, "the camera by WebSocket again", ["mse"]);
  assert.equal((await page.evaluate(look)).muted, false);
  const { black, isSame } = await page.evaluate(() => {
    const log = /** @type {any} */ (window);
    return { black: log.black, isSame: log.first === document.getElementById("player") };
  });
  assert.deepEqual([black, isSame], [0, true], "turns without a picture");
  await stop(camera);
  await server.stop();
});

test("the player in a frame of a page that is named, and of no other", { timeout: 120_000 }, async (t) => {
  /** @type {string} */
  let frame = "";
  const site = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>intranet</title><iframe src="${frame}" width="480" height="270" allow="autoplay; fullscreen"></iframe>`);
  });
  await new Promise((resolve) => site.listen(0, () => resolve(undefined)));
  t.after(() => site.close());
  const address = site.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const config = join(tmpdir(), `localcamera-embed-${process.pid}.toml`);
  await writeFile(config, `embed_origins = ["http://127.0.0.1:${port}"]\n`);
  const server = await startServer(t, { segmentSeconds: null, args: ["--config", config] });
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  await open(camera, server.https);
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  frame = `${server.https}/embed/nobody`;
  await page.goto(`http://127.0.0.1:${port}/`);
  const inner = async () => until("the frame", () => page.playwright.frames().find((one) => one !== page.playwright.mainFrame() && one.url() === frame));
  await sees(await inner(), "that there is no such camera", ({ over }) => over.includes("has been seen yet"));
  await record(camera);
  frame = `${server.https}/embed/${await streamOf(camera)}`;
  await page.goto(`http://127.0.0.1:${port}/`);
  const player = await inner();
  await plays(player, "the camera in the frame", ["webrtc", "mse"]);
  assert.equal((await player.evaluate(look)).muted, true);
  await player.click("#tap", { force: true });
  await sees(player, "its sound", ({ muted }) => !muted);
  await sees(player, "the picture alone", ({ bar }) => bar === "rest");
  await page.playwright.keyboard.press("Tab");
  const reached = await player.evaluate(() => document.activeElement?.className);
  assert.equal(reached, "embed-action", "the keyboard finds the buttons that are not seen");
  await sees(player, "the buttons", ({ bar }) => bar === "shown");
  await sees(player, "the picture alone again", ({ bar }) => bar === "rest");
  await player.evaluate(() => document.getElementById("sound")?.focus());
  await page.playwright.keyboard.press("Enter");
  await sees(player, "that it is silent", ({ muted }) => muted);
  await page.goto(`http://localhost:${port}/`);
  await until("that another page is refused", () => page.errors.some((error) => /frame-ancestors/.test(error)));
  await stop(camera);
  await server.stop();
});
