/**
 * Sessions by day and device. A row stays the same element for as long as its session is listed.
 *
 *   const list = createDayList({ root, strings, spoken, rowPictures, zone, onSelect, note });
 *   list.render(sessions, chosen, device, { told: notes, fromMs, beforeMs });     and what was deleted by itself
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
import { formatLength } from "../lib/format.js";
import { icon } from "../lib/icon.js";
import { withNotes } from "./deletions.js";
import { groups } from "./list.js";
import { paths } from "./requests.js";
import { createSessionRow } from "./session-row.js";

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {ReturnType<typeof import("./row-pictures.js").createRowPictures>} options.rowPictures
 * @param {string} options.zone
 * @param {(session: string, isChosen: boolean) => void} options.onSelect
 * @param {(deleted: import("./deletions.js").Deleted) => string} options.note what was deleted by itself, as a sentence
 */
export function createDayList({ root, strings, spoken, rowPictures, zone, onSelect, note }) {
  const { t } = strings;
  /** @type {Map<string, import("./session-row.js").SessionRow>} */
  const rows = new Map();

  /** Sections and lists by what they are of. @type {Map<string, { element: HTMLElement, head: HTMLElement, more: HTMLElement | null, body: HTMLElement, notes: HTMLElement | null, download: HTMLAnchorElement | null }>} */
  const parts = new Map();

  /** @param {string} day */
  function dayPart(day) {
    const known = parts.get(day);
    if (known) return known;
    const element = make("section", "day");
    const top = make("header", "day-head");
    const head = make("h2");
    head.id = `day-${day}`;
    element.setAttribute("aria-labelledby", head.id);
    const more = make("p", "muted small numbers");
    const download = make("a", "button quiet day-download");
    download.setAttribute("download", "");
    const text = make("span");
    text.textContent = t("library.download_day");
    download.append(icon("download"), text);
    top.append(head, more, download);
    const body = make("div", "day-devices");
    const notes = make("ul", "day-notes numbers");
    element.append(top, notes, body);
    const part = { element, head, more, body, notes, download };
    parts.set(day, part);
    return part;
  }

  /** @param {string} key */
  function devicePart(key) {
    const known = parts.get(key);
    if (known) return known;
    const element = make("div", "day-device");
    const head = make("h3");
    const body = make("ul", "sessions");
    element.append(head, body);
    const part = { element, head, more: null, body, notes: null, download: null };
    parts.set(key, part);
    return part;
  }

  /** Only what is new or has moved is touched: a focus stays where it is. @param {HTMLElement} parent @param {HTMLElement[]} children */
  function arrange(parent, children) {
    const wanted = new Set(children);
    for (const child of Array.from(parent.children)) if (!wanted.has(/** @type {HTMLElement} */ (child))) child.remove();
    children.forEach((child, index) => {
      if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] || null);
    });
  }

  /** @param {HTMLElement} list @param {string[]} lines */
  function renderNotes(list, lines) {
    list.hidden = lines.length === 0;
    if (list.dataset.lines === JSON.stringify(lines)) return;
    list.dataset.lines = JSON.stringify(lines);
    list.replaceChildren(
      ...lines.map((text) => {
        const item = make("li");
        item.textContent = text;
        return item;
      }),
    );
  }

  /** @param {import("./list.js").Session[]} sessions @param {Set<string>} chosen @param {string | null} only of this device, "" for all; null where a day is not had whole @param {{ told: import("./deletions.js").Notes, fromMs: number, beforeMs: number }} notes */
  function render(sessions, chosen, only, notes) {
    const days = withNotes(groups(sessions), notes.told, notes);
    const listed = new Set(sessions.map(({ session }) => session));
    for (const [id, row] of Array.from(rows)) {
      if (listed.has(id)) continue;
      rowPictures.forget(row.holder);
      rows.delete(id);
    }
    const used = new Set();
    const sections = days.map(({ day, startMs, footageMs, devices }) => {
      const section = dayPart(day);
      used.add(day);
      write(section.head, spoken.dayWithYear(startMs));
      if (section.more) write(section.more, devices.length > 0 ? t("library.day.length", { length: formatLength(footageMs) }) : "");
      if (section.download) {
        section.download.hidden = devices.length === 0 || only === null;
        section.download.href = paths.day(day, zone, only || "");
      }
      if (section.notes) renderNotes(section.notes, (notes.told.get(day) || []).map(note));
      const blocks = devices.map(({ device, name, sessions: of }) => {
        const key = `${day} ${device}`;
        const block = devicePart(key);
        used.add(key);
        write(block.head, name);
        block.body.setAttribute("aria-label", name);
        const items = of.map((session) => {
          const row = rows.get(session.session) || createSessionRow({ strings, spoken, onSelect });
          rows.set(session.session, row);
          row.render(session, { isChosen: chosen.has(session.session) });
          rowPictures.watch(row.holder, paths.frame(session.session, session.startMs));
          return row.element;
        });
        arrange(block.body, items);
        return block.element;
      });
      arrange(section.body, blocks);
      return section.element;
    });
    for (const key of Array.from(parts.keys())) if (!used.has(key)) parts.delete(key);
    arrange(root, sections);
  }

  return { render };
}
