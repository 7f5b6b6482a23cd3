/**
 * Asks once whether recordings shall be stopped, a camera be removed: nobody can go on with what a wrong tap has ended.
 *
 *   const confirm = createConfirm({ strings, behind: byId("app") });
 *   confirm.ask(devices, () => …);        whether their recordings shall be stopped
 *   confirm.put(question, () => …);       anything else
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, make } from "../lib/elements.js";
import { isolated } from "../lib/plain-text.js";

/** A longer list would push the buttons off a phone. */
const NAMED = 6;

/** @typedef {{ title: string, names?: string[], more: string, yes: string, no: string }} Question */

/** @param {{ strings: import("../lib/strings.js").Strings, behind: HTMLElement }} options */
export function createConfirm({ strings, behind }) {
  const { t, count } = strings;
  /** @type {(() => void) | null} */
  let act = null;
  const sheet = createSheet(byId("confirm"), behind, {
    onClose: () => {
      act = null;
    },
  });
  byId("confirm-yes").addEventListener("click", () => {
    const yes = act;
    sheet.close();
    if (yes) yes();
  });

  /** @param {Question} question @param {() => void} yes */
  function put({ title, names = [], more, yes: doIt, no }, yes) {
    byId("confirm-title").textContent = title;
    byId("confirm-yes").textContent = doIt;
    byId("confirm-no").textContent = no;
    byId("confirm-more").textContent = more;
    byId("confirm-names").replaceChildren(
      ...names.map((name) => {
        const item = make("li");
        item.textContent = name;
        return item;
      }),
    );
    byId("confirm-names").hidden = names.length === 0;
    sheet.open();
    act = yes;
  }

  return {
    put,
    /** @param {import("./devices.js").Device[]} devices @param {() => void} yes */
    ask(devices, yes) {
      const [first] = devices;
      const isOne = devices.length === 1;
      const names = isOne ? [] : devices.slice(0, NAMED).map(({ name }) => name);
      if (devices.length > NAMED) names.push(count("devices.confirm.more", devices.length - NAMED));
      const title = isOne ? t("devices.confirm.single", { name: isolated(first.name) }) : count("devices.confirm", devices.length);
      put({ title, names, more: t("devices.confirm.what"), yes: count("devices.act.stop.many", devices.length), no: t("devices.confirm.no") }, yes);
    },
  };
}
