/**
 * The choice of what somebody may watch, in a form.
 *
 *   const field = createScopeField();
 *   field.show(choices, scope);
 *   field.value()       null for everything, or the names; [] where nothing was chosen
 *
 * @module
 */

import { byId, make } from "../lib/elements.js";
import { withUnseen } from "./scope.js";

/** @param {{ t: (key: string) => string }} strings */
export function createScopeField({ t }) {
  const list = byId("entry-scope-list");
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (byId("entry-scope").querySelectorAll("input[name='entry-scope']"));

  const isOnly = () => Array.from(radios).some(({ value, checked }) => value === "only" && checked);

  function render() {
    byId("entry-scope-names").hidden = !isOnly();
  }
  for (const radio of radios) radio.addEventListener("change", render);

  return {
    /** @param {import("./scope.js").Choice[]} choices @param {string[] | null} scope */
    show(choices, scope) {
      for (const radio of radios) radio.checked = radio.value === (scope === null ? "all" : "only");
      const all = withUnseen(choices, scope);
      list.replaceChildren(
        ...all.map(({ value, label, isUnseen }) => {
          const line = make("label", "check");
          const box = make("input");
          box.type = "checkbox";
          box.value = value;
          box.checked = scope !== null && scope.includes(value);
          const text = make("span");
          const name = make("bdi", "check-text");
          name.textContent = label;
          text.append(name);
          if (isUnseen) {
            const hint = make("span", "hint");
            hint.textContent = t("people.scope.unseen");
            text.append(hint);
          }
          line.append(box, text);
          return line;
        }),
      );
      byId("entry-scope-none").hidden = all.length > 0;
      render();
    },
    /** @returns {string[] | null} */
    value() {
      if (!isOnly()) return null;
      return Array.from(/** @type {NodeListOf<HTMLInputElement>} */ (list.querySelectorAll("input"))).filter(({ checked }) => checked).map(({ value }) => value);
    },
  };
}
