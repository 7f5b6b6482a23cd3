/**
 * What is asked of the server about sources.
 *
 *   const answer = await post("/api/sources", spec);   { ok, status, told }: `told` is what it has said, also when it refuses
 *   messageOf(answer.told)                             its sentence, or ""
 *
 * An answer that does not come is a rejection.
 *
 * @module
 */

import { oneLine } from "../lib/plain-text.js";
import { request } from "../lib/request.js";

const MESSAGE_CHARACTERS = 500;
/** The server lets a camera go before it answers, for up to 5 s, and writes to its disk: what is done must not look as if it were not. */
const PATIENCE_MS = 15_000;

/** @typedef {{ ok: boolean, status: number, told: any }} Answer */

/** @param {string} path @param {string} method @param {unknown} body @param {number} [patienceMs] @returns {Promise<Answer>} */
export async function ask(path, method, body, patienceMs = PATIENCE_MS) {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const { ok, status, text } = await request(path, { method, ...content, patienceMs });
  /** @type {any} */
  let told = null;
  try {
    told = text === "" ? null : JSON.parse(text);
  } catch {
    // A proxy's page, perhaps; the status says enough.
  }
  return { ok, status, told };
}

/** @param {any} told */
export function messageOf(told) {
  const error = told !== null && typeof told === "object" ? told.error : null;
  return oneLine(typeof error === "string" ? error : error && error.message, MESSAGE_CHARACTERS);
}

/** @param {string} source @param {string} [act] */
export const sourcePath = (source, act) => `/api/sources/${encodeURIComponent(source)}${act ? `/${act}` : ""}`;
