/**
 * What has happened to a connection, line by line, bounded. Pure.
 *
 *   const log = createLog();
 *   log.add("connected", Date.now());
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
      lines = lines.concat(`${formatClock(wallMs)}  ${text}`).slice(-MOST_LINES);
    },
    text: () => lines.join("\n"),
  };
}
