/**
 * Local times in fields of the type `datetime-local`. Pure.
 *
 *   toField(ms)                          "2026-11-20T16:31:49"
 *   fromField("2026-11-20T16:31:49")     ms, or null; also without seconds, and with a space
 *   fromField(text, nearMs)              of an hour that comes twice, the one that is nearer
 *
 * @module
 */

const HOUR_MS = 3_600_000;

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** @param {number} ms */
export function toField(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** @param {string} text @param {number} [nearMs] @returns {number | null} */
export function fromField(text, nearMs) {
  const found = /^\s*(\d{4})-(\d\d?)-(\d\d?)[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s*$/.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map((part) => Number(part || 0));
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return null;
  const ms = new Date(year, month - 1, day, hour, minute, second).getTime();
  if (nearMs === undefined) return ms;
  const same = [ms - HOUR_MS, ms, ms + HOUR_MS].filter((one) => toField(one) === toField(ms));
  return same.sort((a, b) => Math.abs(a - nearMs) - Math.abs(b - nearMs))[0];
}
