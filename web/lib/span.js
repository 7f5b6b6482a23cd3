/**
 * How long something has lasted, in one unit, as people say it. Pure.
 *
 *   const span = createSpan(strings);
 *   span(12_000)      "12 s"
 *
 * @module
 */

/** @param {Pick<import("./strings.js").Strings, "t">} strings @returns {(ms: number) => string} */
export function createSpan({ t }) {
  return (ms) => {
    const seconds = Math.round(ms / 1000);
    if (seconds < 100) return t("live.seconds", { count: Math.max(1, seconds) });
    const minutes = Math.round(seconds / 60);
    if (minutes < 100) return t("live.minutes", { count: minutes });
    const hours = Math.round(minutes / 60);
    return hours < 48 ? t("live.hours", { count: hours }) : t("live.days", { count: Math.round(hours / 24) });
  };
}
