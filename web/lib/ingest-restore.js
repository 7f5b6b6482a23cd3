/**
 * What an earlier visit left of a session: its log and what the spool still holds, read into what the books of
 * this visit begin with.
 *
 *   const left = readLog(spool.entries(), spool.holds());
 *   left.generations, left.events, left.clocks, left.stopped
 *
 * @module
 */

import { count } from "./ingest-generations.js";

/** @typedef {import("./ingest-clocks.js").Clock} Clock */
/** @typedef {{ generation: number, first: number, end: number }} Held */

/** No recording has more: such a number is a damaged one, and must not fill the page's memory. */
const MOST_GENERATIONS = 100000;

/** @param {unknown} value @returns {value is Record<string, any>} */
const isObject = (value) => typeof value === "object" && value !== null;

/**
 * @typedef {object} Restored a generation of an earlier visit: it is over, a recorder does not survive its page
 * @property {number} generation
 * @property {string} mime
 * @property {number} startedMs
 * @property {string} reason
 * @property {number | null} offsetMs
 * @property {number} first everything below is with the server
 * @property {number} total its length
 * @property {number | null} readable where storage ends, when that is before the length
 */

/**
 * @typedef {object} LeftLog
 * @property {Restored[]} generations
 * @property {Record<string, unknown>[]} events messages, ready to send
 * @property {Clock[]} clocks
 * @property {boolean} stopped
 */

/**
 * @param {object[]} entries
 * @param {Held[]} holds
 * @returns {LeftLog}
 */
export function readLog(entries, holds) {
  /** @type {Restored[]} */
  const generations = [];
  /** @type {LeftLog["events"]} */
  const events = [];
  /** @type {Clock[]} */
  const clocks = [];
  let stopped = false;
  /** Lengths that the log tells, of generations of which nothing is left here. @type {Map<number, number>} */
  const told = new Map();

  /** @param {number} number */
  const fill = (number) => {
    // Numbers have no holes, though an entry may be missing where storage failed.
    while (generations.length <= number) {
      const generation = generations.length;
      generations.push({
        generation,
        mime: "",
        startedMs: 0,
        reason: "error",
        offsetMs: null,
        first: 0,
        total: 0,
        readable: null,
      });
    }
    return generations[number];
  };

  for (const entry of entries) {
    if (!isObject(entry) || count(entry.generation) >= MOST_GENERATIONS) continue;
    switch (entry.type) {
      case "generation": {
        const g = fill(count(entry.generation));
        g.mime = String(entry.mime || "");
        g.startedMs = count(entry.startedMs);
        g.reason = String(entry.reason || "");
        g.offsetMs = typeof entry.offsetMs === "number" ? entry.offsetMs : null;
        break;
      }
      case "end":
        told.set(count(entry.generation), count(entry.bytes));
        break;
      case "event":
        if (isObject(entry.message)) events.push(entry.message);
        break;
      case "clock":
        if (isObject(entry.message)) {
          const { generation, end, at_ms } = entry.message;
          clocks.push({ generation: count(generation), end: count(end), at_ms: count(at_ms) });
        }
        break;
      case "stop":
        stopped = true;
        for (const one of Array.isArray(entry.generations) ? entry.generations : []) {
          if (isObject(one) && count(one.generation) < MOST_GENERATIONS) told.set(count(one.generation), count(one.bytes));
        }
        break;
    }
  }
  for (const [generation, bytes] of told) Object.assign(fill(generation), { first: bytes, total: bytes });
  for (const { generation, first, end } of holds) {
    const g = fill(generation);
    // Storage cannot give more than it has, whatever the log says.
    g.readable = g.total > end ? end : null;
    g.total = Math.max(g.total, end);
    g.first = first;
  }
  return { generations, events, clocks, stopped };
}
