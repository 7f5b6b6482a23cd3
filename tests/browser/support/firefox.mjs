// Firefox with fake cameras, driven through WebDriver BiDi.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { firefox as executable } from "./programs.mjs";
import { installTap } from "./tap.mjs";

/**
 * @param {import("node:test").TestContext} t the browser ends with this test
 * @param {{ profile?: string }} [options] `profile`: a folder with what was imported; such a browser overlooks no error
 */
export async function openFirefox(t, { profile } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-firefox-"));
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: executable(),
    headless: true,
    acceptInsecureCerts: profile === undefined,
    ...(profile === undefined ? {} : { userDataDir: profile }),
    // What it leaves behind goes with this folder.
    env: { ...process.env, TMPDIR: folder },
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      "network.proxy.type": 0,
    },
  });
  t.after(async () => {
    await browser.close().catch(() => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    browser,
    /**
     * @param {{ tap?: boolean, before?: [(argument: string) => void, string], type?: "tab" | "window" }} [options]
     *   `before`: runs in each page before its scripts; `type`: a tab hides the one before it, a window does not
     */
    async newPage({ tap = true, before, type = "tab" } = {}) {
      const page = await browser.newPage({ type });
      if (tap) await page.evaluateOnNewDocument(installTap);
      if (before) await page.evaluateOnNewDocument(...before);
      return wrap(page);
    },
  };
}

/** @param {import("puppeteer-core").Page} page @returns {import("./page.mjs").Page} */
function wrap(page) {
  /** @type {string[]} */
  const errors = [];
  // Whoever reloads means it.
  page.on("dialog", (dialog) => void dialog.accept());
  page.on("pageerror", (error) => errors.push(`uncaught: ${error instanceof Error ? error.message : error}`));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return {
    name: "firefox",
    errors,
    async goto(url) {
      await page.goto(url, { waitUntil: "load" });
    },
    evaluate: (body, argument) => /** @type {any} */ (page.evaluate(/** @type {any} */ (body), argument)),
    async click(selector) {
      await page.waitForSelector(selector, { visible: true, timeout: 10_000 });
      await page.click(selector);
    },
    close: () => page.close(),
  };
}
