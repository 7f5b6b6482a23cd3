/**
 * What the server made of a recording, as the page keeps it: with addresses that say which server has it. Pure.
 *
 *   delivered(summary, origin)     // the origin that it was delivered to
 *   joined([summary, …])           // several recordings as one list of files
 *
 * @module
 */

/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */

/** @param {Summary} summary @param {string} origin @returns {Summary} */
export function delivered(summary, origin) {
  /** @param {string} url */
  const absolute = (url) => {
    try {
      return new URL(url, origin).href;
    } catch {
      return url;
    }
  };
  return { ...summary, files: summary.files.map((file) => ({ ...file, url: absolute(file.url) })) };
}

/** @param {Summary[]} summaries at least one @returns {Summary} */
export function joined(summaries) {
  const folders = Array.from(new Set(summaries.map(({ folder }) => folder).filter(Boolean)));
  /** @type {Summary["files"]} */
  const files = [];
  for (const summary of summaries) files.push(...summary.files);
  return { ...summaries[summaries.length - 1], folder: folders.join(", "), files };
}
