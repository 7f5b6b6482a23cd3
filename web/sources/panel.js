/**
 * Everything about one source: what it does, how it is set, what is converted of it; the way to change and to remove it.
 *
 *   const panel = createSourcePanel({ page: window, strings, words, behind, onChange, onRemove });
 *   panel.open(source);
 *   panel.render(look);       of the source that is open, or null where it is gone
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, make, write } from "../lib/elements.js";
import { formatClock } from "../lib/format.js";
import { createTranscodersPanel } from "./transcoders-panel.js";

/** @typedef {import("./sources.js").Source} Source */
/** @typedef {import("./card.js").Look} Look */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createSourceWords>} options.words
 * @param {HTMLElement} options.behind
 * @param {(source: Source) => void} options.onChange
 * @param {(source: Source) => void} options.onRemove
 */
export function createSourcePanel({ page, strings, words, behind, onChange, onRemove }) {
  const { t } = strings;
  /** @type {Source | null} */
  let source = null;
  /** @type {string | null} */
  let id = null;
  let drawn = "";
  const transcoders = createTranscodersPanel({ page, strings });
  /** @type {Element} */ (byId("source").querySelector(".sheet-body")).append(transcoders.element);
  const sheet = createSheet(byId("source"), behind, {
    onClose: () => {
      id = null;
      transcoders.show(null);
    },
  });
  byId("source-change").addEventListener("click", () => leave(onChange));
  byId("source-remove").addEventListener("click", () => leave(onRemove));

  /** One panel at a time. @param {(source: Source) => void} act */
  function leave(act) {
    const open = source;
    sheet.close();
    if (open) act(open);
  }

  /** @param {Source} one @returns {[string, string][]} */
  function facts(one) {
    const { kind, address, smallAddress, user, hasPassword, transport, device, path, size, framesPerSecond, bitrateKbps, sound, record } = one;
    /** @type {[string, string][]} */
    const all = [["sources.kind", kind ? t(`sources.kind.${kind}`) : "?"]];
    if (kind === "rtsp") {
      all.push(["sources.address", address]);
      if (smallAddress !== "") all.push(["sources.small.fact", smallAddress]);
      all.push(["sources.user", user === "" ? t("sources.user.none") : hasPassword ? t("sources.user.with_password", { user }) : user]);
      all.push(["sources.transport", transport.toUpperCase()]);
    }
    if (kind === "camera") all.push(["sources.device", device]);
    if (kind === "file") all.push(["sources.path", path]);
    if (size !== "") all.push(["sources.size", size.replace("x", " × ")]);
    if (framesPerSecond !== null) all.push(["sources.rate", String(framesPerSecond)]);
    if (bitrateKbps !== null) all.push(["sources.bitrate", String(bitrateKbps)]);
    all.push(["sources.sound", typeof sound === "string" ? sound : t(sound ? "sources.yes" : "sources.no")]);
    all.push(["sources.record", record ? words.hours(one) || t("sources.hours.always") : t("sources.no")]);
    if (one.sinceMs !== null) all.push(["sources.since", formatClock(one.sinceMs)]);
    if (one.reconnects > 0) all.push(["sources.reconnects", String(one.reconnects)]);
    if (record || one.isRecording) all.push(["sources.folder", `source_${one.source}`]);
    all.push(["sources.stream", one.source]);
    return all;
  }

  /** @param {Source} one */
  function renderFacts(one) {
    const all = facts(one);
    const wanted = JSON.stringify(all);
    if (wanted === drawn) return;
    drawn = wanted;
    byId("source-facts").replaceChildren(
      ...all.map(([key, value]) => {
        const line = make("div");
        const term = make("dt");
        const what = make("dd");
        term.textContent = t(key);
        what.textContent = value;
        line.append(term, what);
        return line;
      }),
    );
  }

  return {
    /** @param {Source} one */
    open(one) {
      source = one;
      id = one.source;
      sheet.open();
      /** @type {Element} */ (byId("source").querySelector(".sheet-body")).scrollTop = 0;
    },
    /** @param {Look | null} look */
    render(look) {
      if (!look) return sheet.close();
      const { source: one, name, problem, nowMs, isKnown, mayChange } = look;
      source = one;
      write(byId("source-title"), name);
      const { tone, text } = words.state(one, { nowMs, isKnown });
      byId("source-light").className = `light ${tone}`;
      write(byId("source-state"), text);
      const why = isKnown ? words.why(one) : "";
      write(byId("source-why"), why);
      byId("source-why").hidden = why === "";
      // The sentence on top is this page's; what exactly went wrong is the server's to say.
      const message = why === "" ? "" : words.exactly(one);
      write(byId("source-message"), message);
      byId("source-message").hidden = message === "";
      const retry = isKnown ? words.retry(one, nowMs) : "";
      write(byId("source-retry"), retry);
      byId("source-retry").hidden = retry === "";
      write(byId("source-problem"), problem);
      byId("source-problem").hidden = problem === "";
      byId("source-fixed").hidden = !mayChange || (!one.isFromFile && one.kind !== null);
      write(byId("source-fixed-text"), one.isFromFile ? t("sources.fixed", { name: one.source }) : t("sources.newer"));
      const isFixed = one.isFromFile || !mayChange;
      byId("source-acts").hidden = isFixed;
      byId("source-change").hidden = one.kind === null;
      byId("source-watch").hidden = one.stream === null;
      if (one.stream !== null) byId("source-watch").setAttribute("href", `/live#${encodeURIComponent(one.stream)}`);
      /** @type {HTMLElement} */ (byId("source").querySelector(".source-end")).hidden = isFixed && one.stream === null;
      renderFacts(one);
      transcoders.show(one.stream);
      transcoders.render(nowMs);
      sheet.hold();
    },
    /** The source that is open. */
    get id() {
      return sheet.isOpen ? id : null;
    },
  };
}
