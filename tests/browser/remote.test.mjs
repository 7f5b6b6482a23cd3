// Commands from elsewhere: a program over /ws/control, and the person at the device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, open, reaches, record, recorded } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openControl } from "./support/control.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/page.mjs").Page} Page */

/** Runs in the page. @param {string} id */
const shownText = (id) => {
  const element = document.getElementById(id);
  return element && element.offsetParent !== null ? (element.textContent ?? "").trim() : "";
};
/** Runs in the page. */
const isAsking = () => document.querySelector("#remote-ask")?.hasAttribute("hidden") === false;

/** Runs in the page. What is tapped in the first moment was meant for something else. */
const takesAnswers = () =>
  document.querySelector("#remote-ask")?.hasAttribute("hidden") === false && document.querySelector("#remote-once")?.getAttribute("aria-disabled") === "false";

/** @param {Page} page @param {"once" | "always" | "no"} reply */
async function answer(page, reply) {
  await until("a question that takes answers", () => page.evaluate(takesAnswers));
  await page.evaluate((id) => document.getElementById(id)?.click(), `remote-${reply}`);
  await until("the question's end", async () => !(await page.evaluate(isAsking)));
}

/** @param {Page} page */
const always = (page) => page.evaluate(() => localStorage.setItem("localcamera.remote", "always"));

const DONE = { ok: true, code: undefined, message: undefined };

/** Runs in the page. What other tabs know of it while its timers hardly come. */
const locksOfRecordings = async () => ((await navigator.locks.query()).held ?? []).filter(({ name }) => name?.startsWith("localcamera.records.")).length;

/** @param {Awaited<ReturnType<typeof openControl>>} control @param {string} state */
const becomes = (control, state) => control.is(`is ${state}`, (device) => device.state === state);

test("a program starts, marks, changes, renames and stops a recording, and the files play", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server, { cameras: 2 });
  const page = await browser.newPage();
  await open(page, server.https);
  await always(page);
  await open(page, server.https);
  const control = await openControl(t, server);
  const idle = await control.is("has two cameras", (device) => device.state === "idle" && device.cameras.length === 2);
  assert.deepEqual([idle.online, idle.control, idle.quality], [true, "allowed", "720p,standard"]);
  assert.deepEqual(idle.can, ["start", "stop", "mark", "camera", "quality", "name"]);
  assert.ok(!JSON.stringify(idle).includes(await page.evaluate(() => String(localStorage.getItem("localcamera.key")))), "its key stays its own");
  assert.equal((await control.order("mark")).code, "failed");

  assert.equal((await control.order("start")).ok, true);
  await reaches(page, "recording");
  const recording = await becomes(control, "recording");
  assert.ok(recording.session && Math.abs(Date.now() - recording.since_ms) < 20_000);
  assert.match(await page.evaluate(shownText, "said"), /Started from 127\.0\.0\.1/);
  assert.equal((await control.order("start")).ok, true, "as it is wished");
  await recorded(page, 4);
  const beforeMark = Date.now();
  assert.equal((await control.order("mark", "Goal")).ok, true);
  await page.click("#mark");
  await until("a word that it is marked", async () => /^Marked at/.test(await page.evaluate(shownText, "said")));
  const other = idle.cameras.find((/** @type {{ id: string }} */ { id }) => id !== recording.camera);
  assert.equal((await control.order("camera", other.id)).ok, true);
  await control.is("records with the other camera", (device) => device.camera === other.id && device.state === "recording");
  await recorded(page, 4);
  assert.equal((await control.order("quality", "480p,economy")).ok, true);
  await control.is("records in another quality", (device) => device.quality === "480p,economy");
  await recorded(page, 4);
  assert.equal((await control.order("name", "Front door")).ok, true);
  await control.is("has the new name", (device) => device.name === "Front door");
  assert.equal(await page.evaluate(shownText, "name"), "Front door");
  assert.equal((await control.order("camera", "attic")).code, "unsupported");
  assert.deepEqual(await control.order("stop"), DONE);
  await reaches(page, "finished");
  assert.ok(await page.evaluate(shownText, "summary-total"), "the files are shown as after the button");
  await becomes(control, "idle");

  const { session } = await judged(t, page, server, { generations: 3 });
  const marks = session.events.filter((event) => event.event === "mark" && event.kind === "mark");
  assert.deepEqual(marks.map(({ detail }) => detail ?? null), ["Goal", null]);
  assert.ok(Math.abs(marks[0].at_us / 1000 - beforeMark) < 2000, `the mark is at ${marks[0].at_us}, it was asked for at ${beforeMark}`);
  assert.deepEqual(session.events.filter((event) => event.event === "generation").map(({ reason }) => reason), ["start", "camera", "settings"]);
  const player = await browser.newPage();
  await playsInBrowser(t, player, session.generations.get(0) ?? []);
  // Chromium's recorder makes black pictures of its second fake camera.
  await playsInBrowser(t, player, [...(session.generations.get(1) ?? []), ...(session.generations.get(2) ?? [])], { picture: false });
  assert.deepEqual(page.errors, []);
  await server.stop();
});

test("the person is asked: No, once, and once more over the dark screen", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const browser = await openChromium(t, server);
  const page = await browser.newPage();
  await open(page, server.https);
  const control = await openControl(t, server);
  await control.is("is to be asked", (device) => device.state === "idle" && device.control === "ask");

  const first = control.command("start");
  await until("the question", () => page.evaluate(isAsking));
  assert.match(await page.evaluate(shownText, "remote-text"), /^127\.0\.0\.1 wants to start a recording/);
  await until("the word that somebody is being asked", () => first.length > 0);
  assert.deepEqual(first.map(({ ok, code }) => [ok, code]), [[null, "asking"]]);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "remote-card", "no button has the focus");
  assert.equal((await control.order("name", "Attic")).code, "busy");
  await answer(page, "no");
  await until("the refusal", () => first.find(({ ok }) => ok === false));
  assert.equal(first[1]?.code, "not_allowed");
  assert.equal((await control.order("start")).code, "not_allowed", "whoever was told No does not ask again at once");
  assert.equal(await page.evaluate(() => document.body.dataset["state"]), "idle");

  // A reload forgets the No.
  const reloadedMs = Date.now();
  await open(page, server.https);
  await control.is("has come anew", (device) => device.online && device.last_seen_ms > reloadedMs && device.state === "idle");
  const second = control.command("start");
  await answer(page, "once");
  await until("the start", () => second.find(({ ok }) => ok === true));
  await reaches(page, "recording");
  await recorded(page, 2);

  // The quality is another question; over a dark screen it takes a hold to get to it.
  await page.click("#dark-on");
  const third = control.command("quality", "480p,standard");
  await until("the word on the dark screen", async () => /wants to change the quality/.test(await page.evaluate(shownText, "dark-note")), {
    explain: () => JSON.stringify([third, control.device()]),
  });
  assert.equal(await page.evaluate(isAsking), false);
  const unlock = await page.playwright.locator("#unlock").boundingBox();
  assert.ok(unlock);
  await page.playwright.mouse.move(unlock.x + unlock.width / 2, unlock.y + unlock.height / 2);
  await page.playwright.mouse.down();
  await until("the question", () => page.evaluate(isAsking));
  await page.playwright.mouse.up();
  await until("a question that takes answers", () => page.evaluate(takesAnswers));
  await page.playwright.keyboard.press("Escape");
  await until("the question's end", async () => !(await page.evaluate(isAsking)));
  await until("the refusal", () => third.find(({ ok }) => ok === false));

  // Whoever was allowed to start it may stop it; also in the dark.
  await page.click("#dark-on");
  assert.deepEqual(await control.order("stop"), DONE);
  await reaches(page, "finished");
  await judged(t, page, server);
  assert.deepEqual(page.errors, []);
  await server.stop();
});

test("of two tabs the one that records is controlled, and a lost connection changes nothing", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server.https);
  const browser = await openChromium(t, server, { unreachable: [server.https] });
  const page = await browser.newPage();
  await open(page, proxy.url);
  await always(page);
  await open(page, proxy.url);
  const control = await openControl(t, server);
  await becomes(control, "idle");
  await record(page);
  await recorded(page, 2);
  await becomes(control, "recording");
  const other = await browser.newPage();
  await open(other, proxy.url);
  assert.equal(control.device().state, "recording", "the newer tab has taken nothing");
  assert.equal(await other.evaluate(locksOfRecordings), 1);

  await proxy.cut();
  await control.is("is away", (device) => !device.online);
  assert.equal((await control.order("stop")).code, "offline");
  await recorded(page, 6);
  await proxy.restore();
  // Its media comes a moment before its control connection.
  await control.is("is back and records", (device) => device.control === "allowed" && device.state === "recording");
  assert.deepEqual(await control.order("stop"), DONE);
  await reaches(page, "finished");
  await until("the lock's end", async () => (await other.evaluate(locksOfRecordings)) === 0);
  await judged(t, page, server);
  await server.stop();
});
