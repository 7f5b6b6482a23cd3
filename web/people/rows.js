/**
 * A list of those who get in: each a name, what it is, what is known of it, and what can be done with it.
 *
 *   const rows = createRows(byId("browsers"));
 *   rows.render([{ id, name, tags: ["camera"], facts: ["seen now"], acts: [{ text: "Change …", label, act }] }]);
 *
 * What has not changed stays as it is, and with it the focus. Names are text, whatever stands in them.
 *
 * @module
 */

import { make } from "../lib/elements.js";

/** @typedef {{ text: string, label: string, act: () => void, isGrave?: boolean }} Act */
/** @typedef {{ id: string, name: string, tags: string[], facts: string[], acts: Act[] }} Row */

/** @param {HTMLElement} list */
export function createRows(list) {
  /** @type {Map<string, { element: HTMLElement, drawn: string, row: Row }>} */
  const kept = new Map();

  /** @param {Row} row */
  function draw(row) {
    const element = make("li", "entry-row");
    element.dataset.id = row.id;
    const words = make("div", "entry-row-words");
    const head = make("p", "entry-row-name");
    const name = make("bdi");
    name.textContent = row.name;
    head.append(name);
    for (const text of row.tags) {
      const tag = make("span", "tag");
      tag.textContent = text;
      head.append(tag);
    }
    words.append(head);
    for (const text of row.facts) {
      const fact = make("p", "entry-row-fact numbers");
      fact.textContent = text;
      words.append(fact);
    }
    const acts = make("div", "entry-row-acts");
    row.acts.forEach(({ text, label, isGrave }, at) => {
      const button = make("button", `button quiet small-button${isGrave ? " grave" : ""}`);
      button.type = "button";
      button.textContent = text;
      button.setAttribute("aria-label", label);
      // The row may have been told anew since.
      button.addEventListener("click", () => {
        const mine = kept.get(row.id);
        if (mine) mine.row.acts[at].act();
      });
      acts.append(button);
    });
    element.append(words, acts);
    return element;
  }

  /** What can be read and pressed. @param {Row} row */
  const written = ({ name, tags, facts, acts }) => JSON.stringify([name, tags, facts, acts.map(({ text, label }) => [text, label])]);

  return {
    /** @param {Row[]} rows */
    render(rows) {
      for (const [id, { element }] of Array.from(kept)) {
        if (rows.some((row) => row.id === id)) continue;
        element.remove();
        kept.delete(id);
      }
      rows.forEach((row, at) => {
        const drawn = written(row);
        const before = kept.get(row.id);
        let element = before && before.drawn === drawn ? before.element : draw(row);
        if (before && element !== before.element) {
          const focused = Array.from(before.element.querySelectorAll("button")).indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
          list.insertBefore(element, before.element);
          before.element.remove();
          const again = focused < 0 ? null : element.querySelectorAll("button")[focused];
          if (again) again.focus({ preventScroll: true });
        }
        kept.set(row.id, { element, drawn, row });
        if (list.children[at] !== element) list.insertBefore(element, list.children[at] || null);
      });
      list.hidden = rows.length === 0;
    },
  };
}
