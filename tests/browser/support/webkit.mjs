// WebKitGTK's MiniBrowser under a display of its own, driven through WebDriver.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFlipPlugin } from "./gstreamer.mjs";
import { start } from "./processes.mjs";
import { minibrowser, webkitDriver, xvfb } from "./programs.mjs";
import { until } from "./until.mjs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/**
 * @param {import("node:test").TestContext} t the browser ends with this test
 * @param {{ acceptsAny?: boolean, mounts?: [string, string][], size?: { width: number, height: number } }} [options]
 *   `acceptsAny`: certificates; `mounts`: files that it alone sees in place of others; `size`: of its window, which it
 *   paints without a graphics card
 */
export async function openWebKit(t, { acceptsAny = true, mounts = [], size } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-webkit-"));
  // What began last ends first, whatever happens.
  const endings = [() => rm(folder, { recursive: true, force: true, maxRetries: 5 })];
  const close = async () => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  t.after(close);

  // The X server looks for a free display itself and tells its number on descriptor 3.
  const display = start(xvfb(), ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], { pipes: 1 });
  endings.push(async () => void (await display.end("SIGTERM")));
  let number = "";
  /** @type {import("node:stream").Readable} */ (display.stdio[3]).on("data", (data) => (number += data));
  await until("a display", () => number.endsWith("\n"), { explain: display.stderr });

  const port = await freePort();
  const driver = start(...mounted(mounts, webkitDriver(), [`--port=${port}`, "--host=127.0.0.1"]), {
    cwd: folder,
    env: {
      DISPLAY: `:${number.trim()}`, WAYLAND_DISPLAY: undefined, GDK_BACKEND: "x11", HOME: folder, XDG_CACHE_HOME: undefined,
      XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined, NO_AT_BRIDGE: "1",
      // What it leaves behind goes with the folder.
      TMPDIR: folder, XDG_RUNTIME_DIR: folder, ...buildFlipPlugin(folder),
    },
  });
  endings.push(async () => void (await driver.end("SIGTERM")));
  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} */
  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(120_000),
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const { value } = /** @type {any} */ (await response.json());
    if (!response.ok) throw new Error(`WebKit: ${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  };
  await until("WebKit's driver", () => call("GET", "/status").then(() => true, () => false), { explain: driver.stderr });
  const { sessionId } = await call("POST", "/session", {
    capabilities: {
      alwaysMatch: {
        acceptInsecureCerts: acceptsAny,
        "webkitgtk:browserOptions": {
          binary: minibrowser(),
          args: [
            "--automation", "--enable-media-stream=true", "--enable-mock-capture-devices=true", "--enable-mediasource=true",
            "--media-playback-requires-user-gesture=false",
          ],
        },
      },
    },
  });
  const session = `/session/${sessionId}`;
  endings.push(() => call("DELETE", session).catch(() => undefined));
  await call("POST", `${session}/timeouts`, { script: 110_000, pageLoad: 60_000 });
  if (size) await call("POST", `${session}/window/rect`, size);

  /** @type {import("./page.mjs").Page} */
  const page = {
    name: "webkit",
    // WebDriver does not tell what the console says.
    errors: [],
    async goto(url) {
      await call("POST", `${session}/url`, { url });
      // Its driver does not tell that a page was not opened, and names its address all the same.
      const here = String(await page.evaluate(() => location.href));
      if (new URL(here).origin !== new URL(url).origin) throw new Error(`WebKit shows ${here} instead of ${url}`);
    },
    async evaluate(body, argument) {
      const answer = await call("POST", `${session}/execute/async`, {
        script: `const [argument, done] = [arguments[0], arguments[arguments.length - 1]];
          Promise.resolve().then(() => (${body})(argument ?? undefined)).then((value) => done({ value }), (error) => done({ error: String(error) }));`,
        args: [argument ?? null],
      });
      if (answer.error) throw new Error(`in WebKit's page: ${answer.error}`);
      return answer.value;
    },
    async click(selector) {
      const element = await call("POST", `${session}/element`, { using: "css selector", value: selector });
      await call("POST", `${session}/element/${element[ELEMENT]}/click`, {});
    },
    close: async () => undefined,
  };
  return { page, close, version: String((await call("GET", "/status"))?.build?.version ?? "") };
}

/**
 * A program that sees files in place of others.
 * @param {[string, string][]} mounts @param {string} program @param {string[]} args @returns {[string, string[]]}
 */
function mounted(mounts, program, args) {
  if (mounts.length === 0) return [program, args];
  const script = `while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"`;
  return ["unshare", ["--mount", "sh", "-c", script, "sh", ...mounts.flat(), "--", program, ...args]];
}

/** A port that was free a moment ago: the driver cannot choose one itself. @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
