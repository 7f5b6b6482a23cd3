// Chromium with fake cameras, driven through its debugging protocol.

import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium as driver } from "playwright-core";
import { chromium as executable } from "./programs.mjs";
import { installTap } from "./tap.mjs";

/**
 * Chromium's name for a key. A certificate with a key that it is told to trust has no errors at all, which a page can tell
 * from errors that are ignored: no service worker registers over those.
 * @param {import("./server.mjs").Server} server
 */
async function keyName(server) {
  const { publicKey } = new X509Certificate(await readFile(join(server.folder, "certs", "server.crt")));
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
}

/**
 * @param {import("node:test").TestContext} t the browser ends with this test
 * @param {import("./server.mjs").Server | null} server whose certificate it trusts
 * @param {{ cameras?: number, tap?: boolean, context?: import("playwright-core").BrowserContextOptions }} [options]
 */
export async function openChromium(t, server, { cameras = 1, tap = true, context: more = {} } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "localcamera-chromium-"));
  const context = await driver.launchPersistentContext(profile, {
    executablePath: executable(),
    headless: true,
    // What it leaves behind goes with the profile.
    env: { ...process.env, TMPDIR: profile },
    args: [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream",
      ...(server ? [`--ignore-certificate-errors-spki-list=${await keyName(server)}`] : []),
      `--use-fake-device-for-media-stream=device-count=${cameras}`,
    ],
    ...more,
  });
  t.after(async () => {
    await context.close().catch(() => undefined);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  if (tap) await context.addInitScript(installTap);
  return {
    context,
    async newPage() {
      return wrap(await context.newPage());
    },
  };
}

/** @param {import("playwright-core").Page} page @returns {import("./page.mjs").Page & { playwright: import("playwright-core").Page }} */
function wrap(page) {
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
  return {
    name: "chromium",
    playwright: page,
    errors,
    async goto(url) {
      await page.goto(url, { waitUntil: "load" });
    },
    evaluate: (body, argument) => /** @type {any} */ (page.evaluate(/** @type {any} */ (body), argument)),
    click: (selector) => page.click(selector, { timeout: 10_000 }),
    close: () => page.close(),
  };
}
