/**
 * What the server converts of a stream for viewers that cannot take it as it is, as `/api/streams/{stream}/transcoders`
 * says it. Pure.
 *
 *   parseTranscoders(answer)     [{ format, detail, state, sinceMs, restarts, clients, packets, bytes, log }]
 *
 * @module
 */

/** @typedef {{ format: string, detail: string, state: "starting" | "running" | "waiting", sinceMs: number | null, restarts: number, clients: number, packets: number, bytes: number, log: string[] }} Transcoder */

/** More than a person reads. */
const MOST_LINES = 200;
const LINE_CHARACTERS = 2000;

/** @param {unknown} value */
const count = (value) => (typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0);

/** @param {any} answer @returns {Transcoder[]} */
export function parseTranscoders(answer) {
  const list = answer !== null && typeof answer === "object" && Array.isArray(answer.transcoders) ? answer.transcoders : [];
  /** @type {Transcoder[]} */
  const transcoders = [];
  for (const one of list) {
    if (one === null || typeof one !== "object" || typeof one.format !== "string" || one.format === "") continue;
    const log = Array.isArray(one.log) ? one.log.filter((/** @type {unknown} */ line) => typeof line === "string") : [];
    transcoders.push({
      format: one.format.slice(0, 40),
      detail: typeof one.detail === "string" ? one.detail.slice(0, 200) : "",
      state: one.state === "running" || one.state === "waiting" ? one.state : "starting",
      sinceMs: typeof one.since_ms === "number" ? one.since_ms : null,
      restarts: count(one.restarts),
      clients: count(one.clients),
      packets: count(one.packets),
      bytes: count(one.bytes),
      log: log.slice(-MOST_LINES).map((/** @type {string} */ line) => line.slice(0, LINE_CHARACTERS)),
    });
  }
  return transcoders;
}
