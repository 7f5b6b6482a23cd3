/**
 * Where media waits on the device until the server has it on disk.
 *
 *   const store = await openStore(window);
 *   store.kind, store.lasting                   // "opfs", "indexeddb", or "memory", which dies with the page
 *   const spool = await store.create(session);  // spool-session.js
 *   await store.sessions()                      // what earlier visits left: [{ session, entries, bytes, busy }]
 *   await store.adopt(session)                  // a spool, or null while another page has it
 *   await store.estimate(), await store.persist()
 *
 * Which kind works is found out by writing and reading back: browsers offer storage in private windows that then
 * refuses, and refuse what they offered a version ago. What a browser keeps in the kind that is not chosen any more,
 * because it has learned a better one, is still found.
 *
 * A page that goes into the browser's back/forward cache lets everything go: another page may need it. When it comes
 * back its spools reject; it is best loaded anew.
 *
 * @module
 */

import { openIndexedDb } from "./spool-indexeddb.js";
import { createLimit, SpoolFullError } from "./spool-limit.js";
import { createLocks } from "./spool-lock.js";
import { MEMORY_LIMIT_BYTES, openMemory } from "./spool-memory.js";
import { newWorker, openOpfs } from "./spool-opfs.js";
import { createSessionSpool } from "./spool-session.js";
import { answerWithin, pause } from "./spool-wait.js";

export { SpoolFullError };

/** @typedef {import("./spool-session.js").SessionSpool} SessionSpool */
/** @typedef {import("./spool-session.js").Entry} Entry */
/** @typedef {"opfs" | "indexeddb" | "memory"} Kind */
/** @typedef {{ session: string, entries: Entry[], bytes: number, busy: boolean }} Left */

/**
 * All sessions of one kind of storage.
 * @typedef {object} Cabinet
 * @property {Kind} kind
 * @property {boolean} lasting
 * @property {() => Promise<(Left & { empty: boolean })[]>} list without reading media; `busy` only where Web Locks are missing
 * @property {(session: string, options: { create: boolean }) => Promise<import("./spool-session.js").Drawer | null>} open
 *   null: there is none, or another page has it
 * @property {(session: string) => Promise<unknown>} remove one with nothing in it
 * @property {() => void} letGo at once; what is under way is refused
 */

/**
 * @typedef {object} SpoolStore
 * @property {Kind} kind
 * @property {boolean} lasting whether it outlives the page
 * @property {(session: string) => Promise<SessionSpool>} create
 * @property {() => Promise<Left[]>} sessions that this page does not have open
 * @property {(session: string) => Promise<SessionSpool | null>} adopt waits some seconds for a page that is just ending
 * @property {() => Promise<{ usedBytes: number, quotaBytes: number, persisted: boolean }>} estimate 0 where it is unknown
 * @property {() => Promise<boolean>} persist Firefox asks the person
 */

/** @type {Kind[]} */
const KINDS = ["opfs", "indexeddb", "memory"];
/** A browser that takes longer to keep 64 bytes will not keep up with a camera. */
const PROOF_MS = 5000;
/** For leftovers of another kind nobody waits long. */
const OLDER_MS = 2000;
/** After a reload the page before may have its sessions for a moment longer. */
const SETTLE_MS = 500;
const ESTIMATE_MS = 2000;

const PUT_ASIDE = "the page was put aside by the browser: load it anew";

/** @param {Window & typeof globalThis} page @returns {IDBFactory} reading the property throws where storage is blocked */
function databaseFactory(page) {
  if (!page.indexedDB) throw new Error("this browser has no IndexedDB");
  return page.indexedDB;
}

/**
 * @param {Window & typeof globalThis} page
 * @param {Kind} kind
 * @param {{ locks: boolean, makeWorker: () => Worker, create?: boolean }} options
 * @returns {Promise<Cabinet>}
 */
async function openCabinet(page, kind, { locks, makeWorker, create = true }) {
  if (kind === "opfs") return openOpfs({ makeWorker, locks, withinMs: PROOF_MS });
  if (kind === "indexeddb") return openIndexedDb({ factory: databaseFactory(page), locks, withinMs: PROOF_MS, create });
  return openMemory();
}

/**
 * @param {Window & typeof globalThis} page
 * @param {{ kinds?: Kind[], limitBytes?: number, makeWorker?: () => Worker }} [options] for tests: which kinds are tried,
 *   and a limit that does not depend on the device
 * @returns {Promise<SpoolStore>}
 */
export async function openStore(page, { kinds = KINDS, limitBytes, makeWorker = newWorker } = {}) {
  const { storage, locks: manager } = page.navigator;
  const hasLocks = manager !== undefined;

  /** @type {Cabinet | null} */
  let cabinet = null;
  for (const kind of kinds) {
    try {
      cabinet = await openCabinet(page, kind, { locks: hasLocks, makeWorker });
      break;
    } catch {
      // The next kind.
    }
  }
  const chosen = cabinet || openMemory();
  const { kind, lasting } = chosen;
  // Where storage is blocked, locks may be, too; and memory is not shared with another page.
  const locks = createLocks(lasting ? manager : undefined);

  const asked = storage && typeof storage.estimate === "function" ? () => storage.estimate() : undefined;
  const limit = createLimit({ fixedBytes: limitBytes || (lasting ? undefined : MEMORY_LIMIT_BYTES), estimate: asked });
  await limit.refresh();

  /** What the browser kept in before it learned the chosen kind. @type {Promise<Cabinet | null> | null} */
  let asking = null;
  const older = () => {
    if (kind !== "opfs" || !kinds.includes("indexeddb")) return null;
    if (!asking) {
      const opening = openCabinet(page, "indexeddb", { locks: hasLocks, makeWorker, create: false });
      asking = answerWithin(OLDER_MS, () => opening);
    }
    return asking;
  };
  /** @returns {Promise<Cabinet[]>} */
  const cabinets = async () => {
    const second = await older();
    return second ? [chosen, second] : [chosen];
  };

  /** @type {Set<SessionSpool>} */
  const open = new Set();
  let isAside = false;
  const isMine = (/** @type {string} */ session) => Array.from(open).some((spool) => spool.session === session);

  /**
   * @param {string} session
   * @param {boolean} create
   * @returns {Promise<SessionSpool | null>}
   */
  async function take(session, create) {
    /** @type {SessionSpool | null} */
    let spool = null;
    const lock = await locks.take(session, () => spool && spool.abandon("the browser gave this session to another page"));
    if (!lock) return null;
    try {
      if (isAside) throw new Error(PUT_ASIDE);
      for (const one of create ? [chosen] : await cabinets()) {
        const drawer = await one.open(session, { create });
        if (!drawer) continue;
        spool = createSessionSpool({ session, kind: one.kind, drawer, limit, lock, onOver: (over) => open.delete(over) });
        open.add(spool);
        return spool;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
    lock.release();
    return null;
  }

  /** One that was begun and never written to. @param {Cabinet} from @param {string} session */
  async function tidy(from, session) {
    const lock = await locks.take(session, () => {}, 0);
    if (!lock) return;
    try {
      await from.remove(session);
    } catch {
      // It is tried again on the next visit.
    } finally {
      lock.release();
    }
  }

  page.addEventListener("pagehide", ({ persisted }) => {
    if (!persisted) return;
    isAside = true;
    for (const spool of Array.from(open)) spool.abandon(PUT_ASIDE);
    chosen.letGo();
    if (asking) void asking.then((second) => second && second.letGo());
  });

  return {
    kind,
    lasting,

    async create(session) {
      const spool = await take(session, true);
      if (!spool) throw new Error(`session ${session} is in use`);
      return spool;
    },

    async sessions() {
      let busy = await locks.busy();
      /** @type {Left[]} */
      const left = [];
      for (const one of await cabinets()) {
        // What another kind cannot list now must not hide what this one has.
        const found = await (one === chosen ? one.list() : one.list().catch(() => []));
        for (const { empty, ...about } of found) {
          if (isMine(about.session)) continue;
          if (busy.has(about.session)) {
            await pause(SETTLE_MS);
            busy = await locks.busy();
          }
          const taken = about.busy || busy.has(about.session);
          if (!empty) left.push({ ...about, busy: taken });
          else if (locks.works && !taken) await tidy(one, about.session);
        }
      }
      return left;
    },

    adopt: (session) => (isMine(session) ? Promise.resolve(null) : take(session, false)),

    async estimate() {
      const told = asked ? await answerWithin(ESTIMATE_MS, asked) : null;
      const persisted = storage && storage.persisted ? await answerWithin(ESTIMATE_MS, () => storage.persisted()) : null;
      return {
        usedBytes: (told && told.usage) || 0,
        quotaBytes: (told && told.quota) || 0,
        persisted: persisted === true,
      };
    },

    async persist() {
      if (!storage || typeof storage.persist !== "function") return false;
      return storage.persist().catch(() => false);
    },
  };
}
