// Browsers that trust what was imported into them, and nothing else: none is told to overlook an error.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChromium } from "./chromium.mjs";
import { openFirefox } from "./firefox.mjs";
import { certutil } from "./programs.mjs";
import { openWebKit } from "./webkit.mjs";

/** @typedef {import("node:test").TestContext} TestContext */
/**
 * @typedef {{ page: import("./page.mjs").Page, close(): Promise<void> }} Opened
 * @typedef {{
 *   name: string,
 *   refusal: RegExp,
 *   home(t: TestContext): Promise<{ open(): Promise<Opened>, trust(authority: string): Promise<void> }>,
 * }} Trusting `refusal`: what it calls a certificate that it does not take; `home`: what stays when it is closed;
 *   `trust`: imports a certificate from a file, before it is opened
 */

/** @param {TestContext} t */
async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-trusting-"));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Into a database of NSS, as the guide has it. @param {string} database @param {string} authority */
async function importInto(database, authority) {
  await mkdir(database, { recursive: true });
  const ask = (/** @type {string[]} */ ...args) => {
    const { status, stderr } = spawnSync(certutil(), ["-d", `sql:${database}`, ...args], { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
    if (status !== 0) throw new Error(`certutil ${args.join(" ")}: ${stderr}`);
  };
  // A browser that has run before has one already.
  if (!existsSync(join(database, "cert9.db"))) ask("-N", "--empty-password");
  ask("-A", "-t", "C,,", "-n", "localcamera", "-i", authority);
}

/** @type {Trusting} */
const chromium = {
  name: "Chromium",
  refusal: /ERR_CERT_(AUTHORITY_)?INVALID/,
  async home(t) {
    const home = await folderFor(t);
    return {
      trust: (authority) => importInto(join(home, ".pki", "nssdb"), authority),
      async open() {
        const browser = await openChromium(t, null, { home });
        return { page: await browser.newPage(), close: () => browser.context.close() };
      },
    };
  },
};

/** @type {Trusting} */
const firefox = {
  name: "Firefox",
  refusal: /SEC_ERROR_(UNKNOWN_ISSUER|CERT_NOT_IN_NAME_SPACE)/,
  async home(t) {
    const profile = await folderFor(t);
    return {
      trust: (authority) => importInto(profile, authority),
      async open() {
        const { browser, newPage } = await openFirefox(t, { profile });
        return { page: await newPage(), close: () => browser.close() };
      },
    };
  },
};

/** @type {Trusting} */
const webkit = {
  name: "WebKit",
  refusal: /instead of https:/,
  async home(t) {
    const folder = await folderFor(t);
    /** @type {string | undefined} */
    let authorities;
    return {
      // It asks the system, whose authorities are one file.
      async trust(authority) {
        authorities = join(folder, "authorities.crt");
        await writeFile(authorities, (await readFile(SYSTEM_AUTHORITIES, "utf8")) + (await readFile(authority, "utf8")));
      },
      open: () => openWebKit(t, { acceptsAny: false, ...(authorities ? { mounts: [[authorities, SYSTEM_AUTHORITIES]] } : {}) }),
    };
  },
};

const SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

export const browsers = [chromium, firefox, webkit];
