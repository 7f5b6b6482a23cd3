/**
 * What was deleted, as dated lines: by whom or by which rule, how much, of when and of whom; and the way back.
 *
 *   const list = createDeletionsList({ strings, words, store, onUndo });
 *   list.render();
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { isolated } from "../lib/plain-text.js";
import { BY_HAND } from "./deletions.js";

/** As the server names whoever has not signed in. */
const EVERYONE = "everyone";

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./retention-words.js").RetentionWords} options.words
 * @param {import("./deletions-store.js").DeletionsStore} options.store
 * @param {(deletion: string) => Promise<string>} options.onUndo the problem, or ""
 */
export function createDeletionsList({ strings, words, store, onUndo }) {
  const { t, count } = strings;
  let drawn = "";

  /** @param {import("./deletions.js").Deletion} deletion */
  function who({ reason, by }) {
    if (reason !== BY_HAND) return t("library.deleted.by_itself", { reason: words.reason(reason) });
    return by === "" || by === EVERYONE ? t("library.deleted.by_hand") : t("library.deleted.by", { name: isolated(by) });
  }

  /** @param {HTMLElement} parent @param {string} text @param {string} look */
  function line(parent, text, look) {
    const one = make("p", look);
    one.textContent = text;
    parent.append(one);
  }

  /** @param {import("./deletions.js").Deletion} deletion */
  function item(deletion) {
    const element = make("li", "deleted");
    element.dataset.deletion = deletion.deletion;
    const said = make("div", "deleted-words");
    const when = words.moment(deletion.atMs);
    line(said, when, "deleted-when");
    line(said, who(deletion), "small");
    const what = count("library.deleted.files", deletion.files, { bytes: formatBytes(deletion.bytes) });
    const of = deletion.devices.length > 0 ? t("library.deleted.of", { what, devices: words.devices(deletion.devices) }) : what;
    line(said, of, "small muted");
    line(said, words.span(deletion.startMs, deletion.endMs), "small muted");
    element.append(said);
    if (!deletion.canBeUndone) return element;
    const undo = make("button", "button quiet");
    undo.type = "button";
    undo.textContent = t("library.delete.undo");
    undo.setAttribute("aria-label", t("library.deleted.undo", { when }));
    undo.addEventListener("click", async () => {
      // Disabled it would lose the focus, which has nowhere to go yet.
      if (undo.getAttribute("aria-disabled") === "true") return;
      undo.setAttribute("aria-disabled", "true");
      const problem = await onUndo(deletion.deletion);
      undo.removeAttribute("aria-disabled");
      write(byId("deleted-said"), problem || t("library.delete.undone"));
      byId("deleted-said").classList.toggle("wrong", problem !== "");
    });
    element.append(undo);
    return element;
  }

  function render() {
    const { deletions, nextMs } = store.known();
    const problem = store.problem();
    byId("deleted-none").hidden = !store.isLoaded() || deletions.length > 0;
    byId("deleted-failed").hidden = problem === "";
    write(byId("deleted-failed"), problem === "" ? "" : t("library.failed", { message: problem }));
    byId("deleted-more").hidden = nextMs === null;
    const state = JSON.stringify(deletions);
    if (state === drawn) return;
    drawn = state;
    const list = byId("deleted");
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...deletions.map(item));
    // What had it is gone; where it was is where the next key goes.
    if (hadFocus) byId("deleted-heading").focus({ preventScroll: true });
  }

  byId("deleted-more").addEventListener("click", async () => {
    const before = store.known().deletions.length;
    await store.more();
    // The button may be gone: whoever pressed it goes on with what came.
    const first = byId("deleted").children[before];
    if (byId("deleted-more").hidden && first instanceof HTMLElement) {
      first.tabIndex = -1;
      first.focus();
    }
  });

  return { render };
}
