// The self-test page finds every engine fit, with the real server judging what it recorded.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { openWebKit } from "./support/webkit.mjs";

/** @type {[string, (t: import("node:test").TestContext, server: import("./support/server.mjs").Server) => Promise<import("./support/page.mjs").Page>][]} */
const ENGINES = [
  ["Chromium", async (t, server) => (await openChromium(t, server, { tap: false })).newPage()],
  ["Firefox", async (t) => (await openFirefox(t)).newPage({ tap: false })],
  ["WebKit", async (t) => (await openWebKit(t)).page],
];

for (const [engine, openPage] of ENGINES) {
  test(`the self-test finds ${engine} fit`, { timeout: 180_000 }, async (t) => {
    const server = await startServer(t);
    const page = await openPage(t, server);
    await page.goto(`${server.https}/selftest`);
    const state = () => page.evaluate(() => document.body.dataset["state"] ?? "");
    const report = () => page.evaluate(() => document.querySelector("#selftest-report")?.textContent ?? "");
    await until("the self-test's readiness", async () => (await state()) === "idle");
    await page.click("#selftest-start");
    await until("the self-test's start", async () => (await state()) !== "idle");
    await until("the self-test's verdict", async () => (await state()) !== "running", { within: 90_000 });
    assert.match(await state(), /^(passed|warning)$/, await report());
    const limits = await page.evaluate(() => [...document.querySelectorAll("#selftest-verdict li")].map((item) => item.textContent));
    for (const limit of limits) t.diagnostic(`${engine}: ${limit}`);
    await server.stop();
  });
}
