/**
 * The way in as a sheet over a page that is seen already: for whoever wants to be let in as somebody else.
 *
 *   const signIn = createSignInSheet({ page: window, strings, access, name, behind });
 *   signIn.open();
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId } from "../lib/elements.js";
import { createSignInPanel } from "./panel.js";

/**
 * @param {object} options
 * @param {Window} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("../lib/access.js").AccessClient} options.access
 * @param {() => string} options.name
 * @param {HTMLElement} options.behind
 */
export function createSignInSheet({ page, strings, access, name, behind }) {
  byId("let-in-body").append(byId("entry-panel"));
  const sheet = createSheet(byId("let-in-layer"), behind);
  // What this browser may now is in every part of the page.
  const panel = createSignInPanel({ page, strings, access, name, device: null, records: false, onIn: () => page.location.reload() });
  return {
    open() {
      panel.ask({ why: "wish" });
      sheet.open();
      panel.focus();
    },
  };
}
