// The question to the person at the device, at the sizes people hold: it stays off the truth line, and all of its answers
// are there without scrolling.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { open, reaches, recorded } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openControl } from "./support/control.mjs";
import { createShoot, folder, overflowing, SIZES } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** A phone on its side has the least room above the truth line. */
const ALL_SIZES = /** @type {const} */ ([...SIZES, [640, 360]]);

/** Runs in the page. */
const isAsking = () => document.querySelector("#remote-ask")?.hasAttribute("hidden") === false;

/** What lies over something that must stay free. Runs in the page. */
function covering() {
  const found = [];
  const box = (/** @type {string} */ id) => document.getElementById(id)?.getBoundingClientRect() ?? new DOMRect();
  const meets = (/** @type {DOMRect} */ a, /** @type {DOMRect} */ b) =>
    a.width > 0 && b.width > 0 && a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top;
  for (const id of ["truth", "light", "record", "stop"]) if (meets(box("remote-card"), box(id))) found.push(`the question lies over ${id}`);
  for (const id of ["remote-once", "remote-always", "remote-no"]) {
    if (box("remote-card").width > 0 && box(id).bottom > box("remote-card").bottom) found.push(`${id} has to be scrolled for`);
    if (box(id).width > 0 && box(id).height < 44) found.push(`${id} is ${box(id).height} high`);
  }
  for (const id of ["clock", "said", "truth"]) if (meets(box("mark"), box(id))) found.push(`the mark lies over ${id}`);
  return found;
}

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`the question stays off what must be seen in ${language}`, { timeout: 120_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const server = await startServer(t);
    const browser = await openChromium(t, server, { context: { locale: String(locale), viewport: { width: 820, height: 1180 } } });
    const page = await browser.newPage();
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems, sizes: ALL_SIZES, checks: [overflowing, covering], back: { width: 820, height: 1180 } });
    const reply = async (/** @type {string} */ id) => {
      await until("a question that takes answers", () => page.evaluate((button) => document.getElementById(button)?.getAttribute("aria-disabled") === "false", id));
      await page.evaluate((button) => document.getElementById(button)?.click(), id);
      await until("the question's end", async () => !(await page.evaluate(isAsking)));
    };
    await open(page, server.https);
    const control = await openControl(t, server);
    await control.is("is to be asked", (device) => device.control === "ask" && device.state === "idle");
    control.command("start");
    await until("the question", () => page.evaluate(isAsking));
    await shoot("remote-start");
    await reply("remote-once");
    await reaches(page, "recording");
    await recorded(page, 2);
    await shoot("remote-started");
    control.command("name", "Front door of the long corridor on the second floor, beside the lift");
    await until("the question", () => page.evaluate(isAsking));
    await shoot("remote-name");
    await reply("remote-no");
    await page.click("#settings-open");
    await page.evaluate(() => document.querySelector("#set-remote")?.scrollIntoView());
    await shoot("remote-settings");
    assert.deepEqual(problems, []);
    assert.deepEqual(page.errors, []);
    await server.stop().catch(() => undefined);
  });
}
