// The first start and the way in, as new users go it: who decides, who is let in, who is shut out while recording.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { arrived, handedOver } from "./support/arrivals.mjs";
import { judged, reaches, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { ask, isShown, newCode, says, shows, textOf, type, words } from "./support/entry.mjs";
import { tapLastingly } from "./support/lasting-tap.mjs";
import { inOwnNetwork } from "./support/own-network.mjs";
import { localcamera } from "./support/programs.mjs";
import { createShoot, folder as pictures } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** @typedef {Awaited<ReturnType<Awaited<ReturnType<typeof openChromium>>["newPage"]>>} ChromiumPage */

/** The server's own computer decides; every other device is on the other end of this address. */
const LAN = "192.168.77.3";
const network = await inOwnNetwork(LAN);

/** What a person reads who has done nothing wrong. @param {import("./support/page.mjs").Page} page */
async function complainsOfNothing(page) {
  for (const id of ["code-problem", "not-set-up-problem", "first-problem", "password-problem"]) assert.equal(await textOf(page, id), "", id);
  assert.notEqual(await page.evaluate(() => document.body.dataset["state"]), "error");
  assert.deepEqual(page.errors.filter((error) => !/status of 40[13]/.test(error)), [], "being refused is no fault");
}

/** On the server's own computer, where the page is `localhost`. @param {import("./support/page.mjs").Page} desk @param {string} address */
async function saysWhereItIs(desk, address) {
  const { origin } = new URL(await desk.evaluate(() => location.href));
  for (const path of ["/live", "/devices"]) {
    await desk.goto(origin + path);
    await says(desk, "address", address);
  }
  await shows(desk, "people-let-in");
  await desk.click("#people-let-in");
  await desk.click("#entry-form-submit");
  await says(desk, "code-address", address);
  assert.ok((await textOf(desk, "code-link")).startsWith(`${address}/#pair=`));
  await desk.click("#code-end");
}

/** What it would be refused it is not offered. @param {import("./support/page.mjs").Page} page */
async function commandsNothing(page) {
  await says(page, "watching-only", String(words["devices.watching_only"]));
  for (const id of ["scope-actions", "sources-add", "people-let-in", "test-box"]) assert.ok(!(await isShown(page, id)), id);
  const buttons = await page.evaluate(() => [...document.querySelectorAll(".device-main, .source-pause")].filter((one) => one.getClientRects().length > 0).length);
  assert.equal(buttons, 0);
}

/** @param {import("node:test").TestContext} t */
async function start(t) {
  const server = await startServer(t, { isOpen: false, isForAll: network !== null });
  const context = { locale: "en-GB" };
  const desk = await (await openChromium(t, server, { tap: false, context })).newPage();
  await desk.goto(`https://localhost:${new URL(server.https).port}`);
  await shows(desk, "first-paired");
  const decide = async () => {
    await desk.click("#first-paired");
    await shows(desk, "stage-done");
    await desk.goto(new URL("/devices", desk.playwright.url()).href);
    await shows(desk, "people-let-in");
  };
  return { server, context, desk, decide };
}

/**
 * A camera that was let in and records.
 * @param {import("node:test").TestContext} t @param {{ lasting?: boolean }} [options] `lasting`: it is listened to across reloads
 */
async function startRecording(t, { lasting = false } = {}) {
  const { server, context, desk, decide } = await start(t);
  await decide();
  const browser = await openChromium(t, server, { tap: !lasting, context });
  if (lasting) await tapLastingly(browser.context);
  const tablet = await browser.newPage();
  /** @type {import("playwright-core").WebSocket[]} */
  const sockets = [];
  tablet.playwright.on("websocket", (socket) => sockets.push(socket));
  await tablet.goto(server.https);
  await shows(tablet, "code");
  await type(tablet, (await newCode(desk)).digits);
  await reaches(tablet, "idle");
  await record(tablet);
  const shutOut = async () => {
    const { said } = await ask(desk, "GET", "/api/access/people");
    const camera = said.browsers.find((/** @type {{ role: string }} */ { role }) => role === "camera");
    const before = sockets.filter((socket) => !socket.isClosed());
    assert.ok(before.length > 0, "a camera that records has a socket open");
    assert.equal((await ask(desk, "DELETE", `/api/access/browsers/${camera.id}`)).status, 204);
    await until("the end of what the camera had open", () => before.every((socket) => socket.isClosed()), { within: 5000 });
    await shows(tablet, "let-in-layer");
    await says(tablet, "let-in-title", String(words["sign_in.ask.revoked"]));
    await says(tablet, "code-lead", String(words["sign_in.ask.revoked.lead"]));
    await says(tablet, "entry-held-text", HELD);
    assert.equal((await ask(tablet, "GET", "/api/streams")).status, 401, "nobody sees what is live");
    await until("nothing of it is live", async () => !(await isLive(desk)));
  };
  return { server, desk, tablet, shutOut };
}

/** @param {import("./support/page.mjs").Page} desk */
const isLive = async (desk) => (await ask(desk, "GET", "/api/streams")).said.streams.some((/** @type {{ state: string }} */ { state }) => state === "live");

/** How much waits, whatever it is. */
const HELD = new RegExp(`^${String(words["sign_in.held"]).replace("{size}", "<?[\\d.,]+ \\S+")}$`);

test("one browser decides who gets in; another one at the network's address is told what to do, and comes in by six digits", { timeout: 240_000, skip: !network }, async (t) => {
  const { server, context, desk, decide } = await start(t);
  assert.ok(server.https.startsWith(`https://${LAN}:`), server.https);
  const tablet = await (await openChromium(t, server, { tap: false, context })).newPage();
  await tablet.goto(server.https);
  await shows(tablet, "stage-not_set_up");
  assert.equal(await textOf(tablet, "own-address"), `https://localhost:${new URL(server.https).port}`);
  assert.ok(!(await isShown(tablet, "first-paired")), "who is elsewhere does not decide");
  assert.equal((await ask(tablet, "POST", "/api/access/first", { mode: "network" })).status, 403, "whatever it asks for");
  await complainsOfNothing(tablet);

  await decide();
  await saysWhereItIs(desk, server.https);
  await shows(tablet, "code");
  for (const path of ["/live", "/devices", "/"]) {
    await tablet.goto(server.https + path);
    await shows(tablet, "code");
    assert.match(await textOf(tablet, "stage-code"), new RegExp(words["sign_in.how"]?.replace("?", "\\?") ?? ""), path);
    assert.equal(await textOf(tablet, "code-devices"), `${server.https}/devices`, path);
    await complainsOfNothing(tablet);
  }
  assert.equal((await ask(tablet, "GET", "/api/streams")).status, 401, "nobody sees what is live");

  const code = await newCode(desk);
  await type(tablet, code.digits.slice(0, 3));
  await tablet.click("#pair");
  await says(tablet, "code-problem", String(words["sign_in.code.short"]));
  await type(tablet, code.digits === "111111" ? "222222" : "111111");
  await says(tablet, "code-problem", String(words["sign_in.refused.wrong_code"]));
  const ended = await newCode(desk);
  assert.equal((await ask(desk, "DELETE", `/api/access/codes/${ended.id}`)).status, 204);
  await type(tablet, ended.digits);
  await says(tablet, "code-problem", String(words["sign_in.refused.code_ended"]));
  await type(tablet, `${code.digits.slice(0, 3)} ${code.digits.slice(3)}`);
  await reaches(tablet, "idle");
  assert.equal((await ask(tablet, "GET", "/api/access/people")).status, 403, "a camera lets nobody in");
  await tablet.goto(`${server.https}/devices`);
  await commandsNothing(tablet);

  const late = await (await openChromium(t, server, { tap: false, context })).newPage();
  await late.goto(server.https);
  await shows(late, "code");
  await type(late, code.digits);
  await says(late, "code-problem", String(words["sign_in.refused.code_ended"]));
  await server.stop();
});

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`whoever comes by the first admin's link is asked who gets in, and others see what they may, in ${language}`, { timeout: 240_000, skip: !network }, async (t) => {
    await mkdir(pictures, { recursive: true });
    const server = await startServer(t, { isOpen: false, isForAll: true });
    const open = async () => (await openChromium(t, server, { tap: false, context: { locale: String(locale) } })).newPage();
    /** @type {string[]} */
    const problems = [];
    /** @param {ChromiumPage} page */
    const shoot = (page) => createShoot(page, { language: String(language), problems });
    const { stdout: link } = await promisify(execFile)(localcamera(), ["user", "link", "--state", join(server.folder, "state")]);
    assert.ok(link.startsWith(`${server.https}/#pair=`), link);
    const admin = await open();
    await admin.goto(link.trim());
    await shows(admin, "stage-first");
    assert.equal((await ask(admin, "GET", "/api/access")).said.mode, "paired", "until somebody chooses, the stricter one holds");
    await shoot(admin)("first-admin");
    assert.ok(!(await isShown(admin, "app")), "the page waits for the choice");
    await admin.click("#first-network");
    await shows(admin, "stage-done");
    assert.ok((await textOf(admin, "done-lead")).includes(server.https));
    assert.equal((await ask(admin, "GET", "/api/access")).said.mode, "network");
    await shoot(admin)("first-admin-done");
    await ask(admin, "PUT", "/api/access/mode", { mode: "paired" });

    const watcher = await open();
    const { said } = await ask(admin, "POST", "/api/access/codes", { role: "viewer" });
    await watcher.goto(`${server.https}/devices`);
    await shows(watcher, "code");
    // Who is let in there is led on to the page.
    await Promise.all([watcher.playwright.waitForEvent("load"), type(watcher, said.digits)]);
    await shows(watcher, "watching-only");
    await until("the server's address", async () => (await textOf(watcher, "address")) === server.https);
    await shoot(watcher)("devices-watching");
    const told = (await ask(admin, "GET", "/api/access/people")).said.browsers.map((/** @type {{ name: string }} */ { name }) => name).sort();
    assert.match(told.join(), /^(Chrom\w+ on Linux),\1 2$/, "two browsers of a kind are told apart");

    await watcher.goto(`${server.https}/selftest`);
    await shows(watcher, "selftest-start");
    await watcher.click("#selftest-start");
    await until("the verdict", () => isShown(watcher, "selftest-verdict"), { within: 60_000 });
    const step = (/** @type {string} */ wanted) => watcher.evaluate((name) => (document.getElementById("selftest-report")?.textContent ?? "").includes(name), wanted);
    assert.ok(await step("[failed] record/watches"), "it says why");
    assert.ok(await step("[passed] permission/ok"), "all else is tested");
    assert.equal(await watcher.evaluate(() => document.body.dataset["state"]), "failed");
    await shoot(watcher)("selftest-watching");
    assert.deepEqual(problems, []);
    await server.stop();
  });
}

test("a camera that is shut out while it records says so, goes on, and delivers when it is let in again", { timeout: 420_000 }, async (t) => {
  const { server, desk, tablet, shutOut } = await startRecording(t);
  await recorded(tablet, 5);
  await shutOut();
  await type(tablet, (await newCode(desk)).digits);
  await until("the sheet is gone", async () => !(await isShown(tablet, "let-in-layer")), { within: 30_000 });
  await recorded(tablet, 12);
  await stop(tablet, 60_000);
  await judged(t, tablet, server);
  await server.stop();
});

test("what a camera has recorded stays in it while it is shut out, also when its page is loaded again", { timeout: 420_000 }, async (t) => {
  const { server, desk, tablet, shutOut } = await startRecording(t, { lasting: true });
  await handedOver(tablet, 1, 3);
  await shutOut();
  await handedOver(tablet, 1, 6);
  await tablet.playwright.reload();
  await shows(tablet, "code");
  await says(tablet, "entry-held-text", HELD);
  await type(tablet, (await newCode(desk)).digits);
  await reaches(tablet, "recording", 40_000);
  await handedOver(tablet, 2, 3);
  await stop(tablet, 60_000);
  await arrived(t, tablet, server, { generations: 2, unstored: 2 });
  await server.stop();
});
