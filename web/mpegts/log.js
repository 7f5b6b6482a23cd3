/**
 * What has happened to a connection, line by line, bounded. Pure.
 *
 *   const log = createLog();
 *   log.add("connected", Date.now());      the line, with its time
 *   log.count()                            how many lines are kept: the last ones
 *   log.text()
 *
 * @module
 */

import { formatClock } from "../lib/format.js";

/** Hours of a connection that comes and goes. */
const MOST_LINES = 300;

export function createLog() {
  /** @type {string[]} */
  let lines = [];
  return {
    /** @param {string} text @param {number} wallMs */
    add(text, wallMs) {
      const line = `${formatClock(wallMs)}  ${text}`;
      lines = lines.concat(line).slice(-MOST_LINES);
      return line;
    },
    count: () => lines.length,
    text: () => lines.join("\n"),
  };
}
