/**
 * The library: puts its parts together and connects them to the browser's events.
 *
 * @module
 */

import { createConfirm } from "./devices/confirm.js";
import { isAdmin } from "./lib/access.js";
import { createDoor } from "./lib/door.js";
import { byId, write } from "./lib/elements.js";
import { formatBytes } from "./lib/format.js";
import { keepIcons } from "./lib/icon.js";
import { loadStrings } from "./lib/strings.js";
import { createAsk } from "./library/ask.js";
import { parseDeletion, sortOut } from "./library/deletion.js";
import { createDeletionsStore } from "./library/deletions-store.js";
import { notes } from "./library/deletions.js";
import { createFinder } from "./library/finder.js";
import { parseSession } from "./library/list.js";
import { createPictures } from "./library/pictures.js";
import { createPlayerView } from "./library/player-view.js";
import { change, paths, read } from "./library/requests.js";
import { createRetentionPanel } from "./library/retention-panel.js";
import { createRetentionWords } from "./library/retention-words.js";
import { hashOf, MOST_TOGETHER, routeOf } from "./library/route.js";
import { createSpoken } from "./library/spoken.js";
import { createUndoBar } from "./library/undo-bar.js";

/** @typedef {import("./library/list.js").Session} Session */

function start() {
  const strings = loadStrings(document);
  const { t, count } = strings;
  const app = byId("app");
  const title = document.title;
  const spoken = createSpoken(strings);
  const pictures = createPictures({ page: window });
  const confirm = createConfirm({ strings, behind: app });
  const ask = createAsk({ behind: app });
  const words = createRetentionWords({ strings, spoken });
  const undoBar = createUndoBar({ page: window, strings, onUndone: lookAgain });
  const store = createDeletionsStore({
    page: window,
    strings,
    onChange() {
      retention.render();
      finder.tellDeleted(notes(store.known()));
    },
  });
  const retention = createRetentionPanel({ page: window, strings, words, behind: app, store, onUndo: takeBack, onSaved: () => store.lookSoon() });
  let mayChange = false;
  /** @type {Session[]} */
  let chosen = [];
  /** @type {string[]} */
  let shown = [];

  createDoor({
    page: window,
    strings,
    onKnown(known) {
      mayChange = isAdmin(known);
      view.allow(mayChange);
      retention.allow(mayChange);
      store.allow(mayChange);
      renderChosen();
    },
  });

  const finder = createFinder({
    page: window,
    strings,
    spoken,
    pictures,
    note: words.note,
    onTold: (session) => view.told(session),
    onShrunk: () => store.lookSoon(),
    onChosen(sessions) {
      chosen = sessions;
      renderChosen();
    },
  });
  const view = createPlayerView({ page: window, strings, spoken, pictures, ask, say: (text) => undoBar.say(text), onDelete: (ids) => void remove(ids) });

  function lookAgain() {
    finder.look();
    void store.look();
  }

  /** The server's clock and this one may be hours apart; how long it can be undone they agree about. @param {import("./library/deletion.js").Deletion} deletion @param {number} askedMs */
  async function setRight(deletion, askedMs) {
    await store.look();
    const dated = store.deletion(deletion.deletion);
    if (!dated || !dated.canBeUndone) return;
    undoBar.take(deletion.deletion);
    undoBar.add({ ...deletion, untilMs: askedMs + dated.untilMs - dated.atMs });
  }

  /** @param {string} deletion @returns {Promise<string>} the problem, or "" */
  async function takeBack(deletion) {
    const { problem } = await change("DELETE", paths.deletions(deletion), undefined, strings);
    if (problem === "") undoBar.take(deletion);
    lookAgain();
    return problem;
  }

  function renderChosen() {
    byId("chosen").hidden = chosen.length === 0 || shown.length > 0;
    const isTooMany = chosen.length > MOST_TOGETHER;
    write(byId("chosen-count"), isTooMany ? `${t("library.chosen", { count: chosen.length })}. ${t("library.chosen.together_most", { count: MOST_TOGETHER })}` : t("library.chosen", { count: chosen.length }));
    /** @type {HTMLButtonElement} */ (byId("chosen-together")).disabled = isTooMany;
    byId("chosen-delete").hidden = !mayChange;
    document.body.classList.toggle("has-chosen", !byId("chosen").hidden);
  }

  /** What the list does not show is asked for. @param {string} id @returns {Promise<Session | null>} */
  async function sessionOf(id) {
    const listed = finder.session(id);
    if (listed) return listed;
    const told = await read(paths.timeline(id)).catch(() => null);
    const files = told && Array.isArray(told.files) ? told.files : [];
    const bytes = files.reduce((/** @type {number} */ sum, /** @type {any} */ file) => sum + (Number(file.bytes) || 0), 0);
    return told && parseSession({ ...told, files: files.length, bytes, kept: Array.isArray(told.kept) && told.kept.length > 0 });
  }

  /** @param {string[]} ids */
  async function remove(ids) {
    const sessions = /** @type {Session[]} */ ((await Promise.all(ids.map(sessionOf))).filter((one) => one !== null));
    const { go, kept, growing, files, bytes } = sortOut(sessions);
    const stays = [...(kept.length > 0 ? [count("library.delete.kept", kept.length)] : []), ...(growing.length > 0 ? [count("library.delete.growing", growing.length)] : [])];
    if (go.length === 0) {
      undoBar.say([t("library.delete.nothing"), ...stays].join(". "));
      return;
    }
    const question = {
      title: count("library.delete.ask", go.length),
      more: [t("library.delete.what", { files, bytes: formatBytes(bytes) }), ...stays].join(" "),
      yes: t("library.delete"),
      no: t("library.delete.no"),
    };
    confirm.put(question, async () => {
      const gone = go.map(({ session }) => session);
      const askedMs = Date.now();
      const { told, problem } = await change("POST", paths.deletions(), { sessions: gone, files: [] }, strings);
      if (problem) {
        undoBar.say(problem);
        return;
      }
      const deletion = parseDeletion(told, gone);
      if (deletion) undoBar.add(deletion);
      finder.remove(gone);
      if (deletion) void setRight(deletion, askedMs);
      if (shown.some((id) => gone.includes(id))) toList();
    });
  }

  function follow() {
    const { sessions, atMs } = routeOf(location.hash);
    const isOpen = sessions.length > 0;
    const isSame = isOpen && sessions.join() === shown.join();
    document.body.dataset.state = isOpen ? "player" : "list";
    if (isSame) {
      if (atMs !== null) view.seek(atMs);
      return;
    }
    const before = shown;
    if (before.length > 0) view.close();
    shown = sessions;
    byId("finder").hidden = isOpen;
    byId("player").hidden = !isOpen;
    renderChosen();
    if (isOpen) {
      view.open(sessions, atMs);
      window.scrollTo(0, 0);
      byId("player").focus({ preventScroll: true });
      return;
    }
    document.title = title;
    const link = before.length > 0 ? document.querySelector(`a[href="${hashOf([before[0]], null)}"]`) : null;
    if (link instanceof HTMLElement) link.focus();
  }

  function toList() {
    // Then the browser's own way back leads there, too.
    if (history.state && history.state.isFromList) history.back();
    else {
      history.replaceState(null, "", location.pathname + location.search);
      follow();
    }
  }

  /** @param {string} hash */
  function go(hash) {
    history.pushState({ isFromList: true }, "", hash);
    follow();
  }

  byId("days").addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a.session-link") : null;
    if (!(link instanceof HTMLAnchorElement) || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.hash);
  });
  byId("chosen-together").addEventListener("click", () => go(hashOf(chosen.map(({ session }) => session), null)));
  byId("chosen-delete").addEventListener("click", () => void remove(chosen.map(({ session }) => session)));
  byId("chosen-clear").addEventListener("click", () => finder.clear());
  byId("player-back").addEventListener("click", (event) => {
    event.preventDefault();
    toList();
  });
  window.addEventListener("popstate", follow);
  window.addEventListener("hashchange", follow);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown.length > 0 && !document.fullscreenElement && !document.querySelector(".layer:not([hidden])")) toList();
  });

  void keepIcons(document);
  byId("app").hidden = false;
  finder.start();
  follow();
}

start();
