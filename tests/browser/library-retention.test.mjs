// Keeping and deleting on the library's page in Chromium against the real server: rules are saved when it was said what they
// delete, and delete that; what people delete comes back; what is kept stays, and says why.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { openChromium } from "./support/chromium.mjs";
import { FRAMES_PER_SECOND, makeCounting } from "./support/counting.mjs";
import { openPublisher } from "./support/publishing.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const run = promisify(execFile);
const SECONDS = 12;
const DAY_MS = 86_400_000;
const OPEN = "#player-body:not([hidden])";

/** @type {string} */
let folder;
/** @typedef {{ mime: string, stream: Buffer }} Made */
/** @type {Made} */
let made;

/** The least that can be chosen is a megabyte: what hardly shrinks. @returns {Promise<Made>} */
async function makeNoise() {
  const file = join(folder, "noise.webm");
  await run("ffmpeg", [
    "-v", "error", "-y", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=15:duration=${SECONDS},noise=alls=60:allf=t`, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8",
    "-b:v", "1800k", "-g", "15", "-f", "webm", "-live", "1", file,
  ]);
  return { mime: 'video/webm;codecs="vp8"', stream: await readFile(file) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "localcamera-counting-"));
  made = await makeCounting(folder, { container: "webm", first: 0, frames: SECONDS * FRAMES_PER_SECOND });
});
after(() => rm(folder, { recursive: true, force: true }));

/** @typedef {import("./support/server.mjs").Server} Server */
/** @typedef {import("playwright-core").Page} Page */

/** A recording that is over. @param {Server} server @param {string} session @param {number} startMs @param {Made} [of] */
async function recorded(server, session, startMs, of = made) {
  const publisher = await openPublisher(server, { session, startedMs: startMs });
  const generation = publisher.begin({ mime: of.mime, startedMs: startMs });
  publisher.send(generation, of.stream);
  return publisher.stop();
}

/** @param {import("node:test").TestContext} t @param {Server} server */
async function opened(t, server) {
  const { context } = await openChromium(t, null, { tap: false, context: { ignoreHTTPSErrors: true } });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(`${server.https}/library`);
  return page;
}

/** Files of media by their age, the oldest first. @param {Server} server */
async function files(server) {
  const all = (await server.sessions(false)).flatMap(({ folder: of, events }) => events.filter(({ event }) => event === "segment").map(({ file, started_ms }) => ({ path: join(of, file), startMs: Number(started_ms) })));
  return all.sort((a, b) => a.startMs - b.startMs).map(({ path }) => path);
}

/** @param {string[]} paths */
const there = (paths) => Promise.all(paths.map((path) => access(path).then(() => true, () => false)));
/** @param {Page} page */
const planSaid = (page) => page.locator("#retention-plan-text").textContent();
/** @param {Page} page @param {string} id */
const row = (page, id) => page.locator(`.session:has(a[href*="${id}"])`);

test("a total is chosen: the plan is said first, exactly its files go, and dated lines stay", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = Date.now() - 2 * DAY_MS;
  const noise = await makeNoise();
  await recorded(server, "older-recording", startMs, noise);
  await recorded(server, "newer-recording", startMs + DAY_MS, noise);
  const all = await files(server);
  assert.equal(all.length, SECONDS);
  const sizes = await Promise.all(all.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const gone = 7;
  // So that six of them are not enough, and seven are.
  const limitBytes = total - sizes.slice(0, gone).reduce((sum, bytes) => sum + bytes, 0) + 1000;
  assert.ok(limitBytes > 1e6, `${limitBytes} bytes`);
  const limitGb = (limitBytes / 1e9).toFixed(6);

  const page = await opened(t, server);
  await page.locator(".session").first().waitFor();
  await page.locator("#retention-open").click();
  await page.locator("#retention-none").waitFor();
  const save = page.locator("#retention-save");
  assert.equal(await save.isDisabled(), true, "nothing has been chosen");
  await page.fill("#retention-max_total_gb", "1,500");
  await page.locator("#retention-max_total_gb-wrong").waitFor();
  assert.equal(await save.isDisabled(), true, "1,500 may be one and a half");

  // As long as the plan for exactly these values is not there, nothing can be saved.
  let letGo = () => {};
  const held = new Promise((resolve) => void (letGo = () => resolve(undefined)));
  await page.route("**/api/library/retention/plan", async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest("**/api/library/retention/plan");
  await page.fill("#retention-max_total_gb", limitGb);
  await asked;
  assert.equal(await save.isDisabled(), true, "the plan is not there yet");
  letGo();
  await until("the plan", async () => /^This deletes 7 files, .* up to .*\d\d:\d\d/.test(String(await planSaid(page))), { explain: async () => String(await planSaid(page)) });
  assert.deepEqual(await there(all), all.map(() => true), "nothing goes before it is saved");
  assert.equal(await save.textContent(), "Save and delete 7 files");
  await save.click();
  await page.locator("#retention-said", { hasText: "Saved." }).waitFor();
  await until("the planned files are gone", async () => (await there(all)).slice(0, gone).every((is) => !is), { within: 60_000 });
  await page.locator("#deleted .deleted", { hasText: "Automatically: more than chosen for all recordings" }).waitFor();
  assert.match(String(await page.locator("#deleted .deleted").first().textContent()), /7 files, .*Bench/);
  await until("the plan has nothing left", async () => (await planSaid(page)) === "Nothing is deleted now.", { within: 30_000 });
  assert.deepEqual(await there(all), all.map((_, index) => index >= gone), "exactly the planned files are gone");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "retention-open", "the focus goes back");
  assert.match(String(await page.locator(".day-notes:not([hidden])").textContent()), /^7 files of Bench deleted automatically, .*: more than chosen for all recordings$/);
  await row(page, "older-recording").waitFor({ state: "detached" });
  await page.reload();
  await page.locator(".day-notes:not([hidden])").waitFor();
  await page.locator("#retention-open").click();
  await page.locator("#retention-chosen li", { hasText: `${Number(limitGb)} GB` }).waitFor();
  assert.equal(await page.inputValue("#retention-max_total_gb"), String(Number(limitGb)));
});

test("what is deleted by hand comes back, by the bar and by its line, whatever this clock says", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  await recorded(server, "one-recording", Date.now() - DAY_MS);
  const page = await opened(t, server);
  await row(page, "one-recording").waitFor();
  await page.clock.install({ time: Date.now() + 3_600_000 });
  await page.reload();
  await row(page, "one-recording").locator("input").check();
  await page.locator("#chosen-delete").click();
  assert.match(String(await page.locator("#confirm-more").textContent()), /^6 files, .*five minutes/);
  await page.locator("#confirm-yes").click();
  await page.locator("#undo-do").waitFor();
  // This clock is an hour ahead, and so is the time that is said.
  const until_ms = await page.evaluate(() => Date.now() + 300_000);
  const said = String(await page.locator("#undo-text").textContent());
  const [, hour = "", minute = ""] = /Until (\d\d):(\d\d)/.exec(said) ?? [];
  const apart = Math.abs(Number(hour) * 60 + Number(minute) - (new Date(until_ms).getHours() * 60 + new Date(until_ms).getMinutes()));
  assert.ok(apart <= 1 || apart >= 24 * 60 - 1, said);
  await row(page, "one-recording").waitFor({ state: "detached" });
  await page.locator("#undo-do").click();
  await row(page, "one-recording").waitFor();

  await row(page, "one-recording").locator("input").check();
  await page.locator("#chosen-delete").click();
  await page.locator("#confirm-yes").click();
  await row(page, "one-recording").waitFor({ state: "detached" });
  await page.locator("#retention-open").click();
  const line = page.locator("#deleted .deleted", { hasText: "By hand" });
  assert.match(String(await line.textContent()), /6 files, /);
  await line.locator("button").click();
  await page.locator("#deleted-said", { hasText: "Back again." }).waitFor();
  await line.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await row(page, "one-recording").waitFor();
  assert.equal(await page.locator("#undo-do").isVisible(), false, "nothing is left to undo");
});

test("what is kept or grows stays and says why; titles, marks and released times are as the server has them", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: 2 });
  const startMs = Date.now() - DAY_MS;
  await recorded(server, "held-recording", startMs);
  const page = await opened(t, server);
  await row(page, "held-recording").locator("a.session-link").click();
  await page.locator(OPEN).waitFor();
  await page.locator("#part-keep").click();
  await page.locator(".span-release").waitFor();

  // The page may know less than the server: its own answer is said, too.
  const answer = await page.evaluate(async () => (await fetch("/api/library/deletions", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sessions: ["held-recording"], files: [] }) })).json());
  assert.equal(answer.error.code, "kept");
  await page.route("**/api/sessions/held-recording/timeline", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), kept: [] } });
  });
  await page.route("**/api/library?*", async (route) => {
    const response = await route.fetch();
    const told = await response.json();
    await route.fulfill({ response, json: { ...told, sessions: told.sessions.map((/** @type {any} */ one) => ({ ...one, kept: false })) } });
  });
  await page.reload();
  await page.locator(OPEN).waitFor();
  await page.locator("#player-delete").click();
  await page.locator("#confirm-yes").click();
  await page.locator("#undo-text", { hasText: "A part of it is kept." }).waitFor();
  await page.unroute("**/api/sessions/held-recording/timeline");
  await page.unroute("**/api/library?*");
  await page.reload();
  await page.locator(OPEN).waitFor();
  await page.locator("#player-delete").click();
  await page.locator("#undo-text", { hasText: "of which something is kept stays" }).waitFor();

  await page.locator("#player-name").click();
  await page.fill("#ask-value", "Match against Bern");
  await page.locator("#ask-do").click();
  await page.locator("#player-title", { hasText: "Match against Bern" }).waitFor();
  await page.locator("#player-name").click();
  await page.fill("#ask-value", "");
  await page.locator("#ask-do").click();
  await page.locator("#player-title", { hasText: "Bench" }).waitFor();
  // At its very beginning, and without words.
  await page.locator("#mark").click();
  await page.locator("#ask-do").click();
  await page.locator("#ask").waitFor({ state: "hidden" });
  await page.locator("#spans .legend-mark").waitFor();
  await page.locator(".span-release").click();
  await page.locator(".span-release").waitFor({ state: "detached" });

  const growing = await openPublisher(server, { session: "growing-recording", startedMs: Date.now() - SECONDS * 1000 });
  growing.send(growing.begin({ mime: made.mime, startedMs: Date.now() - SECONDS * 1000 }), made.stream);
  await page.locator("#player-back").click();
  await row(page, "growing-recording").waitFor();
  await row(page, "growing-recording").locator("input").check();
  await page.locator("#chosen-delete").click();
  await page.locator("#undo-text", { hasText: "still recording stays" }).waitFor();
  await growing.stop();
  await page.locator("#chosen-clear").click();
  await row(page, "held-recording").locator("input").check();
  await page.locator("#chosen-delete").click();
  await page.locator("#confirm-yes").click();
  await row(page, "held-recording").waitFor({ state: "detached" });
});

test("where the configuration file decides, the page says so and changes nothing; a reserve without effect is warned of", { timeout: 180_000 }, async (t) => {
  const config = join(folder, "localcamera.toml");
  await writeFile(config, "[retention]\nmax_age_days = 30\nreserve_gb = 0.1\n");
  const server = await startServer(t, { args: ["--config", config] });
  const page = await opened(t, server);
  await page.locator("#retention-open").click();
  await page.locator("#retention-from-file", { hasText: "configuration file" }).waitFor();
  assert.equal(await page.inputValue("#retention-max_age_days"), "30");
  assert.equal(await page.locator("#retention-max_age_days").isEditable(), false);
  assert.match(String(await page.locator("#retention-max_age_days").getAttribute("aria-describedby")), /retention-from-file/);
  assert.equal(await page.locator("#retention-save").isVisible(), false);
  await page.locator("#retention-warning", { hasText: "recording pauses" }).waitFor();
  assert.match(String(await page.locator("#retention-warning").textContent()), /keep at least \d+ MB free/);

  // To somebody who watches nothing of it is shown, and nothing is asked.
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => void (/deletions|retention(\/|$)/.test(new URL(request.url()).pathname.replace(/^\/web.*/, "")) && asked.push(request.url())));
  await page.route("**/api/access", async (route) => {
    const response = await route.fetch();
    const told = await response.json();
    await route.fulfill({ response, json: { ...told, mode: "paired", you: { ...told.you, who: "browser", role: "viewer" } } });
  });
  await page.reload();
  await page.locator("#empty:not([hidden])").waitFor();
  await page.locator("#who:not([hidden])").waitFor();
  assert.equal(await page.locator("#retention-open").isVisible(), false);
  assert.deepEqual(asked, []);
});
