/**
 * What is asked of the server about who gets in.
 *
 *   const { told, problem } = await send("POST", "/codes", { … }, strings);   `problem`: a sentence, "" where it was done
 *
 * @module
 */

import { requestJson } from "../lib/request.js";
import { oneLine } from "../lib/plain-text.js";
import { ask, messageOf } from "../sources/requests.js";
import { parsePeople } from "./people.js";

const BASE = "/api/access";
const WARNING_CHARACTERS = 500;

/** @typedef {{ told: any, problem: string, warning: string }} Done */

/** @param {string} method @param {string} path @param {unknown} body @param {Pick<import("../lib/strings.js").Strings, "t">} strings @returns {Promise<Done>} */
export async function send(method, path, body, { t }) {
  try {
    const { ok, status, told } = await ask(BASE + path, method, body);
    // Gone is gone, whoever has done it.
    if (ok || (method === "DELETE" && status === 404)) return { told: ok ? told : null, problem: "", warning: oneLine(ok && told && told.warning, WARNING_CHARACTERS) };
    return { told: null, problem: t("people.refused", { message: messageOf(told) || String(status) }), warning: "" };
  } catch {
    return { told: null, problem: t("people.unanswered"), warning: "" };
  }
}

/** @param {string} kind @param {string} id @param {string} [more] */
export const pathOf = (kind, id, more = "") => `/${kind}/${encodeURIComponent(id)}${more}`;

/** @throws with the `status` where the server says no */
export async function lookAtPeople() {
  return parsePeople(await requestJson(`${BASE}/people`));
}
