/**
 * What the server converts of a stream, on demand: statistics and the last lines of each log.
 *
 *   const panel = createTranscodersPanel({ page: window, strings });
 *   body.append(panel.element);
 *   panel.show("door");     of this stream; null: of none
 *   panel.render(nowMs);
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
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
  const element = make("section", "transcoders");
  element.setAttribute("aria-label", t("transcoders.heading"));
  element.hidden = true;
  const heading = make("h3");
  heading.textContent = t("transcoders.heading");
  const lead = make("p", "muted small");
  lead.textContent = t("transcoders.lead");
  const look = make("button", "button quiet transcoders-look");
  look.type = "button";
  const none = make("p", "muted small");
  none.setAttribute("role", "status");
  const list = make("ul", "transcoders-list");
  const player = make("a", "transcoder-link");
  player.textContent = t("transcoders.player");
  const ways = make("div", "transcoders-ways");
  ways.append(look, player);
  element.append(heading, lead, ways, none, list);
  /** @type {string | null} */
  let stream = null;
  let isOpen = false;
  /** @type {any} */
  let timer = null;
  /** @type {Transcoder[] | null} */
  let transcoders = null;
  let isFailed = false;
  let turn = 0;
  /** Of one format there may be several, of different quality. @param {Transcoder} one */
  const nameOf = ({ format, detail }) => `${format} ${detail}`;
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
  function item(transcoder) {
    const { format, detail, log } = transcoder;
    const id = nameOf(transcoder);
    const line = make("li", "transcoder");
    const title = make("p", "transcoder-name");
    const name = make("strong");
    name.textContent = has(`transcoders.format.${format}`) ? t(`transcoders.format.${format}`) : format;
    const what = make("span", "muted small numbers");
    what.textContent = detail;
    title.append(name, what);
    const facts = make("p", "transcoder-facts muted small numbers");
    line.append(title, facts);
    if (log.length > 0) {
      const toggle = make("button", "button quiet small-button");
      toggle.type = "button";
      const lines = make("pre", "log");
      lines.tabIndex = 0;
      lines.setAttribute("role", "region");
      lines.setAttribute("aria-label", t("transcoders.log"));
      const show = () => {
        const isShown = opened.has(id);
        lines.hidden = !isShown;
        toggle.setAttribute("aria-expanded", String(isShown));
        write(toggle, isShown ? t("transcoders.log.hide") : count("transcoders.log.show", Number(line.dataset.lines)));
      };
      toggle.addEventListener("click", () => {
        if (!opened.delete(id)) opened.add(id);
        show();
        lines.scrollTop = lines.scrollHeight;
      });
      line.append(toggle, lines);
      shows.set(line, show);
    }
    return line;
  }

  /** What is there stays, so that neither focus nor scroll position is lost. @type {Map<string, { element: HTMLElement, key: string }>} */
  const items = new Map();
  /** What says whether an item's log is open, and how many lines it has. @type {WeakMap<HTMLElement, () => void>} */
  const shows = new WeakMap();

  function draw() {
    look.setAttribute("aria-expanded", String(isOpen));
    write(look, t(isOpen ? "transcoders.hide" : "transcoders.look"));
    const all = (isOpen && transcoders) || [];
    const said = !isOpen ? "" : isFailed ? "transcoders.failed" : transcoders === null ? "transcoders.asking" : all.length === 0 ? "transcoders.none" : "";
    write(none, said === "" ? "" : t(said));
    none.hidden = said === "";
    list.hidden = all.length === 0;
    for (const [id, { element }] of Array.from(items)) {
      if (all.some((one) => nameOf(one) === id)) continue;
      element.remove();
      items.delete(id);
    }
    for (const one of all) {
      // The words stand still while nothing but the numbers change.
      const key = `${stream} ${one.log.length > 0}`;
      const old = items.get(nameOf(one));
      const now = old && old.key === key ? old : { element: item(one), key };
      if (now !== old) {
        if (old) old.element.replaceWith(now.element);
        else list.append(now.element);
        items.set(nameOf(one), now);
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
    element.dataset.lines = String(log.length);
    const show = shows.get(element);
    if (show) show();
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
    element,
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
      element.hidden = stream === null;
      if (stream !== null) player.href = `/mpegts/${encodeURIComponent(stream)}`;
      draw();
    },
    /** @param {number | null} at */
    render(at) {
      nowMs = at;
    },
  };
}
