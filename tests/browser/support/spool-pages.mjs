// The modules of the spool as a page sees them: a server of its own for web/, with the headers of the real one, and
// browsers whose profile outlives them, so that they can be killed and started again.

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { chromium as chromiumDriver } from "playwright-core";
import puppeteer from "puppeteer-core";
import { start } from "./processes.mjs";
import { chromium, firefox, root } from "./programs.mjs";
import { until } from "./until.mjs";

/** As in src/http/headers.rs: the worker must load under it. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
  "connect-src 'self' wss:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const TYPES = new Map([["js", "text/javascript"], ["json", "application/json"], ["css", "text/css"]]);

/**
 * @typedef {{ url: string, told(name: string): number }} Pages `told`: the largest number that a page has posted under a name
 * @param {import("node:test").TestContext} t
 * @returns {Promise<Pages>}
 */
export async function startPages(t) {
  /** @type {Map<string, number>} */
  const told = new Map();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(String(request.url), "http://localhost");
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("cache-control", "no-store");
    if (pathname.startsWith("/told/")) {
      const name = pathname.slice(6);
      told.set(name, Math.max(told.get(name) ?? 0, Number(searchParams.get("value"))));
      response.end();
    } else if (pathname.startsWith("/web/")) {
      const body = await readFile(join(root, normalize(pathname))).catch(() => null);
      response.setHeader("content-type", TYPES.get(pathname.split(".").at(-1) ?? "") ?? "application/octet-stream");
      response.statusCode = body ? 200 : 404;
      response.end(body ?? "");
    } else {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>spool</title>");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}/`, told: (name) => told.get(name) ?? 0 };
}

/**
 * @typedef {{
 *   evaluate<R, A>(body: (argument: A) => R, argument?: A): Promise<Awaited<R>>,
 *   reload(): Promise<void>,
 *   close(): Promise<void>,
 *   command(method: string, parameters: object): Promise<any>,
 * }} Tab `command`: of Chromium's debugging protocol
 * @typedef {{ newTab(url: string): Promise<Tab>, kill(): Promise<void>, close(): Promise<void> }} Browser
 * @typedef {{ name: string, launch(profile: string, options?: { fixedLimitKib?: number }): Promise<Browser> }} Engine
 */

/** What still runs on a profile, to be ended before the profile goes. @type {Map<string, (() => Promise<unknown>)[]>} */
const running = new Map();

/** @param {string} profile @param {() => Promise<unknown>} end */
const runs = (profile, end) => void running.set(profile, [...(running.get(profile) ?? []), end]);

/** A folder that goes with the test, and whatever runs in it. @param {import("node:test").TestContext} t */
export async function newProfile(t) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-spool-"));
  t.after(async () => {
    for (const end of running.get(folder) ?? []) await end();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return folder;
}

/** @type {Engine} */
export const chromiumEngine = {
  name: "Chromium",
  async launch(profile) {
    const program = start(chromium(), [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--remote-debugging-port=0", `--user-data-dir=${join(profile, "chromium")}`, "about:blank",
    ], { env: { TMPDIR: profile } });
    runs(profile, async () => void (program.exit() ?? (await program.end("SIGKILL"))));
    const listening = () => program.stderr().match(/DevTools listening on (ws:\S+)/)?.[1];
    await until("Chromium's debugging protocol", listening, { within: 30_000, explain: program.stderr });
    const browser = await chromiumDriver.connectOverCDP(String(listening()));
    const [context] = browser.contexts();
    if (!context) throw new Error("Chromium has no context");
    return {
      async newTab(url) {
        const page = await context.newPage();
        await page.goto(url, { waitUntil: "load" });
        const session = await context.newCDPSession(page);
        return {
          evaluate: (body, argument) => /** @type {any} */ (page.evaluate(/** @type {any} */ (body), argument)),
          reload: async () => void (await page.reload({ waitUntil: "load" })),
          close: () => page.close(),
          command: (method, parameters) => session.send(/** @type {any} */ (method), /** @type {any} */ (parameters)),
        };
      },
      async kill() {
        await program.end("SIGKILL");
        await browser.close().catch(() => undefined);
      },
      async close() {
        await program.end("SIGTERM");
        await browser.close().catch(() => undefined);
      },
    };
  },
};

/** What the driver puts aside for the time of a run. */
const BACKUPS = ["prefs.js.puppeteer", "user.js.puppeteer"];

/** @type {Engine} */
export const firefoxEngine = {
  name: "Firefox",
  async launch(profile, { fixedLimitKib } = {}) {
    const folder = join(profile, "firefox");
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: firefox(),
      headless: true,
      userDataDir: folder,
      env: { ...process.env, TMPDIR: profile },
      extraPrefsFirefox: {
        "network.proxy.type": 0,
        ...(fixedLimitKib ? { "dom.quotaManager.temporaryStorage.fixedLimit": fixedLimitKib } : {}),
      },
    });
    const child = browser.process();
    const kill = async () => {
      const gone = new Promise((resolve) => child?.once("exit", () => resolve(undefined)));
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await gone;
      // The driver puts the profile's own preferences back behind the exit; the next launch reads the same two files.
      await until("the preferences of the profile are back", () => !BACKUPS.some((name) => existsSync(join(folder, name))));
      await browser.disconnect().catch(() => undefined);
    };
    runs(profile, kill);
    return {
      async newTab(url) {
        const page = await browser.newPage();
        await page.goto(url, { waitUntil: "load" });
        return {
          evaluate: (body, argument) => /** @type {any} */ (page.evaluate(/** @type {any} */ (body), argument)),
          reload: async () => void (await page.reload({ waitUntil: "load" })),
          close: () => page.close(),
          command: () => Promise.reject(new Error("Firefox does not speak this protocol")),
        };
      },
      kill,
      close: () => browser.close(),
    };
  },
};
