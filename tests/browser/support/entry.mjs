// The way in, as people see it and as an admin's page asks for it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./programs.mjs";
import { until } from "./until.mjs";

/** @typedef {import("./page.mjs").Page} Page */

/** What a page in English says, by its key. @type {Record<string, string>} */
export const words = JSON.parse(readFileSync(join(root, "web", "strings", "en.json"), "utf8"));

/** @param {Page} page @param {string} id */
export const isShown = (page, id) => page.evaluate((wanted) => (document.getElementById(wanted)?.getClientRects().length ?? 0) > 0, id);

/** What stands there and can be seen. @param {Page} page @param {string} id */
export const textOf = (page, id) =>
  page.evaluate((wanted) => {
    const element = document.getElementById(wanted);
    return element && element.getClientRects().length > 0 ? (element.textContent ?? "").replace(/\s+/g, " ").trim() : "";
  }, id);

/** @param {Page} page */
const account = async (page) => JSON.stringify({ text: await page.evaluate(() => document.body.innerText.slice(0, 600)), errors: page.errors });

/** @param {Page} page @param {string} id */
export const shows = (page, id) => until(`#${id} on the page`, () => isShown(page, id), { within: 30_000, explain: () => account(page) });

/** @param {Page} page @param {string} id @param {string | RegExp} wanted */
export const says = (page, id, wanted) =>
  until(`the words “${wanted}” in #${id}`, async () => {
    const text = await textOf(page, id);
    return typeof wanted === "string" ? text === wanted : wanted.test(text);
  }, { within: 30_000, explain: async () => `it says “${await textOf(page, id)}”, ${await account(page)}` });

/** What an admin's page asks of the server. @param {Page} page @param {string} method @param {string} path @param {object} [body] */
export const ask = (page, method, path, body) =>
  page.evaluate(
    async ([verb, where, text]) => {
      const answer = await fetch(String(where), { method: String(verb), ...(text ? { body: text, headers: { "content-type": "application/json" } } : {}) });
      const said = await answer.text();
      return { status: answer.status, said: said === "" ? null : JSON.parse(said) };
    },
    /** @type {[string, string, string]} */ ([method, path, body ? JSON.stringify(body) : ""]),
  );

/** Six digits for a camera. @param {Page} desk @returns {Promise<{ id: string, digits: string }>} */
export async function newCode(desk) {
  const { status, said } = await ask(desk, "POST", "/api/access/codes", { role: "camera" });
  assert.equal(status, 201, JSON.stringify(said));
  return said;
}

/** @param {Page} page @param {string} code */
export async function type(page, code) {
  await page.evaluate((text) => {
    const box = /** @type {HTMLInputElement} */ (document.getElementById("code"));
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }, code);
}
