// Watching a stream on the live page: what is seen of it, and how it is waited for.

import { networkInterfaces } from "node:os";
import { record, stop } from "./capture.mjs";
import { until } from "./until.mjs";

/** What there is to see, in a number, and what the page says; runs in the page. */
export function look() {
  const root = document.getElementById("large") ?? document.getElementById("app");
  const video = /** @type {HTMLVideoElement} */ (document.getElementById("player"));
  const still = /** @type {HTMLCanvasElement} */ (document.getElementById("still"));
  const small = document.createElement("canvas");
  small.width = small.height = 48;
  const context = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  const shown = still.hidden ? video : still;
  if (!still.hidden || video.readyState >= 2) context.drawImage(shown, 0, 0, 48, 48);
  const picture = context.getImageData(0, 0, 48, 48).data.reduce((sum, value, at) => (sum * 31 + value * (at % 7)) % 1_000_000_007, 7);
  return {
    path: root?.dataset["path"],
    state: root?.dataset["player"] ?? video.dataset["state"],
    over: document.querySelector("#over:not([hidden]), #large-over:not([hidden])")?.textContent ?? "",
    why: document.getElementById("why")?.textContent ?? "",
    muted: video.muted,
    bar: root?.dataset["bar"],
    /** In seconds, as far as the page knows it. */
    latency: Number(document.getElementById("latency")?.dataset["ms"] ?? NaN) / 1000,
    source: video.srcObject ? "stream" : video.src.slice(0, 5),
    picture,
  };
}

/** @typedef {{ evaluate<R>(body: () => R): Promise<R> }} Seen a page or a frame */

/** @param {Seen} page @param {string} what @param {(seen: ReturnType<typeof look>) => unknown} is @param {number} [within] */
export function sees(page, what, is, within = 40_000) {
  const explain = async () => JSON.stringify(await page.evaluate(look));
  return until(what, async () => is(await page.evaluate(look)), { within, explain });
}

/**
 * Pictures that change.
 * @param {Seen} page @param {string} what @param {string[]} paths one of these is taken
 * @param {{ pictures?: number, within?: number }} [options] `pictures`: so many different ones
 */
export async function plays(page, what, paths, { pictures = 4, within } = {}) {
  const isMeant = (/** @type {ReturnType<typeof look>} */ seen) => paths.includes(String(seen.path));
  await sees(page, what, (seen) => isMeant(seen) && seen.state === "playing", within);
  const different = new Set();
  await sees(page, `${what}, moving`, (seen) => isMeant(seen) && different.add(seen.picture).size >= pictures, within);
}

/** The name of the only stream. @param {import("./page.mjs").Page} page */
export function streamOf(page) {
  return until("a stream with media", () =>
    page.evaluate(async () => {
      const { streams } = await (await fetch("/api/streams")).json();
      return streams[0]?.mime ? String(streams[0].stream) : "";
    }),
  );
}

/** Presses Stop and Record. @param {import("./page.mjs").Page} camera @param {() => Promise<unknown>} between */
export async function again(camera, between) {
  await stop(camera);
  await between();
  await camera.evaluate(() => /** @type {HTMLElement} */ (document.querySelector("#summary [data-close]")).click());
  await record(camera);
}

/** Firefox takes no part in ICE over the loopback interface. */
export function ownAddress() {
  const found = Object.values(networkInterfaces()).flat().find((one) => one && one.family === "IPv4" && !one.internal);
  return found ? ["--bind", "0.0.0.0", "--lan-ip", "127.0.0.1", found.address] : [];
}
