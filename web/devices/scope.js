/**
 * Whom the buttons above the list are for, all devices or a group, and what came of the last one.
 *
 *   const scope = createScope({ strings, words, onChoose, onAct, onClose });
 *   scope.render({ devices, chosen, isKnown, mayCommand, batch, nameOf });
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { setIcon } from "../lib/icon.js";
import { isolated } from "../lib/plain-text.js";
import { able } from "./abilities.js";
import { groupsOf, inScope } from "./devices.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {"start" | "stop" | "mark"} ScopeAct */

/** @type {readonly ScopeAct[]} */
const ACTS = ["start", "stop", "mark"];

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createDeviceWords>} options.words
 * @param {(group: string | null) => void} options.onChoose
 * @param {(act: ScopeAct) => void} options.onAct
 * @param {() => void} options.onClose
 */
export function createScope({ strings, words, onChoose, onAct, onClose }) {
  const { t, count } = strings;
  const groups = byId("groups");
  const progress = byId("progress");
  let drawn = "";

  for (const act of ACTS) byId(`all-${act}`).addEventListener("click", () => onAct(act));
  byId("progress-close").addEventListener("click", onClose);
  groups.addEventListener("change", (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    // A group may have any name, and "all devices" is none.
    onChoose(value === "" ? null : value.slice(1));
  });

  /** @param {Device[]} devices @param {string | null} chosen */
  function renderGroups(devices, chosen) {
    const all = [{ name: null, count: devices.length }, ...groupsOf(devices)];
    const wanted = JSON.stringify([all, chosen]);
    if (wanted === drawn) return;
    drawn = wanted;
    const active = document.activeElement;
    const hadFocus = active !== null && groups.contains(active);
    groups.replaceChildren(
      ...all.map(({ name, count: number }) => {
        const label = make("label", "scope-choice seen-by-label");
        const input = make("input");
        input.type = "radio";
        input.name = "scope";
        input.value = name === null ? "" : `=${name}`;
        input.checked = name === chosen;
        const chip = make("span", "scope-chip numbers");
        const text = make("span", "scope-name");
        text.textContent = name === null ? t("devices.all") : name;
        const of = make("span", "scope-count");
        of.textContent = String(number);
        chip.append(text, of);
        label.append(input, chip);
        return label;
      }),
    );
    const checked = /** @type {HTMLInputElement | null} */ (groups.querySelector("input:checked"));
    if (hadFocus && checked) checked.focus({ preventScroll: true });
    byId("groups-box").hidden = all.length < 2;
  }

  /** @param {import("./commands.js").Batch | null} batch @param {(device: string) => string} nameOf */
  function renderProgress(batch, nameOf) {
    progress.hidden = batch === null;
    if (!batch) return;
    const { act, total, done, waiting, asking, refused } = batch;
    const isOver = waiting + asking === 0;
    const parts = [count(`devices.batch.${act}`, done, { total })];
    if (asking > 0) parts.push(count("devices.batch.asking", asking));
    if (waiting > 0) parts.push(count("devices.batch.waiting", waiting));
    if (refused.length > 0) parts.push(count("devices.batch.refused", refused.length));
    progress.className = `notice ${!isOver ? "" : refused.length > 0 ? "late" : "good"}`;
    const use = /** @type {Element} */ (progress.querySelector("use"));
    setIcon(use, !isOver ? "info" : refused.length > 0 ? "warning" : "check");
    write(byId("progress-text"), parts.join(t("devices.batch.and")));
    const list = byId("progress-refused");
    const lines = refused.map(({ device, answer }) => t("devices.batch.item", { name: isolated(nameOf(device)), what: words.answer(answer).text }));
    if (list.dataset.lines === lines.join("\n")) return;
    list.dataset.lines = lines.join("\n");
    list.hidden = lines.length === 0;
    list.replaceChildren(
      ...lines.map((line) => {
        const item = make("li");
        item.textContent = line;
        return item;
      }),
    );
  }

  return {
    /**
     * @param {object} about
     * @param {Device[]} about.devices
     * @param {string | null} about.chosen
     * @param {boolean} about.isKnown
     * @param {boolean} about.mayCommand
     * @param {import("./commands.js").Batch | null} about.batch
     * @param {(device: string) => string} about.nameOf
     */
    render({ devices, chosen, isKnown, mayCommand, batch, nameOf }) {
      byId("scope-actions").hidden = !mayCommand;
      renderGroups(devices, chosen);
      const here = inScope(devices, chosen);
      for (const act of ACTS) {
        const button = /** @type {HTMLButtonElement} */ (byId(`all-${act}`));
        const number = able(here, act).length;
        write(byId(`all-${act}-text`), number === 0 ? t(`devices.act.${act}.none`) : count(`devices.act.${act}.many`, number));
        button.disabled = number === 0 || !isKnown;
      }
      renderProgress(batch, nameOf);
    },
  };
}
