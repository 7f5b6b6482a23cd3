// The library's page in Chromium against the real server: what is listed, what happens meanwhile, what is taken along, and
// recordings that grow, are damaged, or cannot be played here.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, truncate, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openChromium } from "./support/chromium.mjs";
import { FRAME_MS, FRAMES_PER_SECOND, installCounting, makeCounting } from "./support/counting.mjs";
import { openPublisher } from "./support/publishing.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const run = promisify(execFile);
const SECONDS = 12;
const DAY_MS = 86_400_000;
const OPEN = "#player-body:not([hidden])";

/** @type {string} */
let folder;
/** @type {import("./support/counting.mjs").Counting} */
let webm;
/** @type {import("./support/counting.mjs").Counting} */
let mp4;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "localcamera-counting-"));
  webm = await makeCounting(folder, { container: "webm", first: 0, frames: SECONDS * FRAMES_PER_SECOND });
  mp4 = await makeCounting(folder, { container: "mp4", first: 0, frames: SECONDS * FRAMES_PER_SECOND });
});
after(() => rm(folder, { recursive: true, force: true }));

/**
 * A recording that is over.
 * @param {import("./support/server.mjs").Server} server
 * @param {{ session: string, device?: string, name?: string, startMs: number, made?: import("./support/counting.mjs").Counting }} of
 */
async function recorded(server, { session, device, name, startMs, made = webm }) {
  const publisher = await openPublisher(server, { session, startedMs: startMs, ...(device ? { device } : {}), ...(name ? { name } : {}) });
  const generation = publisher.begin({ mime: made.mime, startedMs: startMs });
  publisher.send(generation, made.stream);
  return publisher.stop();
}

/** @param {import("node:test").TestContext} t */
async function opened(t) {
  const { context } = await openChromium(t, null, { tap: false, context: { ignoreHTTPSErrors: true, acceptDownloads: true } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.addInitScript(installCounting);
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  return page;
}

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const numbers = (page) =>
  page.evaluate(() => ({
    number: /** @type {number | null} */ (/** @type {any} */ (globalThis).counting.number()),
    nowMs: Number(document.getElementById("bar-track")?.dataset["nowMs"]),
    isPaused: /** @type {HTMLVideoElement | null} */ (document.querySelector("video.is-shown"))?.paused ?? true,
    rate: /** @type {HTMLVideoElement | null} */ (document.querySelector("video.is-shown"))?.playbackRate ?? 0,
    said: Array.from(document.querySelectorAll(".shot-over:not([hidden])"), (one) => one.textContent).join(),
  }));

/** @param {Page} page @param {number} number */
const shows = (page, number) =>
  until(`picture ${number}`, async () => Math.abs(Number((await numbers(page)).number ?? -99) - number) <= 1, { within: 20_000, explain: async () => JSON.stringify(await numbers(page)) });

/** @param {string} file */
async function probed(file) {
  const { stdout } = await run("ffprobe", ["-v", "error", "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets,codec_name:format=duration", "-of", "json", file]);
  const { streams: [video], format } = JSON.parse(stdout);
  return { packets: Number(video.nb_read_packets), codec: video.codec_name, seconds: Number(format.duration) };
}

const noon = () => {
  const at = new Date();
  at.setHours(0, 0, 0, 0);
  return at.getTime() + DAY_MS / 2;
};

test("days, devices and sessions, found and told of while they come and go", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  await recorded(server, { session: "hall-1-of-yesterday", device: "hall-camera", name: "Hall", startMs: noon() - DAY_MS });
  await recorded(server, { session: "bench-1-of-yesterday", device: "bench-camera", name: "Bench", startMs: noon() - DAY_MS + 60_000 });
  await recorded(server, { session: "bench-2-of-long-ago", device: "bench-camera", name: "Bench", startMs: noon() - 9 * DAY_MS });
  const page = await opened(t);
  await page.goto(`${server.https}/library`);
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 3);
  assert.equal(await page.locator(".day").count(), 2);
  await page.waitForFunction(() => document.querySelectorAll("#find-device option").length === 3 && document.querySelectorAll("#find-day option").length === 3);
  await page.selectOption("#find-device", "hall-camera");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 1);
  await page.selectOption("#find-device", "");
  await page.fill("#find-text", "hal");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 1);
  await page.fill("#find-text", "");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 3);
  const old = await page.locator("#find-day option").last().getAttribute("value");
  await page.selectOption("#find-day", String(old));
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 1);
  await page.selectOption("#find-day", "");

  const growing = await openPublisher(server, { session: "bench-3-of-today", device: "bench-camera", name: "Bench", startedMs: Date.now() - SECONDS * 1000 });
  const generation = growing.begin({ mime: webm.mime, startedMs: Date.now() - SECONDS * 1000 });
  growing.send(generation, webm.stream);
  const row = page.locator('.session:has(a[href*="bench-3-of-today"])');
  await row.locator(".session-tag", { hasText: "recording" }).waitFor();
  await growing.stop();
  await page.waitForFunction(() => {
    const link = document.querySelector('a[href*="bench-3-of-today"]');
    return link !== null && !/recording/.test(link.querySelector(".session-tags")?.textContent ?? "");
  });

  const download = page.waitForEvent("download");
  await page.locator(".day").first().locator("a[download]").first().click();
  const zip = join(folder, "day.zip");
  await (await download).saveAs(zip);
  const { stdout } = await run("python3", ["-m", "zipfile", "-l", zip]);
  assert.match(stdout, /index\.csv/);
  assert.equal(stdout.match(/\.webm/g)?.length, SECONDS / 2, stdout);
  await server.stop();
});

test("a part is planned, taken along, and plays from where it was asked for", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = noon() - DAY_MS;
  await recorded(server, { session: "part-of-webm", startMs });
  await recorded(server, { session: "part-of-mp4", startMs, made: mp4 });
  const page = await opened(t);
  for (const [session, made, codec] of /** @type {const} */ ([["part-of-webm", webm, "vp8"], ["part-of-mp4", mp4, "h264"]])) {
    await page.goto(`${server.https}/library#session=${session}&at=${startMs + 3000 + Math.round(made.beginsMs)}`);
    await page.locator(OPEN).waitFor();
    await shows(page, 3 * FRAMES_PER_SECOND);
    await page.keyboard.press("i");
    for (let count = 0; count < 5; count += 1) await page.keyboard.press("Shift+ArrowRight");
    await shows(page, 8 * FRAMES_PER_SECOND);
    await page.keyboard.press("o");
    const link = page.locator(".part-plan a").first();
    await page.waitForFunction((to) => document.querySelector(".part-plan a")?.getAttribute("href")?.includes(`to_ms=${to}`), startMs + 8000 + Math.round(made.beginsMs));
    const planned = await page.locator(".part-plan").textContent();
    assert.match(String(planned), /One file/);
    const coming = page.waitForEvent("download");
    await link.click();
    const got = await coming;
    assert.match(got.suggestedFilename(), /^Bench .*\.(webm|mp4)$/);
    const file = join(folder, got.suggestedFilename());
    await got.saveAs(file);
    const found = await probed(file);
    assert.equal(found.codec, codec);
    assert.ok(found.packets >= 5 * FRAMES_PER_SECOND && found.packets <= 8 * FRAMES_PER_SECOND, JSON.stringify(found));
    assert.ok(found.seconds > 4.9 && found.seconds < 8.1, JSON.stringify(found));
  }
  await server.stop();
});

test("single pictures, every speed, and two devices on one clock", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = noon() - DAY_MS;
  await recorded(server, { session: "first-device-1", device: "first-camera", name: "First", startMs });
  await recorded(server, { session: "second-device-1", device: "second-camera", name: "Second", startMs: startMs + 3000 });
  const page = await opened(t);
  await page.goto(`${server.https}/library#session=first-device-1&at=${startMs + 4000 + FRAME_MS / 2}`);
  await page.locator(OPEN).waitFor();
  await shows(page, 4 * FRAMES_PER_SECOND);
  const start = Number((await numbers(page)).number);
  for (const [key, to] of /** @type {const} */ ([[".", 1], [".", 2], [".", 3], [",", 2], [",", 1]])) {
    await page.keyboard.press(key);
    await until(`the next picture by ${key}`, async () => (await numbers(page)).number === start + to, { explain: async () => JSON.stringify(await numbers(page)) });
  }
  for (const rate of [0.25, 0.5, 2, 4, 8, 16]) {
    await page.keyboard.press("Home");
    await shows(page, 0);
    await page.selectOption("#speed", String(rate));
    await page.locator("#play").click();
    await until(`${rate} times as fast`, async () => Number((await numbers(page)).number) >= Math.min(2 * FRAMES_PER_SECOND, rate * 8), { within: 30_000, explain: async () => JSON.stringify(await numbers(page)) });
    assert.equal((await numbers(page)).rate, rate);
    if (!(await numbers(page)).isPaused) await page.locator("#play").click();
    await until("a pause", async () => (await numbers(page)).isPaused);
  }

  await page.goto(`${server.https}/library`);
  await page.waitForFunction(() => document.querySelectorAll(".session input").length === 2);
  for (const box of await page.locator(".session input").all()) await box.check({ force: true });
  await page.locator("#chosen-together").click();
  await page.locator(OPEN).waitFor();
  await page.waitForFunction(() => document.querySelectorAll("video.is-shown").length === 2);
  await page.evaluate((at) => { location.hash = `${location.hash.split("&at=")[0]}&at=${at}`; }, startMs + 5000);
  const apartMs = () => page.evaluate(() => {
    const times = Array.from(document.querySelectorAll(".shot"), (shot) => ({
      seconds: /** @type {HTMLVideoElement} */ (shot.querySelector("video.is-shown")).currentTime,
      isFirst: /First/.test(shot.querySelector(".shot-name")?.textContent ?? ""),
    }));
    return 1000 * (Number(times.find(({ isFirst }) => isFirst)?.seconds) - Number(times.find(({ isFirst }) => !isFirst)?.seconds)) - 3000;
  });
  await until("both at the same time", async () => Math.abs(await apartMs()) < 60, { explain: apartMs });
  await page.locator("#play").click();
  await until("both playing", async () => (await numbers(page)).nowMs > startMs + 8000, { within: 30_000, explain: async () => JSON.stringify(await numbers(page)) });
  assert.ok(Math.abs(await apartMs()) < 600, `${await apartMs()} ms`);
  await server.stop();
});

test("a recording is played while it grows, also where what it had is replaced", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = Date.now() - 60_000;
  const growing = await openPublisher(server, { session: "growing-session", startedMs: startMs });
  const first = growing.begin({ mime: webm.mime, startedMs: startMs });
  growing.send(first, webm.stream.subarray(0, Math.floor(webm.stream.length / 2)));
  const page = await opened(t);
  const timeline = async () => JSON.parse(await page.evaluate(async () => (await fetch("/api/sessions/growing-session/timeline")).text()));
  await page.goto(`${server.https}/library`);
  await until("two files", async () => (await timeline()).files?.length >= 2);
  await page.goto(`${server.https}/library#session=growing-session&at=${startMs + 1000}`);
  await page.locator(OPEN).waitFor();
  await shows(page, FRAMES_PER_SECOND);
  assert.equal(await page.locator("#growing").isVisible(), true);
  const before = (await timeline()).reels[0];
  growing.send(first, webm.stream.subarray(Math.floor(webm.stream.length / 2)));
  growing.end(first);
  await until("a reel that has grown", async () => (await timeline()).reels[0].url !== before.url);
  await page.waitForFunction((end) => Number(/** @type {HTMLInputElement} */ (document.getElementById("bar-slider")).max) >= end, startMs + 11_000);
  await page.evaluate((at) => { location.hash = `#session=growing-session&at=${at}`; }, startMs + 11_000);
  await shows(page, 11 * FRAMES_PER_SECOND);
  await growing.stop();
  await page.waitForFunction(() => document.getElementById("growing")?.hidden === true);

  // An address that is out of date: the first file is gone, and the reel is another one.
  const { folder: where, files } = growing.heard.find(({ type }) => type === "summary");
  await page.evaluate((at) => { location.hash = `#session=growing-session&at=${at}`; }, startMs + 7000);
  await shows(page, 7 * FRAMES_PER_SECOND);
  await unlink(join(server.recordings, where, files[0].file));
  await until("another reel", async () => (await timeline()).files[0].fault === "missing");
  await page.evaluate(() => /** @type {HTMLVideoElement} */ (document.querySelector("video.is-shown")).load());
  await page.evaluate((at) => { location.hash = `#session=growing-session&at=${at}`; }, startMs + 9000);
  await shows(page, 9 * FRAMES_PER_SECOND);
  await server.stop();
});

test("what is wrong with files is named, and what cannot be played here has its download beside it", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = noon() - DAY_MS;
  const { folder: where, files } = await recorded(server, { session: "faulty-session", startMs });
  await truncate(join(server.recordings, where, files[1].file), 0);
  await truncate(join(server.recordings, where, files[2].file), 3000);
  await unlink(join(server.recordings, where, files[3].file));
  const page = await opened(t);
  // As a browser without VP8.
  await page.addInitScript(() => {
    if (!/lacks/.test(location.search)) return;
    const able = HTMLMediaElement.prototype.canPlayType;
    HTMLMediaElement.prototype.canPlayType = function (type) {
      return /vp8/.test(type) ? "" : able.call(this, type);
    };
  });
  await page.goto(`${server.https}/library#session=faulty-session&at=${startMs + 9000}`);
  await page.locator(OPEN).waitFor();
  await shows(page, 9 * FRAMES_PER_SECOND);
  await page.locator("#files-box summary").click();
  await page.waitForFunction(() => document.querySelectorAll(".file .wrong").length === 3);
  const said = await page.locator(".file .wrong").allTextContents();
  assert.deepEqual(said.slice(0, 1).concat(said.slice(2)), ["empty", "missing on the disk"]);
  assert.match(String(said[1]), /^(cut off|damaged)$/);

  await page.goto(`${server.https}/library?lacks=vp8#session=faulty-session`);
  const over = page.locator(".shot-over", { hasText: "VP8" });
  await over.waitFor();
  const coming = page.waitForEvent("download");
  await over.locator("a").click();
  const file = join(folder, "lacking.webm");
  await (await coming).saveAs(file);
  assert.equal((await probed(file).catch(() => ({ codec: "none" }))).codec, "vp8");
  await server.stop();
});
