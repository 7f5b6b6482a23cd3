// One recording of Chromium's, watched in Chromium, Firefox and WebKit at the same time, and the next one, too.
//
// LOCALCAMERA_LATENCY=1, on a machine that does nothing else: by each path in each engine at once, and in time.

import assert from "node:assert/strict";
import { loadavg } from "node:os";
import { test } from "node:test";
import { open, record, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { beeps, listen } from "./support/listening.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { again, look, ownAddress, plays, sees } from "./support/viewing.mjs";
import { openWebKit } from "./support/webkit.mjs";

const isTimed = process.env["LOCALCAMERA_LATENCY"] === "1";
/**
 * From the tap on a camera to its first picture, by path. Who waits for the next key frame waits for a second on average;
 * for single pictures a decoder is started. Two cores are enough for it, if nothing else uses them.
 * @type {Record<string, number>}
 */
const FIRST_PICTURE_MS = { webrtc: 300, mse: 300, jpeg: 1000 };
/** Most of so many, that neither luck nor a moment's load decides. */
const JOINS = 5;
/** One picture is encoded, and several are decoded, on whatever this machine has. */
const within = 90_000;

/** The windows of the engine that paints the slowest. */
const PHONE = { width: 390, height: 664 };

/** @typedef {import("./support/page.mjs").Page} Page */
/** @typedef {{ name: string, query: string, paths: string[], page: Page }} Viewer `paths`: one of these is taken */

/** Runs in the page: opens the camera on the wall, and tells after how many milliseconds there is a picture of it. */
function join() {
  const video = /** @type {HTMLVideoElement} */ (document.getElementById("player"));
  const still = /** @type {HTMLElement} */ (document.getElementById("still"));
  const began = performance.now();
  /** @type {HTMLElement} */ (document.querySelector("#wall [data-stream]")).click();
  return new Promise((resolve) => {
    const turn = () => {
      const isSeen = !still.hidden || (video.readyState >= 2 && video.videoWidth > 0);
      if (isSeen) resolve(Math.round(performance.now() - began));
      else if (performance.now() - began > 20_000) resolve(Infinity);
      else requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  });
}

/** From the wall to the camera. @param {Viewer} viewer @returns {Promise<number>} milliseconds to the first picture */
async function joins({ name, page }) {
  const isSeen = () => document.querySelector("#wall [data-stream]")?.getAttribute("data-player") === "playing";
  await until(`${name}: the camera on the wall`, () => page.evaluate(isSeen), { within });
  return Number(await page.evaluate(join));
}

/**
 * Comes and goes, alone, until most of the last few first pictures were in time; untimed, until there was one.
 * @param {Viewer} viewer @param {string} https
 */
async function joinsInTime(viewer, https) {
  const { name, query, paths, page } = viewer;
  const longest = isTimed ? (FIRST_PICTURE_MS[String(paths[0])] ?? 0) : within;
  const needed = isTimed ? Math.ceil(JOINS / 2) : 1;
  /** @type {number[]} */
  const took = [];
  const explain = () => `they took ${took.join(", ")} ms, and the load is ${loadavg()[0]}`;
  await page.goto(`${https}/live?path=${query}`);
  await until(`${name}: first pictures within ${longest} ms`, async () => {
    took.push(await joins(viewer));
    await page.evaluate(() => document.getElementById("back")?.click());
    return took.slice(-JOINS).filter((ms) => ms <= longest).length >= needed;
  }, { within, explain });
  await page.goto(`${https}/trust`);
  return took;
}

/** Pictures that change in all of them at the same time, and sound. @param {Viewer[]} viewers */
async function watch(viewers) {
  await Promise.all(viewers.map(({ name, paths, page }) => plays(page, name, paths, { within })));
  const heard = viewers.filter(({ paths }) => !paths.includes("jpeg"));
  await Promise.all(heard.map(({ page }) => listen(page)));
  await Promise.all([
    ...viewers.map(({ name, paths, page }) => plays(page, `${name}, beside all the others`, paths, { pictures: 12, within })),
    ...heard.map(({ name, page }) => until(`${name}: four beeps`, async () => (await beeps(page)) >= 4, { within, explain: async () => `${await beeps(page)} ${JSON.stringify(await page.evaluate(look))}` })),
  ]);
}

/** The recording that is watched. @param {Page} page */
const recording = (page) =>
  page.evaluate(async () => {
    const { streams } = await (await fetch("/api/streams")).json();
    return { session: String(streams[0]?.session), sinceMs: Number(streams[0]?.since_ms) };
  });

/** Whether this build plays what Chromium records. Runs in the page. */
function playsWebM() {
  const Source = /** @type {any} */ (globalThis).ManagedMediaSource ?? globalThis.MediaSource;
  return Boolean(Source?.isTypeSupported('video/webm; codecs="vp8,opus"'));
}

/** @param {import("node:test").TestContext} t @param {import("./support/server.mjs").Server} server @returns {Promise<Viewer[]>} */
async function openViewers(t, server) {
  const [chromium, firefox, webkit, other] = await Promise.all([openChromium(t, server, { tap: false }), openFirefox(t), openWebKit(t, { size: PHONE }), openWebKit(t, { size: PHONE })]);
  const inFirefox = ownAddress().length > 0 ? ["webrtc", "mse", "jpeg"] : ["mse", "jpeg"];
  if (!inFirefox.includes("webrtc")) t.diagnostic("without WebRTC in Firefox, which needs an address beside the loopback interface's");
  /** @type {Viewer[]} */
  const viewers = [];
  for (const path of ["webrtc", "mse", "jpeg"]) viewers.push({ name: `Chromium by ${path}`, query: path, paths: [path], page: await chromium.newWindow() });
  for (const path of inFirefox) viewers.push({ name: `Firefox by ${path}`, query: path, paths: [path], page: await firefox.newPage({ tap: false, type: "window" }) });
  viewers.push({ name: "WebKit by jpeg", query: "jpeg", paths: ["jpeg"], page: webkit.page });
  await other.page.goto(`${server.https}/trust`);
  const best = (await other.page.evaluate(playsWebM)) ? "mse" : "jpeg";
  viewers.push({ name: `WebKit by what it chooses, ${best}`, query: "", paths: [best], page: other.page });
  return viewers;
}

/** One of each engine and of each path: what two cores show beside the recording. @param {Viewer} viewer */
const isOneOfEach = ({ name }) => ["Chromium by webrtc", "Chromium by mse", "Firefox by mse", "WebKit by jpeg"].includes(name);

/** What Firefox says of a page that is left while it connects. @param {string} error */
const isOfLeaving = (error) => /^uncaught: The connection to wss:\S+ was interrupted while the page was loading/.test(error);

test("Chromium, Firefox and WebKit watch one recording at once, and the next one", { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: null, args: ownAddress() });
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  // Small pictures: the encoder, the players and their windows share what the machine has.
  await open(camera, `${server.https}/?quality=480p`);
  const everyone = await openViewers(t, server);
  await record(camera);

  for (const viewer of everyone) t.diagnostic(`${viewer.name}, alone: first pictures after ${(await joinsInTime(viewer, server.https)).join(", ")} ms`);

  const viewers = everyone.filter((viewer) => isTimed || isOneOfEach(viewer));
  await Promise.all(viewers.map(async (viewer) => {
    await viewer.page.goto(`${server.https}/live?path=${viewer.query}`);
    t.diagnostic(`${viewer.name}, all at once: the first picture after ${await joins(viewer)} ms`);
    if (viewer.paths.includes("jpeg")) return;
    await listen(viewer.page);
    await viewer.page.click("#sound");
  }));
  await watch(viewers);
  t.diagnostic(`all of them watch; the load is ${loadavg()[0]}`);

  const before = await recording(camera);
  await again(camera, () => Promise.all(viewers.map(({ name, page }) => sees(page, `${name}: that the camera has stopped`, ({ over }) => /not recording/.test(over), within))));
  // Whatever moves from now on is the next recording's.
  await watch(viewers);
  const { session, sinceMs } = await recording(camera);
  assert.notEqual(session, before.session);
  const isNew = (/** @type {ReturnType<typeof look>} */ { latency }) => Date.now() - latency * 1000 > sinceMs;
  for (const { name, paths, page } of viewers) if (!paths.includes("jpeg")) await sees(page, `${name}: a picture that is younger than the recording`, isNew, within);
  t.diagnostic(`all of them watch the next recording; the load is ${loadavg()[0]}`);

  await stop(camera);
  for (const { name, page } of everyone) assert.deepEqual(page.errors.filter((error) => error.startsWith("uncaught") && !isOfLeaving(error)), [], name);
  await server.stop();
});
