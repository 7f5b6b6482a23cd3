// MPEG-TS in JSMpeg, as the player page shows it: real Chromium decodes it, under the policy of all pages.

import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openChromium } from "./support/chromium.mjs";
import { configured } from "./support/config.mjs";
import { root } from "./support/programs.mjs";
import { createShoot, folder as pictures } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** The build that the page's instructions name, from the npm registry. */
const JSMPEG = join(root, "tests", "node_modules", "@cycjimmy", "jsmpeg-player", "dist", "jsmpeg-player.umd.min.js");
/** It brings styles for buttons of its own, which the policy of the pages does not take, and the page does not use. */
const OWN_STYLE = /Applying inline style violates|Refused to apply inline style/;

/** Runs in the page. */
function look() {
  const text = (/** @type {string} */ id) => document.getElementById(id)?.textContent ?? "";
  return {
    isMissing: document.getElementById("missing")?.hidden === false,
    state: document.getElementById("stage")?.dataset["state"] ?? "",
    size: text("size"),
    packets: Number(text("packets")),
    bytes: text("bytes"),
    duration: text("duration"),
    average: text("average"),
    log: text("log"),
  };
}

/** What the canvas shows: a number that changes with the picture, and how many colours it has. Runs in the page. */
function seen() {
  const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("picture"));
  const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  let sum = 0;
  for (let at = 0; at < data.length; at += 4 * 37) {
    const colour = ((data[at] ?? 0) >> 5) * 64 + ((data[at + 1] ?? 0) >> 5) * 8 + ((data[at + 2] ?? 0) >> 5);
    colours.add(colour);
    sum = (sum * 31 + colour) % 1_000_003;
  }
  return { sum, colours: colours.size };
}

const PATTERN = '[[source]]\nname = "pattern"\ntitle = "Test pattern"\nkind = "pattern"\nsize = "640x360"\n';

test("JSMpeg decodes the test pattern, and the canvas changes", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { args: await configured(t, PATTERN) });
  const desk = await openChromium(t, server, { tap: false });
  const page = await desk.newPage();
  /** @param {string} what @param {(is: ReturnType<typeof look>) => unknown} condition */
  const sees = (what, condition) => until(what, async () => condition(await page.evaluate(look)), { within: 30_000, explain: async () => `${JSON.stringify(await page.evaluate(look))}\n${server.log()}` });

  await page.goto(`${server.https}/mpegts/pattern`);
  await sees("how to install JSMpeg", ({ isMissing }) => isMissing);
  const extras = join(server.folder, "state", "extras");
  await mkdir(extras, { recursive: true });
  await copyFile(JSMPEG, join(extras, "jsmpeg.min.js"));
  page.errors.length = 0;

  // Without a restart.
  await page.goto(`${server.https}/mpegts/pattern`);
  await sees("a picture", ({ state, size }) => state === "playing" && size === "640 × 480");
  const first = await page.evaluate(seen);
  assert.ok(first.colours > 8, `the test pattern has more than ${first.colours} colours`);
  const others = new Set([first.sum]);
  await until("five pictures that differ", async () => others.add((await page.evaluate(seen)).sum).size >= 5, { within: 20_000 });
  await sees("what has come", ({ packets, average, duration }) => packets > 100 && /bit\/s$/.test(average) && duration !== "00:00:00");
  assert.match((await page.evaluate(look)).log, /connected[\s\S]*media comes[\s\S]*picture 640 × 480/);

  // The server's own count, for people and for programs, and an end of what nobody watches.
  const devices = await desk.newPage();
  await devices.goto(`${server.https}/devices`);
  await devices.click('.source[data-source="pattern"] .bare');
  await devices.click("#source .transcoders-look");
  const facts = () => devices.evaluate(() => [...document.querySelectorAll("#source .transcoder")].map((one) => one.textContent ?? ""));
  await until("the process in the camera's panel", async () => (await facts()).some((text) => /MPEG-TS/.test(text) && /running/.test(text) && /· 1 viewer ·/.test(text) && /[1-9]\d* packets/.test(text)), { within: 10_000, explain: async () => JSON.stringify(await facts()) });
  const transcoders = () => page.evaluate(() => fetch("/api/streams/pattern/transcoders").then((answer) => answer.json()));
  await until("one viewer in the server's numbers", async () => (await transcoders()).transcoders.some((/** @type {any} */ one) => one.format === "mpegts" && one.clients === 1 && one.packets > 0), { within: 10_000, explain: async () => JSON.stringify(await transcoders()) });
  await page.click("#toggle");
  await sees("that it is stopped", ({ state }) => state === "stopped");
  await until("no viewer", async () => !(await transcoders()).transcoders.some((/** @type {any} */ one) => one.format === "mpegts" && one.clients > 0), { within: 20_000, explain: async () => JSON.stringify(await transcoders()) });
  await page.click("#toggle");
  await sees("the picture again", ({ state }) => state === "playing");
  const again = await page.evaluate(seen);
  await until("another picture", async () => (await page.evaluate(seen)).sum !== again.sum);
  assert.deepEqual(page.errors.filter((error) => !OWN_STYLE.test(error)), []);
});

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text of the MPEG-TS page overflows in ${language}`, { timeout: 120_000 }, async (t) => {
    await mkdir(pictures, { recursive: true });
    const server = await startServer(t, { args: await configured(t, PATTERN) });
    const page = await (await openChromium(t, server, { tap: false, context: { locale: String(locale), reducedMotion: "reduce" } })).newPage();
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems });
    await page.goto(`${server.https}/mpegts/pattern`);
    await until("how to install JSMpeg", async () => (await page.evaluate(look)).isMissing);
    await shoot("mpegts-missing");
    await mkdir(join(server.folder, "state", "extras"), { recursive: true });
    await copyFile(JSMPEG, join(server.folder, "state", "extras", "jsmpeg.min.js"));
    await page.goto(`${server.https}/mpegts/pattern`);
    await until("a picture", async () => (await page.evaluate(look)).size === "640 × 480", { within: 30_000 });
    await shoot("mpegts");
    assert.deepEqual(problems, []);
  });
}
