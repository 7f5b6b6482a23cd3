// Driving the capture page as a person does, and judging what came of it.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge } from "../../judge/judge.mjs";
import { readTap, tappedStream } from "./tap.mjs";
import { until } from "./until.mjs";

/** @typedef {import("./page.mjs").Page} Page */

/** What the page says about itself; runs in the page. */
const readState = () => ({
  state: document.body.dataset["state"] ?? "",
  truth: document.querySelector("#truth")?.textContent?.replace(/\s+/g, " ").trim() ?? "",
  text: document.body.innerText.replace(/\s+/g, " ").slice(0, 600),
});

/** @param {Page} page @param {string} state @param {number} [within] */
export async function reaches(page, state, within = 20_000) {
  await until(`the page's state "${state}"`, async () => {
    const now = await page.evaluate(readState);
    if (now.state === "error" && state !== "error") throw new Error(`the page shows an error: ${now.text}`);
    return now.state === state;
  }, { within, explain: async () => JSON.stringify({ ...(await page.evaluate(readState)), tap: await page.evaluate(readTap), errors: page.errors }) });
}

/** @param {Page} page @param {string} url */
export async function open(page, url) {
  await page.goto(url);
  await reaches(page, "idle");
}

/** Presses Record. @param {Page} page */
export async function record(page) {
  await page.click("#record");
  await reaches(page, "recording");
}

/** Waits until the newest recorder has recorded this long. @param {Page} page @param {number} seconds */
export async function recorded(page, seconds) {
  await until(`a recording of ${seconds} s`, async () => {
    const recorder = (await page.evaluate(readTap)).at(-1);
    if (recorder && recorder.errors.length > 0) throw new Error(`the recorder failed: ${recorder.errors.join(", ")}`);
    return recorder && recorder.seconds >= seconds;
  }, { within: (seconds + 30) * 1000, explain: async () => JSON.stringify(await page.evaluate(readState)) });
}

/** Presses Stop and waits until everything is on the server. @param {Page} page @param {number} [within] */
export async function stop(page, within = 30_000) {
  await page.click("#stop");
  await reaches(page, "finished", within);
}

/** Every `#truth` line and state the page shows while `work` runs. @param {Page} page */
export const truth = async (page) => (await page.evaluate(readState)).truth;

/**
 * The files of the only session against what each recorder gave.
 * @param {import("node:test").TestContext} t @param {Page} page @param {import("./server.mjs").Server} server
 * @param {{ segmentSeconds?: number, generations?: number }} [options]
 */
export async function judged(t, page, server, { segmentSeconds = 4, generations = 1 } = {}) {
  const taps = (await page.evaluate(readTap)).map((tap, index) => ({ ...tap, index })).filter((tap) => tap.bytes > 0);
  assert.equal(taps.length, generations, `the page made ${taps.length} recordings instead of ${generations}`);
  const sessions = await server.sessions();
  assert.equal(sessions.length, 1, `there are ${sessions.length} sessions instead of one\n${server.log()}`);
  const [session] = /** @type {[import("./server.mjs").Session]} */ (sessions);
  assert.deepEqual([...session.generations.keys()], taps.map((_, i) => i), "the generations in the journal");
  const folder = await mkdtemp(join(tmpdir(), "localcamera-original-"));
  t.after(async () => {
    if (process.env["LOCALCAMERA_KEEP"]) t.diagnostic(`kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  });
  const verdicts = [];
  for (const [generation, tap] of taps.entries()) {
    const original = join(folder, `generation-${generation}.bin`);
    await writeFile(original, await tappedStream(page, tap.index));
    const files = /** @type {string[]} */ (session.generations.get(generation));
    const verdict = await judge(original, files, { segmentSeconds });
    assert.deepEqual(verdict.violations, [], `generation ${generation}: ${files.join(" ")}`);
    t.diagnostic(`${page.name}, generation ${generation}: ${tap.mime}, ${verdict.frames} frames, ${verdict.audioPackets} audio packets in ${files.length} files`);
    verdicts.push(verdict);
  }
  return { session, taps, verdicts, files: [...session.generations.values()].flat() };
}
