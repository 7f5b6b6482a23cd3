/**
 * When an earlier recording began, as a person would say it: the time alone for today, else with the day.
 *
 *   formatWhen(wallMs, now, "en")    "08:31", "20 Nov, 08:31"
 *
 * @module
 */

import { formatClock } from "../lib/format.js";

/** @param {number} wallMs @param {number} now @param {string} lang */
export function formatWhen(wallMs, now, lang) {
  const time = formatClock(wallMs).slice(0, 5);
  const day = new Date(wallMs);
  if (day.toDateString() === new Date(now).toDateString()) return time;
  const sameYear = day.getFullYear() === new Date(now).getFullYear();
  const date = day.toLocaleDateString(lang === "en" ? "en-GB" : lang, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  });
  return lang.startsWith("zh") ? `${date} ${time}` : `${date}, ${time}`;
}
