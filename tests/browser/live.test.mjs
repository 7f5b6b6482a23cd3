// The live page: a device on the wall and large; another camera, a network that goes, a device that stops.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { open, record, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startProxy } from "./support/proxy.mjs";
import { createShoot, folder } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** On a small machine one browser encodes and another decodes; a group of pictures lasts up to 2 s. */
const LATEST_MS = 6000;

/** Runs in the page. */
function look() {
  const video = /** @type {HTMLVideoElement} */ (document.getElementById("player"));
  const tile = /** @type {HTMLElement | null} */ (document.querySelector("#wall [data-stream]"));
  const text = (/** @type {string} */ id) => {
    const element = document.getElementById(id);
    return element && !element.hidden ? (element.textContent ?? "") : "";
  };
  return {
    view: document.body.dataset["state"],
    tile: {
      state: tile?.dataset["state"],
      player: tile?.dataset["player"],
      text: tile?.textContent ?? "",
      timeS: tile?.querySelector("video")?.currentTime ?? 0,
    },
    player: video.dataset["state"],
    timeS: video.currentTime,
    muted: video.muted,
    latencyMs: Number(document.getElementById("latency")?.dataset["ms"] ?? -1),
    over: text("large-over"),
    empty: text("empty"),
    lost: text("lost"),
  };
}

/** @param {import("./support/page.mjs").Page} page */
function watching(page) {
  const explain = async () => JSON.stringify(await page.evaluate(look));
  /** @param {string} what @param {(seen: ReturnType<typeof look>) => unknown} is */
  const sees = (what, is) => until(what, async () => is(await page.evaluate(look)), { within: 30_000, explain });
  return {
    sees,
    /** A picture of now, that moves. @param {string} what */
    async plays(what) {
      await sees(what, ({ player, latencyMs }) => player === "playing" && latencyMs >= 0 && latencyMs < LATEST_MS);
      const { timeS: before } = await page.evaluate(look);
      await sees(`${what}, moving`, ({ timeS }) => timeS > before + 0.5);
      return (await page.evaluate(look)).latencyMs;
    },
  };
}

test("every camera is on the wall, and one of them large, whatever happens to it", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: null });
  const network = await startProxy(t, server.https);
  const camera = await (await openChromium(t, server, { cameras: 2, tap: false })).newPage();
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  const { sees, plays } = watching(page);

  // By WebRTC the picture would go on without that network.
  await page.goto(`${network.url}/live?path=mse`);
  // Only this computer knows the address by which this page was opened.
  await sees("what to do where there is no camera", ({ empty }) => empty.includes(server.https));
  await open(camera, server.https);
  await record(camera);
  await sees("the camera on the wall", ({ tile }) => tile.state === "live" && tile.player === "playing" && tile.timeS > 0);

  await page.click("#wall [data-stream]");
  t.diagnostic(`the picture was ${await plays("the camera large")} ms old`);
  assert.equal((await page.evaluate(look)).muted, true);
  await page.click("#sound");
  assert.equal((await page.evaluate(look)).muted, false);

  await camera.click("#flip");
  await plays("the other camera");

  await network.cut();
  await sees("that the connection is lost", ({ player, over }) => player === "lost" && over !== "");
  await network.restore();
  await plays("the camera again");

  await stop(camera);
  await sees("that the camera has stopped", ({ over, player }) => over !== "" && player !== "playing");
  await camera.evaluate(() => /** @type {HTMLElement} */ (document.querySelector("#summary [data-close]")).click());
  await record(camera);
  await plays("its next recording");

  await page.playwright.keyboard.press("Escape");
  await sees("the wall", ({ view, tile }) => view === "wall" && tile.player === "playing");
  await page.playwright.goForward();
  await plays("it large again");
  await page.playwright.goBack();
  await sees("the wall again", ({ view, tile }) => view === "wall" && tile.player === "playing");
  await camera.close();
  await sees("that the camera is away", ({ tile }) => tile.state === "away" && /away/.test(tile.text));
  await server.stop();
  await sees("that the server is away", ({ lost }) => lost !== "");
  assert.deepEqual(page.errors.filter((error) => error.startsWith("uncaught")), []);
});

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text of the live page overflows in ${language}`, { timeout: 180_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t);
    const camera = await (await openChromium(t, server, { tap: false })).newPage();
    const page = await (await openChromium(t, server, { tap: false, context: { locale: String(locale) } })).newPage();
    const { sees, plays } = watching(page);
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems });
    await page.goto(`${server.https}/live`);
    await sees("that there is no camera", ({ empty }) => empty !== "");
    await shoot("live-empty");
    await open(camera, server.https);
    await record(camera);
    await sees("the camera on the wall", ({ tile }) => tile.player === "playing");
    await shoot("live-wall");
    await page.click("#wall [data-stream]");
    await plays("the camera large");
    await shoot("live-large");
    await stop(camera);
    await sees("that the camera has stopped", ({ over }) => over !== "");
    await shoot("live-stopped");
    assert.deepEqual(problems, []);
    await server.stop();
  });
}
