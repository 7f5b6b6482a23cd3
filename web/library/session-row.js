/**
 * One session in the list: its picture, when, how long, and what is special about it.
 *
 *   const row = createSessionRow({ strings, spoken, onSelect });
 *   row.render(session, { isChosen });
 *   row.element   row.holder (where its picture goes)
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
import { formatBytes, formatClock, formatLength } from "../lib/format.js";
import { icon } from "../lib/icon.js";
import { isolated } from "../lib/plain-text.js";
import { hashOf } from "./route.js";

/** @typedef {import("./list.js").Session} Session */

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {(session: string, isChosen: boolean) => void} options.onSelect
 */
export function createSessionRow({ strings, spoken, onSelect }) {
  const { t, count } = strings;
  const element = make("li", "session");
  const choice = make("label", "session-choice");
  const box = make("input");
  box.type = "checkbox";
  choice.append(box);
  const link = make("a", "session-link");
  const holder = make("span", "session-picture");
  holder.append(icon("play"));
  const words = make("span", "session-words");
  const title = make("span", "session-title");
  const facts = make("span", "session-facts small numbers");
  const tags = make("span", "session-tags small");
  words.append(title, facts, tags);
  link.append(holder, words);
  element.append(choice, link);
  let id = "";
  let drawn = "";
  box.addEventListener("change", () => onSelect(id, box.checked));

  /** @param {string} text @param {string} [tone] */
  function tag(text, tone = "") {
    const one = make("span", "session-tag");
    if (tone) one.dataset.tone = tone;
    one.textContent = text;
    return one;
  }

  /** @param {Session} session @param {{ isChosen: boolean }} look */
  function render(session, { isChosen }) {
    id = session.session;
    if (box.checked !== isChosen) box.checked = isChosen;
    const state = JSON.stringify(session);
    if (state === drawn) return;
    drawn = state;
    const time = `${formatClock(session.startMs)}–${formatClock(session.endMs)}`;
    const name = isolated(session.title || session.name);
    box.setAttribute("aria-label", t("library.select", { name, time }));
    link.href = hashOf([id], null);
    link.setAttribute("aria-label", t("library.play", { name, time }));
    write(title, session.title ? isolated(session.title) : time);
    title.title = session.title;
    write(facts, [...(session.title ? [time] : []), formatLength(session.footageMs), formatBytes(session.bytes)].join(" · "));
    tags.replaceChildren(
      ...(session.state === "recording" ? [tag(t("library.state.recording"), "record")] : []),
      ...(session.state === "waiting" ? [tag(session.waitingMs > 0 ? t("library.state.waiting_for", { span: spoken.span(session.waitingMs) }) : t("library.state.waiting"), "late")] : []),
      ...(session.isKept ? [tag(t("library.kept"), "good")] : []),
      ...(session.gaps > 0 ? [tag(count("library.gaps", session.gaps))] : []),
      ...(session.faults > 0 ? [tag(count("library.faults", session.faults), "bad")] : []),
    );
    link.setAttribute("aria-description", [facts.textContent, ...Array.from(tags.children, (one) => one.textContent)].join(", "));
  }

  return { element, holder, render };
}

/** @typedef {ReturnType<typeof createSessionRow>} SessionRow */
