/**
 * How a connection begins: the hello that says who delivers what, and what is taken from the server's welcome. Pure.
 *
 *   helloMessage(identity, holds, now)     // the text that is sent
 *   readWelcome(message)                   // what the server said, as far as it can be believed
 *
 * @module
 */

import { count } from "./ingest-generations.js";

/**
 * @typedef {object} Identity
 * @property {string} device
 * @property {string} [key]
 * @property {string} name
 * @property {string} session
 * @property {number} startedMs
 * @property {string} client
 */

/**
 * @typedef {object} Welcome
 * @property {number} messageBytes the largest message, 0 where it does not say
 * @property {number | null} creditBytes null where it does not say
 * @property {number | null} nowMs the server's clock
 * @property {number} retryMs
 * @property {string[]} addresses
 * @property {import("./ingest-generations.js").Position[]} positions
 */

/**
 * @param {Identity} identity
 * @param {{ generation: number, first: number, end: number }[]} holds
 * @param {number} now
 */
export function helloMessage(identity, holds, now) {
  /** @type {Record<string, unknown>} */
  const hello = {
    type: "hello",
    device: identity.device,
    name: identity.name,
    session: identity.session,
    started_ms: identity.startedMs,
    now_ms: now,
    client: identity.client,
  };
  if (identity.key) hello.key = identity.key;
  if (holds.length > 0) hello.holds = holds;
  return JSON.stringify(hello);
}

/** @param {any} message @returns {Welcome} */
export function readWelcome(message) {
  const limits = message.limits || {};
  const credit = limits.credit_bytes !== undefined ? limits.credit_bytes : message.credit_bytes;
  const addresses = Array.isArray(message.addresses) ? message.addresses : [];
  return {
    messageBytes: count(limits.message_bytes),
    creditBytes: typeof credit === "number" ? count(credit) : null,
    nowMs: typeof message.now_ms === "number" ? message.now_ms : null,
    retryMs: count(message.retry_ms),
    addresses: addresses.filter((/** @type {unknown} */ address) => typeof address === "string"),
    positions: Array.isArray(message.positions) ? message.positions : [],
  };
}
