// The report that people copy and send: plain text with every outcome, code
// and number. Pure.

import { sentenceKey, sentenceValues, words } from "./verdict.js";

/** @typedef {import("./outcomes.js").Result} Result */
/** @typedef {import("./outcomes.js").Facts} Facts */
/** @typedef {import("./verdict.js").Verdict} Verdict */
/** @typedef {import("./verdict.js").Translate} Translate */

/**
 * @param {object} input
 * @param {Verdict} input.verdict
 * @param {readonly Result[]} input.results
 * @param {Facts} input.environment
 * @param {Translate} input.t
 * @returns {string}
 */
export function reportText({ verdict, results, environment, t }) {
  const { headline, limits } = words(verdict, t);
  const lines = ["localcamera self-test", `verdict: ${verdict.state} - ${headline}`];
  lines.push(...limits.map((limit) => `    - ${limit}`));
  lines.push(...factLines(environment, ""), "");
  for (const result of results) {
    const sentence = t(sentenceKey(result), sentenceValues(result, t));
    lines.push(`[${result.state}] ${result.step}/${result.code}: ${sentence}`);
    lines.push(...factLines(result.facts, "    "));
  }
  return `${lines.join("\n")}\n`;
}

/**
 * @param {Facts} facts
 * @param {string} indent
 * @returns {string[]}
 */
function factLines(facts, indent) {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${indent}${name}: ${value === null ? "-" : String(value).replace(/\s+/g, " ")}`);
}
