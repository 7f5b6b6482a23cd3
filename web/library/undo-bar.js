/**
 * Says what was deleted, and takes it back for as long as that is possible.
 *
 *   const undoBar = createUndoBar({ page: window, strings, onUndone });
 *   undoBar.add(deletion);
 *   undoBar.say("…");
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { formatBytes, formatClock } from "../lib/format.js";
import { createUndo } from "./deletion.js";
import { change, paths } from "./requests.js";

const SAID_MS = 6000;
const LOOK_MS = 1000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {() => void} options.onUndone
 */
export function createUndoBar({ page, strings, onUndone }) {
  const { t } = strings;
  const undo = createUndo();
  const button = /** @type {HTMLButtonElement} */ (byId("undo-do"));
  /** @type {string | null} */
  let closed = null;
  let said = "";
  let saidUntil = 0;

  function render() {
    const deletion = undo.current(Date.now());
    const isSaying = said !== "" && page.performance.now() < saidUntil;
    const isShown = deletion !== null && deletion.deletion !== closed;
    byId("undo").hidden = !isShown && !isSaying;
    button.hidden = isSaying || !isShown;
    if (isSaying) write(byId("undo-text"), said);
    else if (isShown && deletion) write(byId("undo-text"), t("library.delete.done", { files: deletion.files, bytes: formatBytes(deletion.bytes), time: formatClock(deletion.untilMs) }));
  }

  /** @param {string} text */
  function say(text) {
    said = text;
    saidUntil = page.performance.now() + SAID_MS;
    render();
  }

  button.addEventListener("click", async () => {
    const deletion = undo.current(Date.now());
    if (!deletion) return;
    button.disabled = true;
    const { problem, status } = await change("DELETE", paths.deletions(deletion.deletion), undefined, strings);
    button.disabled = false;
    // Also where it is too late, or was done elsewhere, nothing is left to be asked for.
    if (problem === "" || status === 404 || status === 410) undo.take(deletion.deletion);
    if (problem === "" || status === 410) onUndone();
    say(problem || t("library.delete.undone"));
  });
  byId("undo-close").addEventListener("click", () => {
    const deletion = undo.current(Date.now());
    closed = deletion ? deletion.deletion : null;
    said = "";
    render();
  });
  page.setInterval(render, LOOK_MS);

  return {
    say,
    /** @param {import("./deletion.js").Deletion} deletion */
    add(deletion) {
      undo.add(deletion);
      said = "";
      render();
    },
    /** It was taken back elsewhere. @param {string} deletion */
    take(deletion) {
      undo.take(deletion);
      render();
    },
  };
}
