/**
 * One source: its picture, what it does and since when, and what can be done with it at once. The rest is in its panel.
 *
 *   const card = createSourceCard({ id, strings, words, onPause, onOpen });
 *   list.append(card.element);
 *   card.render({ source, name, problem, isBusy, nowMs, isKnown, mayChange });
 *   card.picture     where `thumbnails.js` puts its picture
 *
 * @module
 */

import { createCardHead } from "../devices/card-head.js";
import { make, write } from "../lib/elements.js";
import { icon } from "../lib/icon.js";

/** @typedef {import("./sources.js").Source} Source */
/**
 * `name`: apart from those that are called alike; `problem`: why the last thing asked was not done
 * @typedef {{ source: Source, name: string, problem: string, isBusy: boolean, nowMs: number | null, isKnown: boolean, mayChange: boolean }} Look
 */

/** @param {Element} element @param {string} name @param {string} value */
function attribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {object} options
 * @param {string} options.id of the source
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createSourceWords>} options.words
 * @param {(source: Source) => void} options.onPause or goes on
 * @param {(source: Source) => void} options.onOpen
 */
export function createSourceCard({ id, strings, words, onPause, onOpen }) {
  const { t } = strings;
  const { element, head, light, name: title, more } = createCardHead("device source", "h3");
  element.dataset.source = id;
  const lock = make("span", "source-lock");
  lock.append(icon("lock"));
  const fixed = make("span", "visually-hidden");
  fixed.textContent = t("sources.from_file");
  lock.title = t("sources.from_file");
  lock.append(fixed);
  head.insertBefore(lock, more);

  const about = make("div", "source-about");
  const picture = make("div", "source-picture");
  picture.append(icon("no-camera"));
  const said = make("div", "source-words");
  const state = make("p", "device-state numbers");
  const from = make("p", "device-facts source-from");
  const hours = make("p", "device-facts source-hours numbers");
  said.append(state, from, hours);
  about.append(picture, said);

  const why = make("p", "source-why");
  const retry = make("p", "source-retry muted small numbers");
  const answer = make("p", "device-answer");
  answer.dataset.tone = "bad";
  answer.setAttribute("role", "alert");
  const actions = make("div", "device-actions");
  const pause = make("button", "button quiet device-main source-pause");
  pause.type = "button";
  const watch = make("a", "button quiet device-icon");
  watch.append(icon("watch"));
  actions.append(pause, watch);
  const foot = make("div", "device-foot");
  foot.append(answer, actions);
  element.append(head, about, why, retry, foot);

  /** @type {Source | null} */
  let last = null;
  let act = "";
  pause.addEventListener("click", () => {
    if (last) onPause(last);
  });
  more.addEventListener("click", () => {
    if (last) onOpen(last);
  });

  return {
    element,
    picture,
    /** @param {Look} look */
    render({ source, name, problem, isBusy, nowMs, isKnown, mayChange }) {
      last = source;
      const { tone, text } = words.state(source, { nowMs, isKnown });
      element.dataset.tone = tone;
      element.dataset.state = source.state;
      light.className = `light ${tone}`;
      write(title, name);
      lock.hidden = !source.isFromFile;
      write(state, text);
      const where = words.from(source);
      write(from, where);
      from.title = where;
      const times = words.hours(source);
      write(hours, times === "" ? "" : t("sources.hours.said", { hours: times }));
      hours.hidden = times === "";
      const reason = isKnown ? words.why(source) : "";
      write(why, reason);
      why.hidden = reason === "";
      const next = isKnown ? words.retry(source, nowMs) : "";
      write(retry, next);
      retry.hidden = next === "";
      write(answer, problem);
      answer.hidden = problem === "";
      attribute(more, "aria-label", t("devices.open", { name }));

      const wanted = source.state === "paused" ? "resume" : "pause";
      if (act !== wanted) {
        act = wanted;
        const label = make("span");
        label.textContent = t(`sources.act.${wanted}`);
        pause.replaceChildren(icon(wanted === "pause" ? "pause" : "play"), label);
      }
      attribute(pause, "aria-label", t(`sources.act.${wanted}.of`, { name }));
      pause.disabled = isBusy || !isKnown;
      pause.hidden = !mayChange;

      watch.hidden = source.stream === null;
      if (source.stream !== null) {
        attribute(watch, "href", `/live#${encodeURIComponent(source.stream)}`);
        attribute(watch, "aria-label", t("devices.watch.of", { name }));
        watch.title = t("devices.watch.of", { name });
      }
    },
  };
}
