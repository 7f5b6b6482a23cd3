/**
 * Alarms in words. Pure.
 *
 *   const words = createAlarmWords(strings);
 *   words.title(alarm)          "Front door: nothing is being saved"
 *   words.over(alarm)           "Front door records again"
 *   words.since(alarm, forMs)   "since 20:14:05, 80 s"
 *
 * @module
 */

import { formatClock } from "./format.js";
import { isolated } from "./plain-text.js";
import { createSpan } from "./span.js";

/** @typedef {import("./alarms.js").Alarm} Alarm */

/** @param {import("./strings.js").Strings} strings */
export function createAlarmWords({ t }) {
  const span = createSpan({ t });
  return {
    /** @param {Alarm} alarm */
    title({ kind, name, message }) {
      switch (kind) {
        case "unreachable":
          return t("alarms.unreachable");
        case "silent":
          return t("alarms.silent", { name: isolated(name) });
        case "disk_low":
          return t("alarms.disk_low");
        case "disk_full":
          return t("alarms.disk_full");
        case "disk_refused":
          return message ? t("alarms.disk_refused_because", { message }) : t("alarms.disk_refused");
        default:
          return message || t("alarms.other");
      }
    },

    /** @param {Alarm} alarm */
    over({ kind, name }) {
      if (kind === "silent") return t("alarms.over.silent", { name: isolated(name) });
      return kind === "disk_low" ? t("alarms.over.disk_low") : t("alarms.over.disk");
    },

    /** @param {Alarm} alarm @param {number | null} forMs */
    since({ sinceMs }, forMs) {
      if (sinceMs === null) return "";
      return forMs === null ? t("alarms.since", { time: formatClock(sinceMs) }) : t("alarms.since_for", { time: formatClock(sinceMs), span: span(forMs) });
    },
  };
}
