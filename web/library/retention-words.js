/**
 * What rules delete, and what was deleted, as sentences. Pure.
 *
 *   const words = createRetentionWords({ strings, spoken });
 *   words.plan(plan, { isNone, isSaved })    "This deletes 214 files, 31 GB, up to Tuesday, November 12, 16:31. …"
 *   words.chosen(rules)             sentences, one for each rule
 *   words.moment(ms)                with the year where it is another one
 *   words.note(deleted)             "40 files of Front door deleted automatically, …"
 *
 * @module
 */

import { formatBytes, formatClock } from "../lib/format.js";
import { isolated } from "../lib/plain-text.js";
import { dayOf } from "./list.js";
import { RULES } from "./retention.js";

/** More names than that make no line. */
const NAMED = 2;
/** Nobody knows what comes in so many days. */
const MOST_DAYS = 3650;

/** @type {Record<import("./retention.js").Rule, string>} */
const CHOSEN = {
  max_age_days: "library.retention.chosen.max_age_days",
  max_total_gb: "library.retention.chosen.max_total_gb",
  max_device_gb: "library.retention.chosen.max_device_gb",
  reserve_gb: "library.retention.chosen.reserve_gb",
  reserve_minutes: "library.retention.chosen.reserve_minutes",
};

/** @type {Record<string, string>} */
const REASONS = {
  max_age: "library.deleted.max_age",
  max_total: "library.deleted.max_total",
  max_device: "library.deleted.max_device",
  free_space: "library.deleted.free_space",
};

/** @param {{ strings: import("../lib/strings.js").Strings, spoken: import("./spoken.js").Spoken, now?: () => number }} options */
export function createRetentionWords({ strings, spoken, now = Date.now }) {
  const { t, count } = strings;

  /** @param {number} ms */
  const minute = (ms) => formatClock(ms).slice(0, 5);

  /** @param {number} ms */
  function moment(ms) {
    const isThisYear = new Date(ms).getFullYear() === new Date(now()).getFullYear();
    return t("library.retention.moment", { day: isThisYear ? spoken.day(ms) : spoken.dayWithYear(ms), time: minute(ms) });
  }

  /** @param {number} days */
  function days(days) {
    if (days >= MOST_DAYS) return t("library.retention.days_many");
    if (days < 1) return spoken.span(Math.max(0, days) * 86_400_000);
    const shown = days < 9.95 ? Number(days.toFixed(1)) : Math.round(days);
    return count("library.days.count", shown);
  }

  /** What it was, why it was deleted. @param {string} reason */
  const reason = (reason) => t(REASONS[reason] || "library.deleted.other");

  /** @param {string[]} names */
  function devices(names) {
    const [first = ""] = names;
    return names.length > NAMED ? t("library.deleted.more", { names: isolated(first), count: names.length - 1 }) : names.map(isolated).join(t("library.deleted.and"));
  }

  return {
    moment,
    /** @param {number} startMs @param {number} endMs */
    span(startMs, endMs) {
      const isOneDay = dayOf(startMs) === dayOf(endMs);
      return t("library.deleted.span", { from: moment(startMs), to: isOneDay ? minute(endMs) : moment(endMs) });
    },
    reason,
    devices,
    /** @param {import("./retention.js").Plan} plan @param {{ isNone: boolean, isSaved: boolean }} rules whether there are none, and whether they hold already */
    plan({ files, bytes, untilMs }, { isNone, isSaved }) {
      if (isNone) return t("library.retention.plan.never");
      if (files === 0) return t("library.retention.plan.nothing");
      const values = { bytes: formatBytes(bytes) };
      if (untilMs === null) return count("library.retention.plan.files", files, values);
      return count(isSaved ? "library.retention.plan.due" : "library.retention.plan.until", files, { ...values, when: moment(untilMs) });
    },
    /** @param {import("./retention.js").Plan} plan */
    fits: ({ daysThatFit }) => (daysThatFit === null ? "" : t("library.retention.fits", { days: days(daysThatFit) })),
    /** @param {import("./retention.js").Plan} plan */
    missing: ({ missingBytes }) => (missingBytes === 0 ? "" : t("library.retention.missing", { bytes: formatBytes(missingBytes) })),
    /** A tenth more than where recording pauses is the least that has an effect. @param {import("./retention.js").Plan} plan */
    warning({ isBelowPause, freesNothing, pauseBytes }) {
      if (freesNothing) return t("library.retention.frees_nothing");
      if (!isBelowPause) return "";
      const pause = pauseBytes === null ? 0 : pauseBytes;
      return t("library.retention.below_pause", { pause: formatBytes(pause), least: formatBytes(pause * 1.1) });
    },
    /** @param {import("./retention.js").Rules} rules */
    chosen: (rules) => RULES.flatMap((rule) => (rules[rule] === null ? [] : [t(CHOSEN[rule], { count: String(rules[rule]) })])),
    /** @param {import("./deletions.js").Deleted} deleted */
    note({ files, bytes, reason: why, devices: names }) {
      const values = { bytes: formatBytes(bytes), reason: reason(why) };
      return names.length === 0 ? count("library.deleted.note_all", files, values) : count("library.deleted.note", files, { ...values, devices: devices(names) });
    },
  };
}

/** @typedef {ReturnType<typeof createRetentionWords>} RetentionWords */
