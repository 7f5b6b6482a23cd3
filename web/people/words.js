/**
 * Who gets in, in words. Pure.
 *
 *   const words = createPeopleWords(strings);
 *   words.role("camera")
 *   words.sees(entry, choices)        what it may see
 *   words.seen(lastSeenMs, nowMs)     "seen 5 min ago"
 *   words.ends(endsMs, nowMs)         "ends in 3 h"
 *   words.left(ms)                    "9:41"
 *
 * @module
 */

import { formatLength } from "../lib/format.js";
import { isolated } from "../lib/plain-text.js";
import { createSpan } from "../lib/span.js";
import { labelsOf } from "./scope.js";

/** Whoever was there so lately is taken to be there. */
const NOW_MS = 60_000;
/** More names than these are counted. */
const NAMED = 3;

/** @param {Pick<import("../lib/strings.js").Strings, "t" | "count">} strings */
export function createPeopleWords({ t, count }) {
  const span = createSpan({ t });

  /** @param {string[]} scope @param {import("./scope.js").Choice[]} choices */
  function only(scope, choices) {
    if (scope.length === 0) return t("people.sees.nothing");
    const labels = labelsOf(scope, choices);
    const names = labels.slice(0, NAMED).map(isolated).join(t("devices.groups.and"));
    return labels.length > NAMED ? count("people.sees.more", labels.length - NAMED, { names }) : names;
  }

  return {
    /** @param {import("./people.js").Role | null} role */
    role: (role) => t(`people.role.${role || "unknown"}`),
    only,
    /** @param {Pick<import("./people.js").Entry, "role" | "scope">} entry @param {import("./scope.js").Choice[]} choices */
    sees({ role, scope }, choices) {
      if (role === "camera") return t("people.sees.own");
      if (role !== "viewer" || scope === null) return t("people.sees.everything");
      return t("people.sees.only", { names: only(scope, choices) });
    },
    /** @param {number | null} lastSeenMs @param {number} nowMs */
    seen(lastSeenMs, nowMs) {
      if (lastSeenMs === null) return t("people.seen.never");
      const ms = nowMs - lastSeenMs;
      return ms < NOW_MS ? t("people.seen.now") : t("people.seen.ago", { span: span(ms) });
    },
    /** @param {number | null} endsMs @param {number} nowMs */
    ends(endsMs, nowMs) {
      if (endsMs === null) return t("people.ends.never");
      return endsMs <= nowMs ? t("people.ends.ended") : t("people.ends.in", { span: span(endsMs - nowMs) });
    },
    /** @param {number} ms */
    left: (ms) => formatLength(Math.max(0, ms)),
  };
}

/** @typedef {ReturnType<typeof createPeopleWords>} PeopleWords */
