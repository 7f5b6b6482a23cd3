// Pictures of what the capture page says when things went wrong, at the sizes people hold, in both languages; no text
// may run out of its place.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { isKept, shown } from "./support/arrivals.mjs";
import { open, reaches, record, recorded, truth } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { refuseWithoutTap } from "./support/needs-tap.mjs";
import { startProxy } from "./support/proxy.mjs";
import { createShoot, folder } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** The device has no room left; runs in the page. */
const fill = () => {
  navigator.storage.estimate = async () => ({ quota: 1_000_000, usage: 1_000_000 });
};

/** @param {import("./support/page.mjs").Page} page @param {RegExp} words */
const says = (page, words) => until(`the words ${words}`, async () => words.test(await truth(page)), { within: 60_000, explain: () => truth(page) });

/** @param {import("./support/page.mjs").Page & { playwright: import("playwright-core").Page }} page @param {string} language */
function camera(page, language) {
  /** @type {string[]} */
  const problems = [];
  return { shoot: createShoot(page, { language, problems, back: { width: 820, height: 1180 } }), problems };
}

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  const zh = language === "zh";
  test(`when things went wrong no text overflows in ${language}`, { timeout: 300_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t);
    const proxy = await startProxy(t, server.https);
    const browser = await openChromium(t, server, {
      context: { locale: String(locale), viewport: { width: 820, height: 1180 } },
      unreachable: [server.https],
    });
    const page = await browser.newPage();
    const { shoot, problems } = camera(page, String(language));
    await open(page, proxy.url);
    await until("a copy of the page on the device", () => page.evaluate(isKept));
    await page.click("#settings-open");
    await page.evaluate(() => document.querySelector("#set-page")?.scrollIntoView());
    await shoot("away-settings");
    await page.click("#settings [data-close]");

    await record(page);
    await recorded(page, 5);
    await proxy.cut();
    await recorded(page, 9);
    await browser.context.addInitScript(refuseWithoutTap);
    await page.playwright.reload();
    await until("the question", () => page.evaluate(shown, "interrupted-text"));
    await shoot("away-interrupted");

    await page.click("#that-was-all");
    await says(page, zh ? /等待发送：/ : /still waits here/);
    await shoot("away-waiting");
    await page.click("#record");
    await says(page, zh ? /尚未保存新的内容/ : /Nothing new saved yet/);
    await shoot("away-offline");
    await page.evaluate(fill);
    await says(page, zh ? /存储空间已满/ : /storage of this device is full/);
    await shoot("away-full");
    await page.click("#stop");
    await says(page, zh ? /内容保留在本设备上/ : /It stays on this device/);
    await shoot("away-stopped");

    proxy.pace(60_000);
    await proxy.restore();
    await says(page, zh ? /补传/ : /Also delivering/);
    await shoot("away-delivering");
    proxy.pace(Infinity);
    await until("the word that it has arrived", () => page.evaluate(shown, "arrived-text"), { within: 60_000, explain: () => truth(page) });
    await reaches(page, "finished", 30_000);
    await shoot("away-arrived-and-saved");
    await page.evaluate(() => /** @type {HTMLElement | null} */ (document.querySelector("#summary:not([hidden]) [data-close]"))?.click());
    await shoot("away-arrived");
    assert.deepEqual(problems, []);
    await server.stop();
  });

  test(`a server whose disk is full: what waits where, and for how long, in ${language}`, { timeout: 120_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t, { args: ["--reserve-mb", "1000000000"] });
    const browser = await openChromium(t, server, { context: { locale: String(locale), viewport: { width: 820, height: 1180 } } });
    const page = await browser.newPage();
    const { shoot, problems } = camera(page, String(language));
    await open(page, server.https);
    await says(page, zh ? /无法录制/ : /cannot record/);
    await shoot("away-server-full-before");
    await page.click("#record");
    await says(page, zh ? /仍在录制，视频暂存在本机，还能存约/ : /keeps recording\. The video waits here, with room for about \d+ more/);
    await shoot("away-server-full");
    await page.click("#stop");
    await says(page, zh ? /内容保留在本设备上/ : /It stays on this device/);
    await shoot("away-server-full-stopped");
    assert.deepEqual(problems, []);
    await server.stop();
  });
}
