// The server's certificate in browsers whose owner has imported its authority, as the guide says: nothing is overlooked.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { open, record, recorded, stop } from "./support/capture.mjs";
import { serveForged } from "./support/forged.mjs";
import { inOwnNetwork } from "./support/own-network.mjs";
import { startServer } from "./support/server.mjs";
import { installTap } from "./support/tap.mjs";
import { browsers } from "./support/trusting.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/page.mjs").Page} Page */

const FIRST = "192.168.77.3";
const NEXT = "192.168.77.8";
/** Names that the authority may not speak for, and may. */
const PUBLIC = "camera.example.com";
const OWN = "forged.local";

const network = await inOwnNetwork(FIRST, { [PUBLIC]: NEXT, [OWN]: NEXT });

/** What a page that is opened with its certificate trusted can do; runs in the page. */
const abilities = async () => {
  /** @param {Promise<unknown>} work */
  const inTime = (work) => Promise.race([work, new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), 20_000))]);
  const said = (/** @type {Promise<unknown>} */ work) => inTime(work).then(() => "yes", (error) => String(error));
  const socket = () =>
    new Promise((resolve, reject) => {
      const opening = new WebSocket(`wss://${location.host}/ws/ingest`, "localcamera.v1");
      opening.addEventListener("open", () => resolve(opening.close()));
      opening.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
    });
  return {
    isSecure: isSecureContext,
    fetch: await said(fetch("/health", { cache: "no-store" })),
    socket: await said(socket()),
    worker: await said(navigator.serviceWorker.ready),
  };
};

/** What it said. @param {Page} page @param {string} url @param {RegExp} refusal */
async function isRefused(page, url, refusal) {
  await assert.rejects(page.goto(url), refusal, `${page.name} opens ${url}`);
}

/** Chromium hears of another address two seconds late, and then breaks off what has begun meanwhile. */
const SETTLED_MS = 3000;

/** Opens the new address until it has answered on end for so long that nothing is broken off any more. @param {Page} page @param {string} url */
async function settles(page, url) {
  let sinceMs = 0;
  await until(`${page.name} is at ease with ${url}`, async () => {
    try {
      await page.goto(url);
    } catch (error) {
      if (!/ERR_NETWORK_CHANGED/.test(String(error))) throw error;
      sinceMs = 0;
      return false;
    }
    sinceMs ||= Date.now();
    return Date.now() - sinceMs >= SETTLED_MS;
  }, { within: 60_000 });
}

/** @param {Page} page @param {string} url */
async function isTrusted(page, url) {
  await open(page, url);
  assert.deepEqual(await page.evaluate(abilities), { isSecure: true, fetch: "yes", socket: "yes", worker: "yes" }, `${page.name} at ${url}`);
  await page.goto(`${url}/trust`);
  const verdict = () => page.evaluate(() => document.body.dataset["state"] ?? "");
  await until("the trust page's verdict", async () => !["", "checking"].includes(await verdict()), { within: 30_000 });
  assert.equal(await verdict(), "trusted", `${page.name} at ${url}/trust`);
}

/** The serial number of the certificate that is shown there, once a device with this authority takes it. @param {string} url @param {string} authority */
async function serialAt(url, authority) {
  const ca = await readFile(authority);
  const { hostname, port } = new URL(url);
  return until(`a certificate for ${hostname}`, () => new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), ca, timeout: 5000 }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).serialNumber);
      socket.destroy();
    });
    socket.on("error", () => resolve("")).on("timeout", () => socket.destroy(new Error("no answer")));
  }), { within: 60_000 });
}

for (const browser of browsers) {
  test(`${browser.name} takes the certificate once its authority is imported, also at the next address, and no public name`, { timeout: 300_000, skip: !network }, async (t) => {
    if (!network) return;
    network.move(FIRST);
    const server = await startServer(t, { isForAll: true });
    assert.ok(server.https.startsWith(`https://${FIRST}:`), server.https);
    const certs = join(server.folder, "certs");
    // As it was downloaded; what the server makes later is not imported.
    const imported = join(server.folder, "imported.crt");
    await copyFile(join(certs, "ca.crt"), imported);
    const home = await browser.home(t);

    const stranger = await home.open();
    await isRefused(stranger.page, server.https, browser.refusal);
    await stranger.close();

    await home.trust(imported);
    const { page } = await home.open();
    await isTrusted(page, server.https);
    await open(page, server.https);
    // WebDriver runs nothing before the page's own scripts.
    await page.evaluate(installTap);
    await record(page);
    await recorded(page, 2);
    await stop(page);
    const before = await serialAt(server.https, imported);

    network.move(NEXT);
    const moved = server.https.replace(FIRST, NEXT);
    assert.notEqual(await serialAt(moved, imported), before, "the new address has another certificate");
    await settles(page, `${moved}/health`);
    await isTrusted(page, moved);

    // The check can fail, and it is the name alone for which it does.
    const own = await serveForged(t, { certs, host: OWN, address: NEXT });
    await page.goto(own.url);
    assert.equal(await page.evaluate(() => document.title), "forged");
    const elsewhere = await serveForged(t, { certs, host: PUBLIC, address: NEXT });
    await isRefused(page, elsewhere.url, browser.refusal);
    await elsewhere.refused();
    await server.stop();
  });
}
