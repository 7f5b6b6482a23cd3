/**
 * What was deleted, as far as the server has been asked.
 *
 *   const store = createDeletionsStore({ page: window, strings, onChange });
 *   store.allow(isAdmin);            nobody else is told
 *   await store.look();              the newest, now
 *   store.lookSoon();                something has changed
 *   await store.more();
 *   store.known()   store.problem()
 *
 * @module
 */

import { continued, parseDeletions, refreshed } from "./deletions.js";
import { paths, problemOf, read } from "./requests.js";

/** More than hourly deletions for four reasons leave on a page of the list. */
const PAGE = 100;
/** One deletion tells of many sessions. */
const SOON_MS = 3000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {() => void} options.onChange
 */
export function createDeletionsStore({ page, strings, onChange }) {
  /** @type {import("./deletions.js").Known} */
  let known = { deletions: [], nextMs: null };
  let isLoaded = false;
  let problem = "";
  let isAllowed = false;
  /** Whoever was allowed before is somebody else. */
  let turn = 0;
  /** One after the other: each goes on from what the last one has brought. @type {Promise<void>} */
  let loading = Promise.resolve();
  /** @type {any} */
  let timer = null;

  /** @param {() => number | null} beforeMs @param {(page: import("./deletions.js").Known) => import("./deletions.js").Known} join */
  async function load(beforeMs, join) {
    if (!isAllowed) return;
    const mine = turn;
    try {
      const told = parseDeletions(await read(paths.deletionList({ before_ms: beforeMs(), limit: PAGE })));
      if (mine !== turn) return;
      if (!told) throw new Error("no list");
      known = join(told);
      isLoaded = true;
      problem = "";
    } catch (error) {
      if (mine !== turn) return;
      problem = problemOf(error, strings);
    }
    onChange();
  }

  /** @param {Parameters<typeof load>} of */
  function inTurn(...of) {
    loading = loading.then(() => load(...of));
    return loading;
  }

  const look = () => inTurn(() => null, (told) => (isLoaded ? refreshed(known, told) : told));

  return {
    look,
    more: () => inTurn(() => known.nextMs, (told) => continued(known, told)),
    lookSoon() {
      if (!isAllowed || timer !== null) return;
      timer = page.setTimeout(() => {
        timer = null;
        void look();
      }, SOON_MS);
    },
    /** @param {boolean} isAdmin */
    allow(isAdmin) {
      if (isAllowed === isAdmin) return;
      isAllowed = isAdmin;
      turn += 1;
      known = { deletions: [], nextMs: null };
      isLoaded = false;
      if (isAdmin) void look();
      else onChange();
    },
    known: () => known,
    problem: () => problem,
    isLoaded: () => isLoaded,
    /** @param {string} id */
    deletion: (id) => known.deletions.find(({ deletion }) => deletion === id) || null,
  };
}

/** @typedef {ReturnType<typeof createDeletionsStore>} DeletionsStore */
