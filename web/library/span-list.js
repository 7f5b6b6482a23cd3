/**
 * All that is on the timeline, as a list whose entries are gone to: for whoever cannot see or aim at the timeline.
 *
 *   const spanList = createSpanList({ strings, spoken, onGo, onRelease });
 *   spanList.render(rows, mayChange);
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatClock, formatLength } from "../lib/format.js";
import { isolated } from "../lib/plain-text.js";

/** More would be slow, and nobody reads them. */
const MOST = 300;

/** @typedef {{ session: string, name: string, spans: import("./wall-map.js").What[], marks: import("./timeline.js").Mark[], kept: import("./timeline.js").Kept[] }} Row */

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {(wallMs: number) => void} options.onGo
 * @param {(session: string, kept: import("./timeline.js").Kept) => void} options.onRelease
 */
export function createSpanList({ strings, spoken, onGo, onRelease }) {
  const { t } = strings;
  let drawn = "";

  /** @param {{ atMs: number, kind: string, what: string, lengthMs: number | null, name: string, release: (() => void) | null }} entry @param {boolean} hasName */
  function item({ atMs, kind, what, lengthMs, name, release }, hasName) {
    const element = make("li", "span");
    const go = make("button", "span-go");
    go.type = "button";
    const sign = make("i", `legend-${kind}`);
    sign.setAttribute("aria-hidden", "true");
    const time = make("span", "span-time");
    time.textContent = formatClock(atMs);
    const words = make("span", "span-what");
    words.textContent = hasName ? `${isolated(name)}: ${what}` : what;
    go.append(sign, time, words);
    if (lengthMs !== null) {
      const length = make("span", "span-length muted");
      length.textContent = formatLength(lengthMs);
      go.append(length);
    }
    go.addEventListener("click", () => onGo(atMs));
    element.append(go);
    if (release) {
      const button = make("button", "button quiet span-release");
      button.type = "button";
      button.textContent = t("library.keep.remove");
      button.addEventListener("click", release);
      element.append(button);
    }
    return element;
  }

  return {
    /** @param {Row[]} rows @param {boolean} mayChange */
    render(rows, mayChange) {
      const state = JSON.stringify([rows.map(({ session, spans, marks, kept }) => [session, spans, marks, kept]), mayChange]);
      if (state === drawn) return;
      drawn = state;
      const entries = rows
        .flatMap(({ session, name, spans, marks, kept }) => [
          ...spans.map((span) => ({
            atMs: span.startMs,
            kind: span.kind,
            what: span.kind === "footage" ? t("library.legend.footage") : span.kind === "gap" ? spoken.reason(span.reason, span.detail) : t("library.legend.waiting"),
            lengthMs: span.endMs - span.startMs,
            name,
            release: null,
          })),
          ...marks.map((mark) => ({ atMs: mark.atMs, kind: "mark", what: spoken.mark(mark), lengthMs: null, name, release: null })),
          ...kept.map((one) => ({
            atMs: one.startMs,
            kind: "kept",
            what: one.by === "" ? t("library.legend.kept") : t("library.keep.by", { name: isolated(one.by) }),
            lengthMs: one.endMs - one.startMs,
            name,
            release: mayChange ? () => onRelease(session, one) : null,
          })),
        ])
        .sort((a, b) => a.atMs - b.atMs);
      byId("spans").replaceChildren(...entries.slice(0, MOST).map((entry) => item(entry, rows.length > 1)));
      byId("spans-more").hidden = entries.length <= MOST;
      write(byId("spans-more"), t("library.spans.more", { count: entries.length - MOST }));
    },
  };
}
