// The library's page in Chromium, against a library without a server behind it: what it shows, and that playing, seeking
// and undoing come to an end whatever the server does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openChromium } from "./support/chromium.mjs";
import { startFakeLibrary } from "./support/fake-library.mjs";

/** @type {Awaited<ReturnType<typeof startFakeLibrary>>} */
let library;
// A folder with media made earlier spares a slow machine the making.
const media = process.env["LOCALCAMERA_TEST_LIBRARY_MEDIA"];

before(async () => {
  library = await startFakeLibrary(media ? { media } : {});
});
after(() => library.close());

const OPEN = "#player-body:not([hidden])";

/** @param {import("node:test").TestContext} t */
async function opened(t) {
  const browser = await openChromium(t, null, { tap: false });
  const page = await browser.context.newPage();
  page.setDefaultTimeout(20_000);
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  return page;
}

/** Wall time of what is shown, as the timeline says it. @param {import("playwright-core").Page} page */
const shownMs = (page) => page.locator("#bar-track").evaluate((track) => Number(track.dataset["nowMs"]));
/** @param {import("playwright-core").Page} page @param {number} fromMs @param {number} toMs */
const until = (page, fromMs, toMs) =>
  page.waitForFunction(([from, to]) => {
    const now = Number(document.getElementById("bar-track")?.dataset["nowMs"]);
    return now >= Number(from) && now <= Number(to);
  }, [fromMs, toMs]);

/** @param {string} id */
const session = (id) => {
  const found = library.sessions().find((one) => one.session === id);
  assert.ok(found, id);
  return found;
};

test("days, devices and sessions; another page of them; one device alone", async (t) => {
  const page = await opened(t);
  await page.goto(library.url);
  await page.locator(".session").first().waitFor();
  assert.equal(await page.locator(".session").count(), 24);
  await page.locator("#more").click();
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 44);
  assert.equal(await page.locator(".day").count(), 3);
  await page.selectOption("#find-device", "hall");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 11);
  await page.fill("#find-text", "trial");
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 1);
  await page.fill("#find-text", "nobody has this");
  await page.locator("#none-found").waitFor();
  await page.locator("#show-all").click();
  await page.waitForFunction(() => document.querySelectorAll(".session").length === 24);
});

test("plays over a gap and into the next reel, and says what it left out", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s1-0-2");
  await page.goto(`${library.url}#session=s1-0-2&at=${start_ms + 17_000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 16_900, start_ms + 17_100);
  await page.keyboard.press("k");
  await page.locator(".shot-over:not([hidden])", { hasText: "phone call" }).waitFor();
  await until(page, start_ms + 50_000, start_ms + 60_000);
  await page.keyboard.press("k");
  // From the last seconds of one reel into the next, which has another container.
  await page.evaluate((at) => { location.hash = `#session=s1-0-2&at=${at}`; }, start_ms + 87_000);
  await until(page, start_ms + 86_900, start_ms + 87_100);
  await page.keyboard.press("k");
  await until(page, start_ms + 91_000, start_ms + 100_000);
  assert.match(await page.locator("video.is-shown").evaluate((video) => /** @type {HTMLVideoElement} */ (video).currentSrc), /reels\/1\/video\.webm/);
});

test("a place in a gap is what comes next, and every seek ends where it was asked to", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s1-1-2");
  await page.goto(`${library.url}#session=s1-1-2&at=${start_ms + 30_000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 50_000, start_ms + 50_050);
  for (const seconds of [3.5, 110.25, 72, 160, 0.2, 88.9]) {
    await page.evaluate((at) => { location.hash = `#session=s1-1-2&at=${at}`; }, Math.round(start_ms + seconds * 1000));
    await until(page, start_ms + seconds * 1000 - 60, start_ms + seconds * 1000 + 60);
    await page.waitForFunction(() => !(/** @type {HTMLVideoElement} */ (document.querySelector("video.is-shown")).seeking));
  }
});

test("at the end it stops and says so, and what has been recorded meanwhile is played", async (t) => {
  const page = await opened(t);
  const one = session("s0-0-1");
  const [first, second] = one.reels;
  t.after(() => {
    one.reels = [first, second];
  });
  // What is in force of the file ends at 20 s; the rest comes later, as another file.
  one.reels = [{ ...first, duration_ms: 20_000, pieces: first.pieces.slice(0, 1) }];
  await page.goto(`${library.url}#session=s0-0-1&at=${one.start_ms + 19_000}`);
  await page.locator(OPEN).waitFor();
  await until(page, one.start_ms + 18_900, one.start_ms + 19_100);
  await page.keyboard.press("k");
  await page.locator("#clock-what", { hasText: "End of the recording" }).waitFor();
  assert.equal(await page.locator("video.is-shown").evaluate((video) => /** @type {HTMLVideoElement} */ (video).paused), true);
  one.reels = [{ ...first, url: first.url.replace("v=1", "v=2") }, second];
  library.tell("session", { session: "s0-0-1", device: one.device, name: one.name, start_ms: one.start_ms, end_ms: one.end_ms, state: "recording" });
  await page.waitForFunction(() => document.querySelectorAll(".span-go").length > 5);
  await page.evaluate((at) => { location.hash = `#session=s0-0-1&at=${at}`; }, one.start_ms + 55_000);
  await until(page, one.start_ms + 54_900, one.start_ms + 55_100);
  await page.keyboard.press("k");
  await until(page, one.start_ms + 56_000, one.start_ms + 70_000);
  assert.match(await page.locator("video.is-shown").evaluate((video) => /** @type {HTMLVideoElement} */ (video).currentSrc), /v=2/);
});

test("a picture at a time, forward and back", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s1-0-3");
  await page.goto(`${library.url}#session=s1-0-3&at=${start_ms + 5000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 4900, start_ms + 5100);
  const times = [await shownMs(page)];
  for (const key of [".", ".", ".", ","]) {
    const last = Number(times[times.length - 1]);
    await page.keyboard.press(key);
    await until(page, ...(key === "." ? /** @type {const} */ ([last + 10, last + 200]) : /** @type {const} */ ([last - 200, last - 10])));
    times.push(await shownMs(page));
  }
  assert.ok(times.length === 5);
});

test("several devices stay on one clock", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s1-0-0");
  await page.goto(`${library.url}#session=s1-0-0,s1-1-0&at=${start_ms + 72_000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 71_900, start_ms + 72_100);
  await page.keyboard.press("k");
  await until(page, start_ms + 75_000, start_ms + 80_000);
  // The second began 7 s later: its media is 7 s behind that of the first.
  const apart = () => page.evaluate(() => {
    const [a, b] = Array.from(document.querySelectorAll("video.is-shown"), (video) => /** @type {HTMLVideoElement} */ (video).currentTime);
    return Math.abs(Number(a) - Number(b) - 7);
  });
  assert.ok((await apart()) < 0.6, `${await apart()} s`);
});

test("what the server cannot give now is asked for again, and a timeline that fails can be", async (t) => {
  const page = await opened(t);
  library.faults.set("/api/sessions/s1-2-3/timeline", { count: 1, how: "503" });
  await page.goto(`${library.url}#session=s1-2-3`);
  await page.locator("#player-failed", { hasText: "The disk does not answer." }).waitFor();
  library.faults.set("/api/sessions/s1-2-3/reels/0/video", { count: 1, how: "503" });
  await page.locator("#player-again").click();
  await page.locator(OPEN).waitFor();
  await page.waitForFunction(() => /** @type {HTMLVideoElement} */ (document.querySelector("video.is-shown")).readyState >= 2);
});

test("what this browser cannot play is said, with the download beside it", async (t) => {
  const page = await opened(t);
  await page.goto(`${library.url}#session=s0-2-1`);
  const over = page.locator(".shot-over", { hasText: "HEVC" });
  await over.waitFor();
  assert.match(String(await over.locator("a").getAttribute("href")), /\/api\/sessions\/s0-2-1\/export\?/);
});

test("one that cannot be played holds nobody beside it", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s0-1-1");
  await page.goto(`${library.url}#session=s0-2-1,s0-1-1&at=${start_ms + 55_000}`);
  await page.locator(OPEN).waitFor();
  await page.locator(".shot-over", { hasText: "HEVC" }).waitFor();
  await page.keyboard.press("k");
  await until(page, start_ms + 57_000, start_ms + 80_000);
});

test("a part is chosen by keys, planned, and kept; a deletion is asked for once and undone", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s2-0-0");
  await page.goto(`${library.url}#session=s2-0-0&at=${start_ms + 5000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 4900, start_ms + 5100);
  await page.keyboard.press("i");
  await page.keyboard.press("l");
  await until(page, start_ms + 14_900, start_ms + 15_100);
  await page.keyboard.press("o");
  const link = page.locator(`.part-plan a[href*="to_ms=${start_ms + 15_000}"]`);
  await link.waitFor();
  assert.ok(String(await link.getAttribute("href")).includes(`from_ms=${start_ms + 5000}`));
  await page.locator("#part-keep").click();
  await page.locator(".span-release").waitFor();
  await page.locator(".span-release").click();
  await page.waitForFunction(() => document.querySelector(".span-release") === null);
  await page.locator("#player-delete").click();
  await page.locator("#confirm-yes").click();
  await page.locator("#undo-do").waitFor();
  assert.equal(library.sessions().some((one) => one.session === "s2-0-0"), false);
  await page.locator("#undo-do").click();
  await page.locator("#undo-text", { hasText: "Back again." }).waitFor();
  assert.ok(session("s2-0-0"));
});

test("the slider says the time and what is there", async (t) => {
  const page = await opened(t);
  const { start_ms } = session("s1-3-3");
  await page.goto(`${library.url}#session=s1-3-3&at=${start_ms + 5000}`);
  await page.locator(OPEN).waitFor();
  await until(page, start_ms + 4900, start_ms + 5100);
  assert.match(String(await page.locator("#bar-slider").getAttribute("aria-valuetext")), /^\d\d:\d\d:\d\d, footage$/);
});
