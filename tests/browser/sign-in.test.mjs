// The first start and the way in, as new users go it: who decides, who is let in, who is shut out while recording.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judged, reaches, record, recorded, stop } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/page.mjs").Page} Page */

/** @param {Page} page @param {string} id */
const isShown = (page, id) => page.evaluate((wanted) => (document.getElementById(wanted)?.getClientRects().length ?? 0) > 0, id);

/** @param {Page} page @param {string} id */
const shows = (page, id) =>
  until(`#${id} on the page`, () => isShown(page, id), {
    within: 30_000,
    explain: async () => JSON.stringify({ text: await page.evaluate(() => document.body.innerText.slice(0, 600)), errors: page.errors }),
  });

/** What an admin's page asks of the server. @param {Page} page @param {string} method @param {string} path @param {object} [body] */
const ask = (page, method, path, body) =>
  page.evaluate(
    async ([verb, where, text]) => {
      const answer = await fetch(String(where), { method: String(verb), ...(text ? { body: text, headers: { "content-type": "application/json" } } : {}) });
      const said = await answer.text();
      return { status: answer.status, said: said === "" ? null : JSON.parse(said) };
    },
    /** @type {[string, string, string]} */ ([method, path, body ? JSON.stringify(body) : ""]),
  );

/** Six digits for a camera. @param {Page} desk */
async function digits(desk) {
  const { status, said } = await ask(desk, "POST", "/api/access/codes", { role: "camera" });
  assert.equal(status, 201, JSON.stringify(said));
  return String(said.digits);
}

/** @param {Page} page @param {string} code */
async function type(page, code) {
  await page.evaluate((text) => {
    const box = /** @type {HTMLInputElement} */ (document.getElementById("code"));
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }, code);
}

test("the first start: one browser decides, a tablet comes in by six digits, and goes on when it is shut out", { timeout: 240_000 }, async (t) => {
  const server = await startServer(t, { isOpen: false });
  const desk = await (await openChromium(t, server, { tap: false })).newPage();
  await desk.goto(server.https);
  await shows(desk, "first-paired");
  await desk.click("#first-paired");
  await shows(desk, "stage-done");
  await desk.goto(`${server.https}/devices`);
  await shows(desk, "people-let-in");

  const tablet = await (await openChromium(t, server)).newPage();
  await tablet.goto(`${server.https}/devices`);
  await shows(tablet, "code");
  await tablet.goto(server.https);
  await shows(tablet, "code");
  assert.equal((await ask(tablet, "GET", "/api/streams")).status, 401, "nobody sees what is live");
  const code = await digits(desk);
  await type(tablet, code === "111111" ? "222222" : "111111");
  await until("a sentence about the wrong code", () => tablet.evaluate(() => (document.getElementById("code-problem")?.textContent ?? "") !== ""), { within: 20_000 });
  await type(tablet, `${code.slice(0, 3)} ${code.slice(3)}`);
  await reaches(tablet, "idle");
  assert.equal((await ask(tablet, "GET", "/api/access/people")).status, 403, "a camera lets nobody in");

  await record(tablet);
  await recorded(tablet, 5);
  const { said: people } = await ask(desk, "GET", "/api/access/people");
  const shut = people.browsers.find((/** @type {any} */ browser) => browser.role === "camera");
  assert.equal((await ask(desk, "DELETE", `/api/access/browsers/${shut.id}`)).status, 204);
  await shows(tablet, "let-in-layer");
  await type(tablet, await digits(desk));
  await until("the sheet is gone", async () => !(await isShown(tablet, "let-in-layer")), { within: 30_000 });
  await recorded(tablet, 12);
  await stop(tablet, 60_000);
  await judged(t, tablet, server);
  await server.stop();
});
