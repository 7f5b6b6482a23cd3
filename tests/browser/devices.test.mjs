// The devices page: what devices do is seen and controlled from it; alarms come and go on every page.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { test } from "node:test";
import { open, reaches, record } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { configured } from "./support/config.mjs";
import { startProxy } from "./support/proxy.mjs";
import { createShoot, folder } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/page.mjs").Page} Page */

/** The shortest that can be configured. */
const SILENT_SECONDS = 5;

/** Runs in the page. */
function look() {
  /** @param {Element | null | undefined} element */
  const text = (element) => (element instanceof HTMLElement && element.getClientRects().length > 0 ? (element.innerText ?? "").trim() : "");
  return {
    cards: [...document.querySelectorAll("#devices .device")].map((card) => ({
      name: text(card.querySelector(".device-name")),
      tone: /** @type {HTMLElement} */ (card).dataset["tone"],
      state: text(card.querySelector(".device-state")),
      groups: [...card.querySelectorAll(".tag")].map(text),
      answer: text(card.querySelector(".device-answer")),
      why: card.querySelector(".device-why")?.textContent ?? "",
      canAct: !(/** @type {HTMLButtonElement | null} */ (card.querySelector(".device-main"))?.disabled ?? true),
    })),
    progress: text(document.getElementById("progress-text")),
    stopAll: text(document.getElementById("all-stop-text")),
    alarms: [...document.querySelectorAll(".alarm-title")].map(text),
    tiles: [...document.querySelectorAll("#wall .tile")].map((tile) => /** @type {HTMLElement} */ (tile).dataset["state"]),
    server: text(document.getElementById("server-state")),
    lost: text(document.getElementById("lost")),
  };
}

/** @typedef {ReturnType<typeof look>} Look */
/** @typedef {Look["cards"][number]} Card */

/** @param {Page} page */
function watching(page) {
  /** @param {string} what @param {(seen: Look) => unknown} is */
  const sees = (what, is) =>
    until(what, async () => is(await page.evaluate(look)), { within: 30_000, explain: async () => JSON.stringify(await page.evaluate(look)) });
  return {
    sees,
    /** The only device. @param {string} what @param {(card: Card) => unknown} is */
    seesCard: (what, is) => sees(what, ({ cards: [card] }) => card && is(card)),
  };
}

/** @param {Page} page @param {"always" | "ask"} mode */
async function permit(page, mode) {
  await page.evaluate((chosen) => localStorage.setItem("localcamera.remote", chosen), mode);
}

test("a device is started, marked, grouped, renamed and stopped from one page, and another sees it", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  const desk = await openChromium(t, server, { tap: false });
  const [page, other] = [await desk.newPage(), await desk.newPage()];
  const [here, there] = [watching(page), watching(other)];
  await page.goto(`${server.https}/devices`);
  await other.goto(`${server.https}/devices`);
  await here.sees("that no device is there, and that the server can record", ({ cards, server: said }) => cards.length === 0 && /Can record/.test(said));

  await open(camera, server.https);
  await permit(camera, "always");
  await open(camera, server.https);
  await here.seesCard("the device, ready to be started", ({ state, canAct }) => state === "ready" && canAct);
  await page.click(".device-main");
  await reaches(camera, "recording");
  await there.seesCard("that it records", ({ tone, state }) => tone === "good" && /^recording 00:00:/.test(state));
  await here.seesCard("the answer", ({ answer }) => answer === "Recording started.");

  await page.click(".device-icon");
  await here.seesCard("that a mark is set", ({ answer }) => answer === "Mark set.");

  await page.click(".device .bare");
  for (const [field, text] of [["groups", "hall, gym"], ["name", "Front door"]]) {
    await page.playwright.fill(`#panel-${field}`, String(text));
    await page.playwright.click(`#panel-${field}-do`);
    await until("the answer", () => page.evaluate(() => document.getElementById("panel-answer")?.dataset["tone"] === "good"));
  }
  await there.seesCard("its groups and its name", ({ groups, name }) => groups.join() === "hall,gym" && name === "Front door");
  assert.equal(await camera.evaluate(() => document.getElementById("name")?.textContent), "Front door");
  await page.playwright.keyboard.press("Escape");

  await other.playwright.check('#groups input[value="=hall"]', { force: true });
  await there.sees("what can be stopped", ({ stopAll }) => stopAll === "Stop 1 recording");
  await other.click("#all-stop");
  await other.click("#confirm [data-close]");
  assert.equal(await camera.evaluate(() => document.body.dataset["state"]), "recording");
  await other.click("#all-stop");
  await other.click("#confirm-yes");
  await there.sees("what came of it", ({ progress }) => progress === "Stopped: 1 of 1");
  await reaches(camera, "finished");
  await here.seesCard("that it has stopped", ({ state }) => state === "ready");

  await camera.close();
  await here.seesCard("that it is gone, and why it cannot be asked", ({ state, canAct, why }) => /^not connected/.test(state) && !canAct && /not connected/.test(why));
  await server.stop();
  await here.sees("that the server is away", ({ lost, cards: [card] }) => lost !== "" && card?.state === "no news");
  assert.deepEqual([...page.errors, ...other.errors].filter((error) => error.startsWith("uncaught")), []);
});

test("the person at the device is asked, and what they answer is said", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const camera = await (await openChromium(t, server, { tap: false })).newPage();
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  const { seesCard } = watching(page);
  /** @param {"once" | "no"} reply */
  const answer = async (reply) => {
    await seesCard("that somebody is being asked", ({ answer: said, canAct }) => /being asked/.test(said) && !canAct);
    // What is tapped in the first moment was meant for something else.
    await until("the question's end", () =>
      camera.evaluate((id) => {
        document.getElementById(id)?.click();
        return document.getElementById("remote-ask")?.hidden;
      }, `remote-${reply}`),
    );
  };
  await open(camera, server.https);
  await page.goto(`${server.https}/devices`);
  await seesCard("the device", ({ state }) => state === "ready");
  await page.click(".device-main");
  await answer("no");
  await seesCard("that it was refused", ({ answer: said, canAct }) => said === "Refused at the device." && canAct);
  await open(camera, server.https);
  await seesCard("the device again", ({ state, canAct }) => state === "ready" && canAct);
  await page.click(".device-main");
  await answer("once");
  await seesCard("that it records", ({ state }) => /^recording/.test(state));
  await server.stop();
});

test("an alarm rises on every page when a device goes silent, and goes when it records again", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t, { args: await configured(t, `[alarms]\nsilent_seconds = ${SILENT_SECONDS}\n`) });
  const network = await startProxy(t, server.https);
  const camera = await (await openChromium(t, server, { tap: false, unreachable: [server.https] })).newPage();
  const desk = await openChromium(t, server, { tap: false });
  const [live, devices] = [await desk.newPage(), await desk.newPage()];
  const bystander = await (await openChromium(t, server, { tap: false })).newPage();
  const [onLive, onDevices, onBystander] = [watching(live), watching(devices), watching(bystander)];
  await live.goto(`${server.https}/live`);
  await devices.goto(`${server.https}/devices`);
  await open(bystander, server.https);
  await open(camera, network.url);
  await record(camera);
  await onDevices.sees("that it records", ({ cards }) => cards.some(({ tone }) => tone === "good"));
  await onLive.sees("it live", ({ tiles }) => tiles.join() === "live");

  await network.cut();
  /** @param {Look} seen */
  const isSilent = ({ alarms }) => alarms.length === 1 && /: nothing is being saved$/.test(String(alarms[0]));
  await onLive.sees("the alarm over the wall", isSilent);
  await onDevices.sees("the alarm, and its device", (seen) => isSilent(seen) && seen.cards.some(({ tone }) => tone === "bad"));
  await onBystander.sees("the alarm on another camera", isSilent);
  assert.deepEqual((await camera.evaluate(look)).alarms, [], "the camera's own silence is what its truth line says");

  await network.restore();
  await onLive.sees("that it records again", ({ alarms }) => / records again$/.test(String(alarms[0])));
  for (const { sees } of [onLive, onDevices, onBystander]) await sees("no alarm", ({ alarms }) => alarms.length === 0);

  await network.cut();
  await onLive.sees("the next alarm", isSilent);
  await live.click(".alarm-actions button");
  for (const { sees } of [onLive, onDevices]) await sees("that it is put aside everywhere", ({ alarms }) => alarms.length === 0);
  assert.deepEqual([...live.errors, ...devices.errors].filter((error) => error.startsWith("uncaught")), []);
});

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text of the devices page overflows in ${language}`, { timeout: 180_000 }, async (t) => {
    await mkdir(folder, { recursive: true });
    const targets = '[[alarms.targets]]\nkind = "webhook"\nname = "Duty phone"\nurl = "http://127.0.0.1:9/"\n';
    const server = await startServer(t, { args: await configured(t, `[alarms]\nsilent_seconds = ${SILENT_SECONDS}\n${targets}`) });
    const camera = await (await openChromium(t, server, { tap: false })).newPage();
    const page = await (await openChromium(t, server, { tap: false, context: { locale: String(locale) } })).newPage();
    const { sees, seesCard } = watching(page);
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems });
    await page.goto(`${server.https}/devices`);
    await sees("the server's state", ({ server: said }) => said !== "");
    await shoot("devices-empty");
    await open(camera, server.https);
    await record(camera);
    await seesCard("that it records", ({ tone }) => tone === "good");
    await shoot("devices");
    await page.click(".device .bare");
    await shoot("devices-panel");
    await page.playwright.keyboard.press("Escape");
    await page.click(".device-main");
    await shoot("devices-confirm");
    await page.playwright.keyboard.press("Escape");
    await camera.close();
    await sees("the alarm", ({ alarms }) => alarms.length === 1);
    await shoot("devices-alarm");
    assert.deepEqual(problems, []);
    await server.stop();
  });
}
