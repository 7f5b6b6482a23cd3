// Reloads, crashes, a server that is away, storage that is full: what the browser handed over and the device stored
// arrives, once, and what was not captured is on the timeline.

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrived, ended, gapsOf, handedOver, isKept, judged, reasonsOf, shown } from "./support/arrivals.mjs";
import { open, reaches, record, stop, truth } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { readOriginals, tapLastingly } from "./support/lasting-tap.mjs";
import { refuseWithoutTap } from "./support/needs-tap.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/**
 * @param {import("node:test").TestContext} t
 * @param {{ proxied?: boolean, before?: () => void }} [options] `before`: runs in each page before its scripts
 */
async function setUp(t, { proxied = false, before } = {}) {
  const server = await startServer(t);
  const proxy = proxied ? await startProxy(t, server.https) : null;
  // The server tells its own address, too; through a proxy that can be cut, only the proxy's is there.
  const unreachable = proxy ? [server.https] : [];
  const browser = await openChromium(t, server, { tap: false, unreachable });
  await tapLastingly(browser.context);
  if (before) await browser.context.addInitScript(before);
  const page = await browser.newPage();
  const url = proxy ? proxy.url : server.https;
  await open(page, url);
  return { server, proxy: /** @type {NonNullable<typeof proxy>} */ (proxy), browser, page, url };
}

/**
 * A recording that is stopped while the server is away.
 * @param {Awaited<ReturnType<typeof setUp>>["page"]} page @param {Awaited<ReturnType<typeof setUp>>["proxy"]} proxy
 */
async function stopAway(page, proxy) {
  await record(page);
  await handedOver(page, 1, 3);
  await proxy.cut();
  await handedOver(page, 1, 6);
  await page.click("#stop");
  await until("the word that it waits here", async () => /stays on this device/.test(await truth(page)), { explain: () => truth(page) });
}

test("while the server is away the page opens, goes on recording, and delivers afterwards", { timeout: 180_000 }, async (t) => {
  const { server, proxy, page } = await setUp(t, { proxied: true });
  await until("a copy of the page on the device", () => page.evaluate(isKept));
  await record(page);
  await handedOver(page, 1, 4);
  await proxy.cut();
  await handedOver(page, 1, 8);
  await page.playwright.reload();
  await reaches(page, "offline");
  await handedOver(page, 2, 4);
  await page.playwright.reload();
  await reaches(page, "offline");
  await handedOver(page, 3, 4);
  await proxy.restore();
  await reaches(page, "recording", 30_000);
  await handedOver(page, 3, 8);
  await stop(page);
  const session = await arrived(t, page, server, { generations: 3, unstored: 2 });
  assert.deepEqual(reasonsOf(session).sort(), ["page_killed", "page_killed", "start"]);
  assert.deepEqual(gapsOf(session).map(({ reason }) => reason), ["page_killed", "page_killed"]);
  await server.stop();
});

test("a browser that died hours ago delivers what it had stored, and the recording has ended", { timeout: 180_000 }, async (t) => {
  const { server, proxy, browser, page, url } = await setUp(t, { proxied: true });
  await record(page);
  await handedOver(page, 1, 3);
  await proxy.cut();
  await handedOver(page, 1, 8);
  await browser.kill();
  await proxy.restore();

  const again = await openChromium(t, server, { tap: false, profile: browser.profile, unreachable: [server.https] });
  await tapLastingly(again.context);
  await again.context.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 3 * 3600 * 1000;
  });
  const later = await again.newPage();
  await open(later, url);
  await until("the word that it has arrived", () => later.evaluate(shown, "arrived-text"), { within: 40_000, explain: () => truth(later) });
  const session = await arrived(t, later, server, { generations: 1, unstored: 2 });
  assert.deepEqual(gapsOf(session), []);
  await later.click("#arrived-files");
  const links = await later.evaluate(() => [...document.querySelectorAll("#summary-files a[target]")].map((link) => /** @type {HTMLAnchorElement} */ (link).href));
  assert.equal(links.length, session.generations.get(0)?.length);
  const played = await later.playwright.request.get(String(links[0]), { ignoreHTTPSErrors: true });
  assert.equal(played.status(), 200);
  await later.click("#summary [data-close]");
  await later.click("#arrived-close");
  await later.playwright.reload();
  await reaches(later, "idle");
  assert.equal(await later.evaluate(shown, "arrived-text"), "", "it is said once");
  await server.stop();
});

test("whoever pressed Stop while the server was away gets the files on the next visit", { timeout: 180_000 }, async (t) => {
  const { server, proxy, page, url } = await setUp(t, { proxied: true });
  await stopAway(page, proxy);
  await page.goto("about:blank");
  await proxy.restore();
  await page.goto(url);
  await until("the files", () => page.evaluate(shown, "summary-total"), { within: 40_000, explain: () => truth(page) });
  await reaches(page, "idle");
  await arrived(t, page, server, { generations: 1 });
  await server.stop();
});

test("while what was stopped waits for the server the next recording begins, and both arrive", { timeout: 180_000 }, async (t) => {
  const { server, proxy, page } = await setUp(t, { proxied: true });
  await stopAway(page, proxy);
  await page.click("#record");
  await handedOver(page, 2, 4);
  assert.match(await truth(page), /still waits here/);
  await proxy.restore();
  await until("the word that the first has arrived", () => page.evaluate(shown, "arrived-text"), { within: 40_000, explain: () => truth(page) });
  await reaches(page, "recording");
  await stop(page);
  const sessions = (await ended(server)).sort((a, b) => a.session.start_us - b.session.start_us);
  assert.deepEqual(sessions.map((session) => reasonsOf(session)), [["start"], ["start"]]);
  const originals = await readOriginals(page);
  for (const [index, session] of sessions.entries()) {
    const told = session.events.find(({ event }) => event === "generation_end");
    assert.equal(told?.bytes, originals[index]?.bytes.length);
    await judged(t, `recording ${index + 1}`, /** @type {Buffer} */ (originals[index]?.bytes), session.generations.get(0) ?? []);
  }
  await server.stop();
});

test("a server that has moved to another address is found, and gets everything", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server.https);
  const browser = await openChromium(t, server, { tap: false });
  await tapLastingly(browser.context);
  const page = await browser.newPage();
  await open(page, proxy.url);
  await record(page);
  await handedOver(page, 1, 4);
  // The address that the page came from is no more; the server told of its other one.
  await proxy.cut();
  await until("the other address", async () => (await truth(page)).includes(server.https), { within: 40_000, explain: () => truth(page) });
  await reaches(page, "recording");
  await handedOver(page, 1, 8);
  await stop(page);
  await arrived(t, page, server, { generations: 1 });
  const links = await page.evaluate(() => [...document.querySelectorAll("#summary-files a[target]")].map((link) => /** @type {HTMLAnchorElement} */ (link).origin));
  assert.ok(links.length > 0 && links.every((origin) => origin === server.https), String(links));
  await server.stop();
});

test("where the camera needs a tap, one tap goes on", { timeout: 120_000 }, async (t) => {
  const { server, browser, page } = await setUp(t);
  await record(page);
  await handedOver(page, 1, 4);
  await browser.context.addInitScript(refuseWithoutTap);
  await page.playwright.reload();
  await until("the question", () => page.evaluate(shown, "interrupted-text"));
  assert.notEqual(await page.evaluate(() => document.body.dataset["state"]), "recording");
  await page.click("#go-on");
  await until("the recording that goes on", async () => (await readOriginals(page)).length === 2);
  assert.equal(await page.evaluate(shown, "interrupted-text"), "");
  await handedOver(page, 2, 3);
  await stop(page);
  const session = await arrived(t, page, server, { generations: 2, unstored: 2 });
  assert.deepEqual(gapsOf(session).map(({ reason }) => reason), ["page_killed"]);
  await server.stop();
});

test("“That was all” ends it, and what had been recorded arrives", { timeout: 120_000 }, async (t) => {
  const { server, browser, page } = await setUp(t);
  await record(page);
  await handedOver(page, 1, 4);
  await browser.context.addInitScript(refuseWithoutTap);
  await page.playwright.reload();
  await until("the question", () => page.evaluate(shown, "interrupted-text"));
  await page.click("#that-was-all");
  await until("the word that it has arrived", () => page.evaluate(shown, "arrived-text"), { within: 40_000, explain: () => truth(page) });
  await arrived(t, page, server, { generations: 1, unstored: 2 });
  await server.stop();
});

test("a second tab leaves a running recording alone, and a kiosk goes on after a reload without a hand", { timeout: 120_000 }, async (t) => {
  const { server, browser, page, url } = await setUp(t);
  await page.goto(`${url}/?record=now`);
  await handedOver(page, 1, 3);
  const other = await browser.newPage();
  await open(other, url);
  await handedOver(page, 1, 8);
  assert.equal(await other.evaluate(shown, "interrupted-text"), "");
  await reaches(other, "idle");
  await other.close();
  await page.playwright.reload();
  await handedOver(page, 2, 3);
  await reaches(page, "recording");
  await stop(page);
  const session = await arrived(t, page, server, { generations: 2, unstored: 2 });
  assert.deepEqual(reasonsOf(session), ["start", "page_killed"]);
  await server.stop();
});

/** A device whose room is what the test says. Runs in the page, before its own scripts. */
function roomToTell() {
  const storage = navigator.storage;
  const ask = storage.estimate.bind(storage);
  storage.estimate = async () => (/** @type {any} */ (globalThis).__full ? { quota: 1_000_000, usage: 1_000_000 } : ask());
}
/** Runs in the page. @param {boolean} full */
const setFull = (full) => {
  /** @type {any} */ (globalThis).__full = full;
};

test("a device that is full says so, stops where it must, and goes on when there is room", { timeout: 240_000 }, async (t) => {
  const { server, proxy, page } = await setUp(t, { proxied: true, before: roomToTell });
  await record(page);
  await handedOver(page, 1, 3);
  await proxy.cut();
  await page.evaluate(setFull, true);
  await until("the word that the device is full", async () => /storage of this device is full/.test(await truth(page)), { within: 60_000, explain: () => truth(page) });
  assert.equal(await page.evaluate(() => document.body.dataset["light"]), "bad");
  await page.evaluate(setFull, false);
  await handedOver(page, 2, 3);
  await proxy.restore();
  await reaches(page, "recording", 60_000);
  await stop(page);
  // The first piece that did not fit is the hole; nothing behind it was stored.
  const session = await arrived(t, page, server, { generations: 2, unstored: 3 });
  assert.deepEqual(reasonsOf(session).sort(), ["start", "storage"]);
  const [gap, ...others] = gapsOf(session);
  assert.deepEqual(others, []);
  assert.equal(gap?.reason, "device_storage_full");
  assert.ok(gap.ms > 1000, `the gap has ${gap.ms} ms`);
  await server.stop();
});

test("what the system takes away meanwhile is a gap with its length", { timeout: 120_000 }, async (t) => {
  const { server, page } = await setUp(t);
  await record(page);
  await handedOver(page, 1, 3);
  const track = (/** @type {string} */ event) => page.evaluate((name) => {
    const [video] = /** @type {MediaStream} */ (/** @type {HTMLVideoElement} */ (document.querySelector("#preview")).srcObject).getVideoTracks();
    if (name === "ended") video?.stop();
    video?.dispatchEvent(new Event(name));
  }, event);
  await track("mute");
  await handedOver(page, 1, 6);
  await track("unmute");
  await handedOver(page, 2, 3);
  await track("ended");
  await handedOver(page, 3, 3);
  await stop(page);
  const session = await arrived(t, page, server, { generations: 3 });
  const gaps = gapsOf(session);
  assert.deepEqual(gaps.map(({ reason, detail }) => [reason, detail]), [["muted", "camera"], ["interrupted", "camera"]]);
  assert.ok(Number(gaps[0]?.ms) >= 1500 && Number(gaps[0]?.ms) < 8000, JSON.stringify(gaps));
  assert.deepEqual(session.events.filter(({ event }) => event === "mark").map(({ kind }) => kind), ["muted", "unmuted", "interrupted", "resumed"]);
  await server.stop();
});
