/**
 * Hours as a person sets them: a line for each rule, with its days and its times.
 *
 *   const editor = createHoursEditor({ root: byId("edit-hours-rules"), strings, words, onChange });
 *   editor.set(rules);  editor.rules();
 *
 * @module
 */

import { make } from "../lib/elements.js";
import { icon } from "../lib/icon.js";
import { problemOf, usualHours } from "./hours.js";

/** @typedef {import("./hours.js").Rule} Rule */

const WEEK = [0, 1, 2, 3, 4, 5, 6];
/** More than a form should hold; the configuration file takes any number. */
const MOST_RULES = 14;

/**
 * @param {object} options
 * @param {HTMLElement} options.root
 * @param {HTMLButtonElement} options.add
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createSourceWords>} options.words
 * @param {() => void} options.onChange
 */
export function createHoursEditor({ root, add, strings, words, onChange }) {
  const { t } = strings;
  /** @type {Rule[]} */
  let rules = [];

  /** @param {Rule} rule @param {number} number */
  function line(rule, number) {
    const element = make("div", "rule");
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", t("sources.hours.rule", { number }));
    const days = make("div", "rule-days");
    for (const day of WEEK) {
      const label = make("label", "rule-day seen-by-label");
      const input = make("input");
      input.type = "checkbox";
      input.checked = rule.days.includes(day);
      input.addEventListener("change", () => {
        rule.days = WEEK.filter((one) => (one === day ? input.checked : rule.days.includes(one)));
        changed();
      });
      const text = make("span");
      text.textContent = words.day(day);
      label.append(input, text);
      days.append(label);
    }
    const times = make("div", "rule-times");
    for (const end of /** @type {const} */ (["from", "to"])) {
      const label = make("label", "field rule-time");
      const text = make("span", "label");
      text.textContent = t(`sources.hours.${end}`);
      const input = make("input");
      input.type = "time";
      input.value = rule[end];
      input.addEventListener("input", () => {
        rule[end] = input.value.slice(0, 5);
        changed();
      });
      label.append(text, input);
      times.append(label);
    }
    const remove = make("button", "bare rule-remove");
    remove.type = "button";
    remove.append(icon("close"));
    remove.setAttribute("aria-label", t("sources.hours.remove", { number }));
    remove.addEventListener("click", () => {
      rules = rules.filter((one) => one !== rule);
      draw();
      (rules.length > 0 ? /** @type {HTMLElement} */ (root.querySelector(".rule-remove")) : add).focus();
      onChange();
    });
    times.append(remove);
    const note = make("p", "hint rule-note");
    element.append(days, times, note);
    return { element, rule, note };
  }

  /** @type {ReturnType<typeof line>[]} */
  let lines = [];

  function say() {
    for (const { element, rule, note } of lines) {
      const problem = problemOf(rule);
      const isOver = problem === null && rule.to !== "00:00" && rule.to < rule.from;
      note.textContent = problem ? t(`sources.hours.problem.${problem}`) : isOver ? t("sources.hours.over") : "";
      note.hidden = note.textContent === "";
      note.classList.toggle("wrong", problem !== null);
      element.dataset.problem = problem || "";
    }
  }

  function changed() {
    say();
    onChange();
  }

  function draw() {
    lines = rules.map((rule, at) => line(rule, at + 1));
    root.replaceChildren(...lines.map(({ element }) => element));
    add.disabled = rules.length >= MOST_RULES;
    say();
  }

  add.addEventListener("click", () => {
    rules = rules.concat(usualHours());
    draw();
    const days = lines[lines.length - 1].element.querySelector("input");
    if (days) days.focus();
    onChange();
  });

  return {
    /** @param {Rule[]} next */
    set(next) {
      rules = next.map((rule) => ({ ...rule, days: rule.days.slice() }));
      draw();
    },
    rules: () => rules.map((rule) => ({ ...rule, days: rule.days.slice() })),
  };
}
