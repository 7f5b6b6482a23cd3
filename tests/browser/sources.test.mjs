// Cameras that the server fetches by itself, as a person adds, tries, pauses, changes and removes them; and the page on
// which one looks at any address.

import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openChromium } from "./support/chromium.mjs";
import { configured } from "./support/config.mjs";
import { startCamera } from "./support/rtsp.mjs";
import { createShoot, folder as pictures, overflowing } from "./support/screens.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/page.mjs").Page & { playwright: import("playwright-core").Page }} Page */

const LOGIN = "viewer:s3cr3t/&";
const PASSWORD = "s3cr3t/&";
/** @type {Record<string, [number, number]>} */
const PICTURES = { main: [640, 360], small: [320, 180] };

/** Runs in the page. */
function look() {
  /** @param {Element | null | undefined} element */
  const text = (element) => (element instanceof HTMLElement && element.getClientRects().length > 0 ? (element.innerText ?? "").trim() : "");
  const byId = (/** @type {string} */ id) => document.getElementById(id);
  const wrong = (/** @type {string} */ field) => text(byId("edit-form")?.querySelector(`[data-field="${field}"] .wrong-note`));
  return {
    none: text(byId("sources-none")),
    devices: document.querySelectorAll("#devices .device").length,
    cards: [...document.querySelectorAll("#sources-list .source")].map((card) => ({
      source: /** @type {HTMLElement} */ (card).dataset["source"],
      name: text(card.querySelector(".device-name")),
      tone: /** @type {HTMLElement} */ (card).dataset["tone"],
      state: text(card.querySelector(".device-state")),
      why: text(card.querySelector(".source-why")),
      hasPicture: (card.querySelector("img")?.naturalWidth ?? 0) > 0,
    })),
    panel: byId("source")?.hidden === false,
    form: byId("edit")?.hidden === false,
    outcome: `${text(byId("edit-outcome-text"))} ${text(byId("edit-outcome-more"))}`.trim(),
    problem: text(byId("edit-problem")),
    wrong: { name: wrong("name"), address: wrong("address"), password: wrong("password") },
    focus: document.activeElement?.id ?? "",
  };
}

/** @typedef {ReturnType<typeof look>} Look */
/** @typedef {Look["cards"][number]} Card */

/** @param {Page} page @param {import("./support/server.mjs").Server} server */
function watching(page, server) {
  /** @param {string} what @param {(seen: Look) => unknown} is */
  const sees = (what, is) => until(what, async () => is(await page.evaluate(look)), { within: 40_000, explain: async () => `${JSON.stringify(await page.evaluate(look))}\n${server.log()}` });
  return {
    sees,
    /** The only one. @param {string} what @param {(card: Card) => unknown} is */
    seesCard: (what, is) => sees(what, ({ cards }) => cards.length === 1 && cards[0] && is(cards[0])),
  };
}

/** @param {Page} page @param {string} source */
const openPanel = (page, source) => page.click(`.source[data-source="${source}"] .bare`);

/** @param {Page[]} pages */
const uncaught = (...pages) => pages.flatMap(({ errors }) => errors.filter((error) => error.startsWith("uncaught")));

test("a camera is added, tried, paused, changed and removed on one page, and another sees it", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t);
  const desk = await openChromium(t, server, { tap: false });
  const [page, other] = [await desk.newPage(), await desk.newPage()];
  const [here, there] = [watching(page, server), watching(other, server)];
  await page.goto(`${server.https}/devices`);
  await other.goto(`${server.https}/devices`);
  await here.sees("that the server fetches none", ({ none, cards }) => none !== "" && cards.length === 0);

  await page.click("#sources-add");
  await page.playwright.check('#edit-kinds input[value="pattern"]', { force: true });
  await page.click("#edit-save");
  await here.sees("that a name is missing", ({ wrong, focus }) => wrong.name !== "" && focus === "edit-name");
  await page.playwright.fill("#edit-name", "Great hall");
  await page.playwright.keyboard.press("Escape");
  await here.sees("that nothing of it is thrown away", ({ form }) => form);
  await page.click("#edit-test");
  await here.sees("what would come", ({ outcome }) => /^It works\. Picture \d+ × \d+, H\.264/.test(outcome));
  await page.playwright.check("#edit-record");
  await page.click("#edit-save");
  for (const { seesCard } of [here, there]) await seesCard("that it is live and recorded", ({ source, tone, state }) => source === "great-hall" && tone === "good" && /· recording$/.test(state));
  await here.sees("its picture, and the form gone", ({ cards, form }) => cards[0]?.hasPicture && !form);
  await here.sees("that it is no device", ({ devices }) => devices === 0);

  const live = await desk.newPage();
  await live.goto(`${server.https}/live`);
  await until("its tile", () => live.evaluate(() => [...document.querySelectorAll("#wall .tile")].map((tile) => `${/** @type {HTMLElement} */ (tile).dataset["stream"]} ${/** @type {HTMLElement} */ (tile).dataset["player"]}`).join() === "great-hall playing"), { within: 30_000 });

  await page.click("#sources-add");
  await page.playwright.fill("#edit-name", "Great Hall!");
  await until("that its name is taken", () => page.evaluate(() => /already.*great-hall-2/.test(document.getElementById("edit-name-hint")?.textContent ?? "")));
  await page.click("#edit .edit-acts [data-close]");

  await page.click(".source-pause");
  await there.seesCard("that it is paused", ({ state }) => /^paused/.test(state));
  await page.click(".source-pause");
  await there.seesCard("that it goes on", ({ state }) => /^live/.test(state));

  await openPanel(page, "great-hall");
  await page.click("#source-change");
  await page.playwright.fill("#edit-name", "Small hall");
  await page.click("#edit-save");
  await there.seesCard("its new name", ({ source, name }) => source === "great-hall" && name === "Small hall");
  await here.sees("the form gone", ({ form }) => !form);
  await here.seesCard("that it is live", ({ state }) => /· recording$/.test(state));

  await openPanel(page, "great-hall");
  await page.click("#source-remove");
  await page.click("#confirm-no");
  await here.seesCard("that it is kept", ({ name }) => name === "Small hall");
  await openPanel(page, "great-hall");
  await page.click("#source-remove");
  assert.match(await page.evaluate(() => document.getElementById("confirm-more")?.textContent ?? ""), /source_great-hall/);
  await page.click("#confirm-yes");
  for (const { sees } of [here, there]) await sees("that it is gone", ({ cards, none }) => cards.length === 0 && none !== "");
  const files = await readdir(join(server.recordings, "source_great-hall"));
  assert.ok(files.some((name) => /^video_/.test(name)), `its recordings stay: ${files}`);
  assert.deepEqual(uncaught(page, other, live), []);
  await server.stop();
});

test("what stands in the configuration file can be paused, and says where it is changed", { timeout: 120_000 }, async (t) => {
  const server = await startServer(t, { args: await configured(t, '[[source]]\nname = "pattern"\ntitle = "Test pattern"\nkind = "pattern"\n') });
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  const { seesCard } = watching(page, server);
  await page.goto(`${server.https}/devices`);
  await seesCard("that it is live", ({ name, state }) => name === "Test pattern" && /^live/.test(state));
  await openPanel(page, "pattern");
  const panel = () => page.evaluate(() => ({ fixed: document.getElementById("source-fixed-text")?.textContent ?? "", acts: document.getElementById("source-acts")?.hidden }));
  await until("where it is changed", async () => /configuration file/.test((await panel()).fixed) && (await panel()).acts === true, { explain: async () => JSON.stringify(await panel()) });
  await page.playwright.keyboard.press("Escape");
  await page.click(".source-pause");
  await seesCard("that it is paused", ({ state }) => /^paused/.test(state));
  assert.deepEqual(uncaught(page), []);
});

test("an IP camera: its password is seen nowhere, and the wall plays its smaller picture", { timeout: 240_000 }, async (t) => {
  const camera = await startCamera(t, { login: LOGIN, pictures: PICTURES });
  const server = await startServer(t);
  const desk = await openChromium(t, server, { tap: false });
  const page = await desk.newPage();
  const { sees, seesCard } = watching(page, server);
  await page.goto(`${server.https}/devices`);
  await page.click("#sources-add");
  await page.playwright.fill("#edit-address", `rtsp://viewer:wrong@${camera.host}/main`);
  await page.playwright.fill("#edit-name", "Front door");
  assert.deepEqual(await page.evaluate(() => ["edit-address", "edit-user", "edit-password"].map((id) => /** @type {HTMLInputElement} */ (document.getElementById(id)).value)), [camera.main, "viewer", "wrong"]);
  await page.click("#edit-test");
  await sees("that the password is wrong", ({ outcome }) => /does not accept this user name and password/.test(outcome));
  await page.playwright.fill("#edit-password", PASSWORD);
  await page.click("#edit-more");
  await page.playwright.fill("#edit-small_address", `${camera.address("small")}-nothing`);
  await page.click("#edit-test");
  await sees("that there is no smaller picture", ({ outcome }) => /^It works, but the smaller picture does not come\. There is nothing to fetch/.test(outcome));
  await page.playwright.fill("#edit-small_address", camera.address("small"));
  await page.click("#edit-test");
  await sees("both pictures' sizes", ({ outcome }) => /^It works\. Picture 640 × 360, H\.264.*smaller picture 320 × 180, H\.264$/.test(outcome));
  await page.click("#edit-save");
  await seesCard("that it is live and recorded", ({ source, state }) => source === "front-door" && /· recording$/.test(state));

  const wall = await desk.newPage();
  /** @type {string[]} */
  const asked = [];
  wall.playwright.on("websocket", (socket) => void asked.push(new URL(socket.url()).pathname));
  wall.playwright.on("request", (request) => void asked.push(new URL(request.url()).pathname));
  await wall.goto(`${server.https}/live`);
  const tiles = () => wall.evaluate(() => [...document.querySelectorAll("#wall .tile")].map((tile) => ({ stream: /** @type {HTMLElement} */ (tile).dataset["stream"], player: /** @type {HTMLElement} */ (tile).dataset["player"], width: tile.querySelector("video")?.videoWidth })));
  await until("one tile, with the smaller picture", async () => JSON.stringify(await tiles()) === JSON.stringify([{ stream: "front-door", player: "playing", width: 320 }]), { within: 40_000, explain: async () => JSON.stringify([await tiles(), asked]) });
  assert.ok(!asked.includes("/ws/live/front-door"), `the wall took the full stream: ${asked}`);
  await wall.click("#wall .tile");
  await until("the full picture", () => wall.evaluate(() => /** @type {HTMLVideoElement} */ (document.getElementById("player")).videoWidth === 640), { within: 40_000 });

  await openPanel(page, "front-door");
  await page.click("#source-change");
  const password = await page.evaluate(() => {
    const { value, placeholder, type } = /** @type {HTMLInputElement} */ (document.getElementById("edit-password"));
    return { value, placeholder, type };
  });
  assert.deepEqual(password, { value: "", placeholder: "unchanged", type: "password" });
  await page.playwright.fill("#edit-address", "rtsp://127.0.0.1:1/main");
  await page.click("#edit-save");
  await sees("that the password is asked for again", ({ wrong }) => wrong.password !== "");
  await page.playwright.fill("#edit-address", camera.main);
  await page.playwright.fill("#edit-name", "Back door");
  await page.click("#edit-save");
  await sees("the form gone", ({ form }) => !form);
  await seesCard("that it goes on with the password it had", ({ name, state, why }) => name === "Back door" && /^live/.test(state) && why === "");

  await openPanel(page, "front-door");
  await page.click("#source-change");
  await page.playwright.fill("#edit-small_address", `${camera.address("small")}-nothing`);
  await page.click("#edit-save");
  await sees("the form gone", ({ form }) => !form);
  await seesCard("why the wall shows the large picture", ({ state, why }) => /^live/.test(state) && /^The smaller picture does not come/.test(why));

  const told = await page.evaluate(() => Promise.all(["/api/sources", "/api/streams", "/api/devices"].map((path) => fetch(path).then((answer) => answer.text()))).then((texts) => texts.join("") + document.documentElement.outerHTML));
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) {
    assert.ok(!told.includes(secret), "the password is in what the server tells");
    assert.ok(!server.log().includes(secret), `the password is in the log\n${server.log()}`);
  }
  assert.deepEqual(uncaught(page, wall), []);
  await server.stop();
});

test("an address is looked at without being added, and what is secret stays with who typed it", { timeout: 180_000 }, async (t) => {
  const camera = await startCamera(t, { login: LOGIN, pictures: PICTURES });
  const server = await startServer(t, { args: await configured(t, '[viewers]\nrtsp_addresses = ["rtsp://127.0.0.1"]\n') });
  const page = await (await openChromium(t, server, { tap: false })).newPage();
  /** @type {string[]} */
  const visited = [];
  page.playwright.on("framenavigated", (frame) => void visited.push(frame.url()));
  const seen = () =>
    page.evaluate(() => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("picture"));
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
      return {
        state: document.getElementById("stage")?.dataset["state"],
        over: document.getElementById("over")?.textContent ?? "",
        size: document.getElementById("size")?.textContent,
        sum: data.reduce((sum, value, at) => (sum * 31 + value * (at % 7)) % 1_000_003, 0),
        recent: document.getElementById("recent")?.textContent ?? "",
        allow: document.getElementById("allow")?.hidden === false ? document.getElementById("allow-lines")?.textContent : null,
      };
    });
  /** @param {string} what @param {(is: Awaited<ReturnType<typeof seen>>) => unknown} is */
  const sees = (what, is) => until(what, async () => is(await seen()), { within: 40_000, explain: async () => `${JSON.stringify(await seen())}\n${server.log()}` });
  await page.goto(`${server.https}/address`);
  const show = async (/** @type {string} */ address, user = "", password = "") => {
    for (const [id, value] of [["user", user], ["password", password], ["address", address]]) await page.playwright.fill(`#${id}`, String(value));
    await page.click("#show");
  };

  await show(camera.main, "viewer", "wrong");
  await sees("that the password is wrong", ({ state, over }) => state === "refused" && /does not accept this user name and password/.test(over));
  await show(`rtsp://viewer:${encodeURIComponent(PASSWORD)}@${camera.host}/main`);
  await sees("the picture", ({ state, size }) => state === "playing" && size === "640 × 360");
  const sums = new Set();
  await until("three pictures that differ", async () => sums.add((await seen()).sum).size >= 3, { within: 20_000 });
  assert.match((await seen()).recent, /viewer:•••@127\.0\.0\.1/);
  assert.equal(new URL(page.playwright.url()).hash, `#${camera.main}`);
  assert.equal(await page.evaluate(() => document.getElementById("add")?.getAttribute("href")), `/devices#add=${encodeURIComponent(camera.main.replace("://", "://viewer@"))}`);

  await show("rtsp://192.0.2.7/main");
  await sees("that it is not allowed, and how it would be", ({ state, allow }) => state === "refused" && allow === '[viewers]\nrtsp_addresses = ["rtsp://192.0.2.7"]');
  const kept = await page.evaluate(() => JSON.stringify(Object.entries(localStorage)) + document.documentElement.outerHTML);
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) {
    assert.ok(!kept.includes(secret), "the password is kept in the browser");
    assert.ok(!visited.some((url) => url.includes(secret)), "the password was in the page's address");
    assert.ok(!server.log().includes(secret), `the password is in the log\n${server.log()}`);
  }
  assert.deepEqual(uncaught(page), []);
});

const ALL_STATES = `
[[source]]
name = "pattern"
title = "Test pattern"
kind = "pattern"
record = true

[[source]]
name = "yard"
title = "Yard behind the workshop, on the north side of the building"
kind = "rtsp"
address = "rtsp://127.0.0.1:1/a/very/long/path/that/no/card/has/room/for/main"
user = "viewer"

[[source]]
name = "loop"
kind = "file"
path = "/nowhere/loop.mp4"
hours = ["mon-fri 08:00-18:00", "sat,sun 22:00-02:00"]
record = true
paused = true
`;

for (const [language, locale] of [["en", "en-GB"], ["zh", "zh-CN"]]) {
  test(`no text of what the server fetches overflows in ${language}`, { timeout: 180_000 }, async (t) => {
    await mkdir(pictures, { recursive: true });
    const server = await startServer(t, { args: await configured(t, ALL_STATES) });
    const page = await (await openChromium(t, server, { tap: false, context: { locale: String(locale), reducedMotion: "reduce" } })).newPage();
    const { sees } = watching(page, server);
    /** @type {string[]} */
    const problems = [];
    const shoot = createShoot(page, { language: String(language), problems, checks: [overflowing, small] });
    await page.goto(`${server.https}/devices`);
    await sees("one that is live, one that waits", ({ cards }) => cards.some(({ hasPicture }) => hasPicture) && cards.some(({ why }) => why !== ""));
    await shoot("sources");
    await openPanel(page, "yard");
    await shoot("source");
    await page.playwright.keyboard.press("Escape");
    await page.click("#sources-add");
    await shoot("source-form");
    await page.playwright.fill("#edit-address", "http://192.168.1.20");
    await page.click("#edit-save");
    await sees("what is wrong", ({ wrong }) => wrong.address !== "" && wrong.name !== "");
    await shoot("source-form-wrong");
    await page.click("#edit-more");
    await page.playwright.check('input[name="hours"][value="rules"]', { force: true });
    await page.evaluate(() => document.getElementById("edit-hours-box")?.scrollIntoView());
    await shoot("source-form-hours");
    await page.goto(`${server.https}/address`);
    await page.playwright.fill("#address", "rtsp://192.0.2.7/an/address/that/the/configuration/does/not/name");
    await page.click("#show");
    await until("that it is not allowed", () => page.evaluate(() => document.getElementById("allow")?.hidden === false));
    await shoot("address");
    assert.deepEqual(problems, []);
  });
}

/** What a finger would miss. Runs in the page. */
function small() {
  const found = [];
  for (const element of document.querySelectorAll("#sources button, #sources a, #source button, #source a, #edit button, #edit input, #edit select, .watch button, .watch a, .watch input")) {
    const label = element instanceof HTMLInputElement && ["radio", "checkbox"].includes(element.type) ? element.closest("label") : null;
    const box = (label ?? element).getBoundingClientRect();
    if (box.width > 0 && (box.height < 43.5 || box.width < 36)) found.push(`${element.tagName.toLowerCase()}#${element.id}.${element.className} is ${Math.round(box.width)}x${Math.round(box.height)}`);
  }
  return found;
}
