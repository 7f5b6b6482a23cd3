/**
 * What the server says once and never again: a program's token, the address of a link.
 *
 *   const once = createOnce({ page: window, strings, behind });
 *   once.show({ title, what, text });
 *   copier(page, button, () => text, strings);     a button that copies, and says so
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, write } from "../lib/elements.js";

const SAID_MS = 3000;

/** @param {Window & typeof globalThis} page @param {HTMLElement} button @param {() => string} text @param {HTMLElement} shown where it stands to be selected @param {import("../lib/strings.js").Strings} strings */
export function copier(page, button, text, shown, { t }) {
  const before = button.textContent || "";
  /** @param {string} key */
  const say = (key) => {
    button.textContent = t(key);
    page.setTimeout(() => write(button, before), SAID_MS);
  };
  button.addEventListener("click", async () => {
    try {
      await page.navigator.clipboard.writeText(text());
      say("people.copied");
    } catch {
      // Where the browser does not allow it the person can.
      const selection = page.getSelection();
      if (selection) selection.selectAllChildren(shown);
      say("people.copy.selected");
    }
  });
}

/** @param {{ page: Window & typeof globalThis, strings: import("../lib/strings.js").Strings, behind: HTMLElement }} options */
export function createOnce({ page, strings, behind }) {
  let text = "";
  const sheet = createSheet(byId("once-layer"), behind, {
    onClose: () => {
      text = "";
      byId("once-text").textContent = "";
    },
    // It cannot be had a second time.
    mayEscape: () => false,
  });
  copier(page, byId("once-copy"), () => text, byId("once-text"), strings);

  return {
    /** @param {{ title: string, what: string, text: string }} about */
    show(about) {
      text = about.text;
      write(byId("once-title"), about.title);
      write(byId("once-what"), about.what);
      byId("once-text").textContent = about.text;
      sheet.open();
    },
  };
}
