/**
 * A panel with one question: a time, a title, what a mark says.
 *
 *   const ask = createAsk({ behind });
 *   ask.open({ title, label, value, type: "text", yes }, async (value) => "");    what is returned is wrong, "" closes
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, write } from "../lib/elements.js";

/** @typedef {{ title: string, label: string, value: string, yes: string, type?: "text" | "datetime-local" }} Question */

/** @param {{ behind: HTMLElement }} options */
export function createAsk({ behind }) {
  const field = /** @type {HTMLInputElement} */ (byId("ask-value"));
  const button = /** @type {HTMLButtonElement} */ (byId("ask-do"));
  /** @type {((value: string) => Promise<string>) | null} */
  let take = null;
  const sheet = createSheet(byId("ask"), behind, {
    onClose: () => {
      take = null;
    },
  });

  /** @param {string} text */
  function wrong(text) {
    write(byId("ask-wrong"), text);
    byId("ask-wrong").hidden = text === "";
  }

  byId("ask-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = take;
    if (!mine || button.disabled) return;
    button.disabled = true;
    const problem = await mine(field.value.trim());
    button.disabled = false;
    if (take !== mine) return;
    wrong(problem);
    if (problem === "") sheet.close();
  });

  return {
    /** @param {Question} question @param {(value: string) => Promise<string>} onTake */
    open({ title, label, value, yes, type = "text" }, onTake) {
      write(byId("ask-title"), title);
      write(byId("ask-label"), label);
      write(button, yes);
      wrong("");
      field.type = type;
      field.step = type === "text" ? "" : "1";
      field.value = value;
      sheet.open();
      take = onTake;
      field.focus();
      if (type === "text") field.select();
    },
  };
}
