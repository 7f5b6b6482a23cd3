/**
 * When a source records, as the configuration writes it and as rules that a form can show. Pure.
 *
 *   parseHours(["mon-fri 08:00-18:00"])   [{ days: [0, 1, 2, 3, 4], from: "08:00", to: "18:00" }]; null where it is no such list
 *   writeHours(rules)                     ["mon-fri 08:00-18:00"]
 *   problemOf(rule)                       "days", "time", or null
 *   lasts(rule)                           minutes; beyond midnight where it ends before it begins
 *
 * Days are numbered from Monday. A rule belongs to the day on which it begins.
 *
 * @module
 */

/** @typedef {{ days: number[], from: string, to: string }} Rule */

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MINUTES = 24 * 60;
/** How the end of a day is written, of which a field for times knows only the beginning of the next. */
const MIDNIGHT = "24:00";
const WHOLE_DAY = `00:00-${MIDNIGHT}`;

/** What most people mean by hours. @type {() => Rule} */
export const usualHours = () => ({ days: [0, 1, 2, 3, 4], from: "08:00", to: "18:00" });

/** @param {string} written @returns {number[] | null} */
function parseDays(written) {
  /** @type {Set<number>} */
  const days = new Set();
  for (const part of written.split(",")) {
    const [first, last, ...more] = part.split("-").map((name) => DAYS.indexOf(name));
    if (first < 0 || last === -1 || more.length > 0) return null;
    let day = first;
    days.add(day);
    while (last !== undefined && day !== last) {
      day = (day + 1) % DAYS.length;
      days.add(day);
    }
  }
  return Array.from(days).sort((a, b) => a - b);
}

/** @param {unknown} hours @returns {Rule[] | null} */
export function parseHours(hours) {
  if (!Array.isArray(hours)) return null;
  /** @type {Rule[]} */
  const rules = [];
  for (const one of hours) {
    const words = typeof one === "string" ? one.trim().toLowerCase().split(/\s+/) : [];
    const hasTimes = /^\d/.test(words[words.length - 1] || "");
    const times = hasTimes ? words.pop() || "" : WHOLE_DAY;
    const days = hasTimes && words.length === 0 ? DAYS.map((_, day) => day) : words.length === 1 ? parseDays(words[0]) : null;
    const [from, to, ...more] = times.split("-");
    const end = to === MIDNIGHT ? "00:00" : to;
    if (!days || more.length > 0 || !TIME.test(from) || end === undefined || !TIME.test(end)) return null;
    rules.push({ days, from, to: end });
  }
  return rules;
}

/** @param {number[]} days @returns {string} three and more in a row are from the first to the last */
function writeDays(days) {
  const sorted = Array.from(new Set(days)).sort((a, b) => a - b);
  /** @type {string[]} */
  const parts = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (sorted[end + 1] === sorted[end] + 1) end += 1;
    if (end - at >= 2) parts.push(`${DAYS[sorted[at]]}-${DAYS[sorted[end]]}`);
    else for (let one = at; one <= end; one += 1) parts.push(DAYS[sorted[one]]);
    at = end + 1;
  }
  return parts.join(",");
}

/** @param {Rule[]} rules @returns {string[]} */
export const writeHours = (rules) => rules.map(({ days, from, to }) => `${writeDays(days)} ${from}-${to === "00:00" ? MIDNIGHT : to}`);

/** @param {Rule} rule @returns {"days" | "time" | null} */
export function problemOf({ days, from, to }) {
  if (days.length === 0) return "days";
  return TIME.test(from) && TIME.test(to) && (from !== to || to === "00:00") ? null : "time";
}

/** @param {string} time */
function minutes(time) {
  const match = TIME.exec(time);
  return match ? Number(match[1]) * 60 + Number(match[2]) : 0;
}

/** @param {Rule} rule */
export function lasts({ from, to }) {
  const length = minutes(to) - minutes(from);
  return length > 0 ? length : length + DAY_MINUTES;
}

/**
 * The days of a rule in a row, as people say them: each run of days by its ends.
 * @param {number[]} days @returns {{ first: number, last: number }[]}
 */
export function runsOf(days) {
  /** @type {{ first: number, last: number }[]} */
  const runs = [];
  for (const day of Array.from(new Set(days)).sort((a, b) => a - b)) {
    const run = runs[runs.length - 1];
    if (run && run.last === day - 1) run.last = day;
    else runs.push({ first: day, last: day });
  }
  return runs;
}
