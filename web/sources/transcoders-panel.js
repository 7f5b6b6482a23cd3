/**
 * What the server converts of a stream, on demand: statistics and the last lines of each log.
 *
 *   const panel = createTranscodersPanel({ page: window, strings });
 *   panel.show("door");     of this stream; null: of none
 *   panel.render(nowMs);
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatSmallBytes } from "../lib/format.js";
import { requestJson } from "../lib/request.js";
import { createSpan } from "../lib/span.js";
import { parseTranscoders } from "./transcoders.js";

/** While somebody looks at it. */
const LOOK_MS = 2000;

/** @typedef {import("./transcoders.js").Transcoder} Transcoder */

/** @param {{ page: Window & typeof globalThis, strings: import("../lib/strings.js").Strings }} options */
export function createTranscodersPanel({ page, strings }) {
  const { t, count, has } = strings;
  const span = createSpan(strings);
  const look = byId("transcoders-look");
  const list = byId("transcoders-list");
  const none = byId("transcoders-none");
  /** @type {string | null} */
  let stream = null;
  let isOpen = false;
  /** @type {any} */
  let timer = null;
  /** @type {Transcoder[] | null} */
  let transcoders = null;
  let isFailed = false;
  let turn = 0;
  /** Logs that a person has opened. @type {Set<string>} */
  const opened = new Set();

  async function ask() {
    page.clearTimeout(timer);
    const mine = turn;
    if (stream === null || !isOpen) return;
    try {
      const told = parseTranscoders(await requestJson(`/api/streams/${encodeURIComponent(stream)}/transcoders`));
      if (mine !== turn) return;
      transcoders = told;
      isFailed = false;
    } catch {
      if (mine !== turn) return;
      isFailed = true;
    }
    draw();
    timer = page.setTimeout(() => void ask(), LOOK_MS);
  }

  /** @param {Transcoder} transcoder */
  function item({ format, detail, log }) {
    const element = make("li", "transcoder");
    const title = make("p", "transcoder-name");
    const name = make("strong");
    name.textContent = has(`transcoders.format.${format}`) ? t(`transcoders.format.${format}`) : format;
    const what = make("span", "muted small numbers");
    what.textContent = detail;
    title.append(name, what);
    const facts = make("p", "transcoder-facts muted small numbers");
    element.append(title, facts);
    if (format === "mpegts" && stream !== null) {
      const link = make("a", "transcoder-link small");
      link.href = `/mpegts/${encodeURIComponent(stream)}`;
      link.textContent = t("transcoders.player");
      element.append(link);
    }
    if (log.length > 0) {
      const toggle = make("button", "button quiet small-button");
      toggle.type = "button";
      const lines = make("pre", "log");
      lines.tabIndex = 0;
      lines.setAttribute("aria-label", t("transcoders.log"));
      const show = () => {
        const isShown = opened.has(format);
        lines.hidden = !isShown;
        toggle.setAttribute("aria-expanded", String(isShown));
        toggle.textContent = isShown ? t("transcoders.log.hide") : count("transcoders.log.show", log.length);
      };
      toggle.addEventListener("click", () => {
        if (!opened.delete(format)) opened.add(format);
        show();
        lines.scrollTop = lines.scrollHeight;
      });
      show();
      element.append(toggle, lines);
    }
    return element;
  }

  /** What is there stays, so that neither focus nor scroll position is lost. @type {Map<string, { element: HTMLElement, key: string }>} */
  const items = new Map();

  function draw() {
    look.setAttribute("aria-expanded", String(isOpen));
    write(look, t(isOpen ? "transcoders.hide" : "transcoders.look"));
    const all = (isOpen && transcoders) || [];
    const said = !isOpen ? "" : isFailed ? "transcoders.failed" : transcoders === null ? "transcoders.asking" : all.length === 0 ? "transcoders.none" : "";
    write(none, said === "" ? "" : t(said));
    none.hidden = said === "";
    list.hidden = all.length === 0;
    for (const [format, { element }] of Array.from(items)) {
      if (all.some((one) => one.format === format)) continue;
      element.remove();
      items.delete(format);
    }
    for (const one of all) {
      // The words stand still while nothing but the numbers change.
      const key = `${stream} ${one.detail} ${one.log.length > 0}`;
      const old = items.get(one.format);
      const now = old && old.key === key ? old : { element: item(one), key };
      if (now !== old) {
        if (old) old.element.replaceWith(now.element);
        else list.append(now.element);
        items.set(one.format, now);
      }
      fill(now.element, one);
    }
  }

  /** @param {HTMLElement} element @param {Transcoder} transcoder */
  function fill(element, { state, sinceMs, restarts, clients, packets, bytes, log }) {
    const parts = [
      nowMs !== null && sinceMs !== null && nowMs > sinceMs ? t("devices.state.and", { state: t(`transcoders.state.${state}`), what: span(nowMs - sinceMs) }) : t(`transcoders.state.${state}`),
      count("transcoders.clients", clients),
      count("transcoders.packets", packets),
      formatSmallBytes(bytes),
    ];
    if (restarts > 0) parts.push(count("transcoders.restarts", restarts));
    write(/** @type {Element} */ (element.querySelector(".transcoder-facts")), parts.join(" · "));
    const lines = /** @type {HTMLElement | null} */ (element.querySelector(".log"));
    if (!lines) return;
    const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 20;
    write(lines, log.join("\n"));
    if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  }

  /** @type {number | null} */
  let nowMs = null;
  look.addEventListener("click", () => {
    isOpen = !isOpen;
    turn += 1;
    draw();
    void ask();
  });

  return {
    /** @param {string | null} next */
    show(next) {
      if (next === stream) return;
      stream = next;
      turn += 1;
      isOpen = false;
      transcoders = null;
      isFailed = false;
      opened.clear();
      page.clearTimeout(timer);
      byId("transcoders").hidden = stream === null;
      draw();
    },
    /** @param {number | null} at */
    render(at) {
      nowMs = at;
    },
  };
}
