// Chromium with fake cameras, driven through its debugging protocol.

import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
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
 * @param {{ cameras?: number, tap?: boolean, profile?: string, home?: string, unreachable?: string[], context?: import("playwright-core").BrowserContextOptions }} [options]
 *   `profile`: the folder of an earlier browser, which kept it; `home`: of the person, with what they have imported; `unreachable`: origins that are not there for this browser
 */
export async function openChromium(t, server, { cameras = 1, tap = true, profile: earlier, home, unreachable = [], context: more = {} } = {}) {
  const profile = earlier ?? (await mkdtemp(join(tmpdir(), "localcamera-chromium-")));
  const context = await driver.launchPersistentContext(profile, {
    executablePath: executable(),
    headless: true,
    // What it leaves behind goes with the profile.
    env: { ...process.env, TMPDIR: profile, ...(home ? { HOME: home, XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined } : {}) },
    args: [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream",
      ...(server ? [`--ignore-certificate-errors-spki-list=${await keyName(server)}`] : []),
      ...(unreachable.length > 0 ? [`--host-resolver-rules=${unreachable.map((origin) => `MAP ${new URL(origin).host} 127.0.0.1:1`).join(", ")}`] : []),
      `--use-fake-device-for-media-stream=device-count=${cameras}`,
    ],
    ...more,
  });
  t.after(async () => {
    await context.close().catch(() => undefined);
    if (!earlier) await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  if (tap) await context.addInitScript(installTap);
  return {
    context,
    profile,
    /** As a flat battery would: nothing is written any more, by nobody. */
    async kill() {
      const closed = new Promise((resolve) => context.once("close", resolve));
      process.kill(await mainProcess(profile), "SIGKILL");
      await closed;
    },
    async newPage() {
      return wrap(await context.newPage());
    },
    /** A page in a window of its own: what lies behind another tab is painted about once a second. */
    async newWindow() {
      const [first] = context.pages();
      const devtools = await context.newCDPSession(first ?? (await context.newPage()));
      const opened = context.waitForEvent("page");
      await devtools.send("Target.createTarget", { url: "about:blank", newWindow: true });
      await devtools.detach();
      return wrap(await opened);
    },
  };
}

/** The browser's own process: those that it started name their kind. @param {string} profile */
async function mainProcess(profile) {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words.includes(`--user-data-dir=${profile}`) && !words.some((word) => word.startsWith("--type="))) return Number(name);
  }
  throw new Error(`no browser has the profile ${profile}`);
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
