/**
 * What a person sees of earlier visits: the question whether an interrupted recording goes on, and what has arrived
 * since. What is still on its way stands in the truth line.
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { formatBytes, formatClock } from "../lib/format.js";
import { formatWhen } from "./when.js";

/** @typedef {import("./left-behind.js").Left} Left */
/** @typedef {import("./leftovers.js").LeftoverState} LeftoverState */
/** @typedef {import("./leftovers.js").Arrived} Arrived */

/**
 * What is on its way, for the truth line.
 * @param {LeftoverState} state
 * @param {number} now
 * @param {string} lang
 * @returns {import("./truth.js").Earlier | null}
 */
export function earlierOf({ underway, behind, behindBytes }, now, lang) {
  if (!underway) return null;
  const { left, link, problem, refused, waitingBytes, wholeBytes } = underway;
  const when = formatWhen(left.startedMs, now, lang);
  return { when, linked: link === "up" && !problem, isRefused: Boolean(refused), waitingBytes, wholeBytes, behind, behindBytes };
}

/** @param {import("../lib/strings.js").Strings} strings */
export function createEarlierPanel(strings) {
  const { t, lang } = strings;

  /** @param {Arrived[]} arrived @param {number} now */
  function arrivedText(arrived, now) {
    const lost = arrived.filter(({ partly }) => partly);
    if (lost.length > 0) {
      const [{ left, lostBytes }] = lost;
      const values = { when: formatWhen(left.startedMs, now, lang), size: formatBytes(lostBytes) };
      return t(lostBytes > 0 ? "capture.earlier.lost" : "capture.earlier.partly", values);
    }
    if (arrived.length > 1) return t("capture.earlier.arrived_many", { count: arrived.length });
    return t("capture.earlier.arrived", { when: formatWhen(arrived[0].left.startedMs, now, lang) });
  }

  return {
    /**
     * @param {object} about
     * @param {Left | null} about.left
     * @param {boolean} about.asking
     * @param {boolean} about.needsTap
     * @param {{ key: string, values: Record<string, string | number> } | null} about.fault
     * @param {number} about.now
     */
    renderQuestion({ left, asking, needsTap, fault, now }) {
      byId("interrupted").hidden = !asking || !left;
      if (!asking || !left) return;
      write(byId("interrupted-text"), t("capture.interrupted", { when: formatWhen(left.startedMs, now, lang), time: formatClock(left.handedMs) }));
      const why = !fault ? t("capture.interrupted.more") : needsTap ? t("capture.interrupted.tap") : t(fault.key, fault.values);
      const kept = left.bytes > 0 ? t("capture.interrupted.kept", { waiting: formatBytes(left.bytes) }) : "";
      write(byId("interrupted-more"), `${why} ${kept}`.trim());
    },

    /** @param {Arrived[]} arrived @param {number} now */
    renderArrived(arrived, now) {
      const box = byId("arrived");
      box.hidden = arrived.length === 0;
      if (arrived.length === 0) return;
      const partly = arrived.some((one) => one.partly);
      box.classList.toggle("good", !partly);
      box.classList.toggle("bad", partly);
      // Setting a reference again, even the same one, loads it again.
      const icon = `/web/icons.svg#${partly ? "warning" : "check"}`;
      const shown = byId("arrived-icon");
      if (shown.getAttribute("href") !== icon) shown.setAttribute("href", icon);
      write(byId("arrived-text"), arrivedText(arrived, now));
      byId("arrived-files").hidden = arrived.every(({ summary }) => summary.files.length === 0);
    },
  };
}
