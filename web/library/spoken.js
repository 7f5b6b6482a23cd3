/**
 * Times and what is there, as sentences: for screen readers, for the line under the picture and for the list of spans. Pure.
 *
 *   const spoken = createSpoken(strings);
 *   spoken.sentence(wallMs, what, { hasDay: true })   "Friday, 20 November, 16:31:49, gap: a call or another program, 3 min"
 *   spoken.kind(what)                             "Gap: …"
 *   spoken.day(ms)   spoken.time(ms)
 *
 * @module
 */

import { formatClock } from "../lib/format.js";
import { createSpan } from "../lib/span.js";

/** @typedef {import("./wall-map.js").What} What */

/** @param {import("../lib/strings.js").Strings} strings */
export function createSpoken(strings) {
  const { t, has, lang } = strings;
  const span = createSpan(strings);
  const days = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" });
  const years = new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const short = new Intl.DateTimeFormat(lang, { weekday: "short", day: "numeric", month: "short" });

  /** @param {string} reason @param {string} detail */
  function reason(reason, detail) {
    const key = `library.gap.${reason}`;
    const text = reason === "" ? t("library.gap.unknown") : has(key) ? t(key) : reason;
    return detail === "" ? text : t("library.gap.detail", { reason: text, detail });
  }

  /** @param {What} what */
  function kind(what) {
    if (what.kind === "footage") return t("library.what.footage");
    if (what.kind === "waiting") return t("library.what.waiting", { span: span(what.endMs - what.startMs) });
    if (what.kind === "nothing") return t("library.what.nothing");
    return t("library.what.gap", { reason: reason(what.reason, what.detail), span: span(what.endMs - what.startMs) });
  }

  return {
    reason,
    kind,
    span,
    time: formatClock,
    /** @param {number} ms */
    day: (ms) => days.format(ms),
    /** @param {number} ms */
    dayWithYear: (ms) => years.format(ms),
    /** @param {number} ms */
    shortDay: (ms) => short.format(ms),
    /** @param {number} ms @param {What} what @param {{ hasDay?: boolean }} [options] */
    sentence(ms, what, { hasDay = false } = {}) {
      const time = hasDay ? `${days.format(ms)}, ${formatClock(ms)}` : formatClock(ms);
      return t("library.at", { time, what: kind(what) });
    },
    /** @param {import("./timeline.js").Mark} mark */
    mark({ kind: name, detail }) {
      const key = `library.mark.${name}`;
      const text = has(key) ? t(key) : name;
      if (detail !== "" && name === "mark") return detail;
      return detail === "" ? text : t("library.gap.detail", { reason: text, detail });
    },
    /** @param {number} ms */
    moment: (ms) => `${short.format(ms)}, ${formatClock(ms)}`,
  };
}

/** @typedef {ReturnType<typeof createSpoken>} Spoken */
