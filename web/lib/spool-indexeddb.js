/**
 * The spool in IndexedDB, where the browser's own file system is missing.
 *
 *   const cabinet = await openIndexedDb({ factory: window.indexedDB, locks, withinMs });   // rejects where it does not work
 *
 * Stores: `sessions` { session, owner, beatMs }; `log` [session, number] → entry;
 * `media` [session, generation, position, end] → bytes. A transaction is all or nothing: nothing can be torn.
 *
 * Whoever opens a session writes itself into it as its owner, and every transaction that writes looks whether it still
 * is. Where Web Locks are missing the owner also beats: a session whose owner has not for DEAD_MS is free.
 *
 * @module
 */

import { answer, openConnection } from "./spool-indexeddb-connection.js";
import { answerWithin } from "./spool-wait.js";

/** @type {import("./spool-indexeddb-connection.js").Form} */
const DATABASE = { name: "localcamera", stores: { sessions: { keyPath: "session" }, log: undefined, media: undefined } };
const MIB = 1024 * 1024;
/** A value of the media store; a reading brings whole ones. */
const VALUE_BYTES = MIB;
/** Freeing less is not worth a transaction, and freeing more would keep a chunk waiting. */
const FREE_STEP_BYTES = MIB;
const FREE_MOST_BYTES = 16 * MIB;
const BEAT_MS = 2000;
/** Timers of a page in the background run once a second, or rarer. */
const DEAD_MS = 10_000;

/** @typedef {import("./spool-session.js").Drawer} Drawer */
/** @typedef {import("./spool-session.js").Range} Range */
/** @typedef {import("./spool-indexeddb-connection.js").Connection} Connection */
/** @typedef {{ session: string, owner: string, beatMs: number }} Owned */

/** Everything whose key begins like this: an array stands behind every number. @param {IDBValidKey[]} start */
const within = (...start) => IDBKeyRange.bound(start, [...start, []]);

/** @param {Uint8Array} bytes without the rest of its buffer, which would be stored, too */
const exact = (bytes) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());

/** @param {IDBObjectStore} media @param {IDBKeyRange} range @param {IDBCursorDirection} direction @returns {Promise<any[] | null>} */
const keyIn = async (media, range, direction) => {
  const cursor = await answer(media.openKeyCursor(range, direction));
  return cursor ? /** @type {any[]} */ (cursor.key) : null;
};

/**
 * What is here of each generation, by the keys alone.
 * @param {IDBObjectStore} media
 * @param {string} session
 */
async function rangesIn(media, session) {
  /** @type {Range[]} */
  const ranges = [];
  let range = within(session);
  for (;;) {
    const first = await keyIn(media, range, "next");
    if (!first) return ranges;
    const [, generation, position] = first;
    const last = /** @type {any[]} */ (await keyIn(media, within(session, generation), "prev"));
    ranges.push({ generation, first: position, end: last[3] });
    range = IDBKeyRange.bound([session, generation, []], [session, []]);
  }
}

/** @param {Owned | undefined} record @param {number} now whether some page has beaten for it lately */
const isAlive = (record, now) => record !== undefined && record.owner !== "" && Math.abs(now - record.beatMs) < DEAD_MS;

/**
 * @param {Connection} connection
 * @param {string} session
 * @param {{ owner: string, beats: boolean, entries: Record<string, any>[], found: Range[] }} state
 * @returns {Drawer}
 */
function createDrawer(connection, session, { owner, beats, entries, found }) {
  const generations = new Map(found.map(({ generation, first, end }) => [generation, { first, end }]));
  let newest = -1;
  let number = entries.length;

  /**
   * @template T
   * @param {(store: (name: string) => IDBObjectStore) => Promise<T>} work
   * @returns {Promise<T>}
   */
  const asOwner = (work) =>
    connection.transact("readwrite", async (store) => {
      /** @type {Owned | undefined} */
      const record = await answer(store("sessions").get(session));
      if (!record || record.owner !== owner) throw new Error("another page has taken this session");
      if (beats) store("sessions").put({ ...record, beatMs: Date.now() });
      return work(store);
    });

  /** @type {ReturnType<typeof setInterval> | undefined} */
  let beating;
  if (beats) beating = setInterval(() => void asOwner(async () => {}).catch(() => clearInterval(beating)), BEAT_MS);

  return {
    entries,
    found,
    inMemory: false,

    async note(entry) {
      await asOwner(async (store) => void store("log").put(entry, [session, number]));
      number += 1;
    },

    async append(generation, position, bytes) {
      await asOwner(async (store) => {
        // An append that was refused may be there all the same, if the connection broke after it.
        store("media").delete(IDBKeyRange.bound([session, generation, position], [session, generation, []]));
        for (let at = 0; at < bytes.length; at += VALUE_BYTES) {
          const part = exact(bytes.subarray(at, at + VALUE_BYTES));
          store("media").put(part, [session, generation, position + at, position + at + part.length]);
        }
      });
      const end = position + bytes.length;
      const kept = generations.get(generation);
      if (kept) kept.end = end;
      else generations.set(generation, { first: position, end });
      newest = Math.max(newest, generation);
    },

    read: (generation, position, length) =>
      connection.transact("readonly", async (store) => {
        const media = store("media");
        const before = IDBKeyRange.bound([session, generation], [session, generation, position, []]);
        const first = await keyIn(media, before, "prev");
        if (!first || first[3] <= position) throw new Error(`generation ${generation} has lost byte ${position}`);
        const range = IDBKeyRange.bound(first, [session, generation, position + length], false, true);
        /** @type {Uint8Array[]} */
        const parts = await answer(media.getAll(range));
        const whole = parts.reduce((sum, part) => sum + part.length, 0);
        const bytes = new Uint8Array(whole);
        let at = 0;
        for (const part of parts) {
          bytes.set(part, at);
          at += part.length;
        }
        const skipped = position - first[2];
        return bytes.subarray(skipped, Math.min(whole, skipped + length));
      }),

    async free(generation, below, all) {
      const kept = generations.get(generation);
      if (!kept || below <= kept.first) return false;
      const done = below >= kept.end && (all || generation !== newest);
      if (!done && below - kept.first < FREE_STEP_BYTES) return false;
      const until = Math.min(below, kept.first + FREE_MOST_BYTES);
      const first = await asOwner(async (store) => {
        const media = store("media");
        const from = [session, generation];
        // The value that holds `until` stays whole.
        const last = await keyIn(media, IDBKeyRange.bound(from, [...from, until], false, true), "prev");
        if (!last) return until;
        const whole = last[3] <= until;
        media.delete(IDBKeyRange.bound(from, whole ? last : last.slice(0, 3), false, !whole));
        // Where the generation ends is worth knowing after all of it has gone.
        if (whole && last[3] === kept.end) media.put(new Uint8Array(0), [session, generation, kept.end, kept.end]);
        return whole ? last[3] : last[2];
      });
      kept.first = first;
      return until < below;
    },

    stored() {
      let bytes = 0;
      for (const { first, end } of generations.values()) bytes += end - first;
      return bytes;
    },

    async clear() {
      await asOwner(async (store) => {
        store("media").delete(within(session));
        store("log").delete(within(session));
        store("sessions").delete(session);
      });
      clearInterval(beating);
      generations.clear();
    },

    async close() {
      clearInterval(beating);
      await asOwner(async (store) => void store("sessions").put({ session, owner: "", beatMs: 0 }));
    },
  };
}

/**
 * @param {object} options
 * @param {IDBFactory} options.factory
 * @param {boolean} options.locks the browser has Web Locks
 * @param {number} options.withinMs how long the proof may take
 * @param {boolean} [options.create] false: only where an earlier visit has made one
 * @returns {Promise<import("./spool.js").Cabinet>}
 */
export async function openIndexedDb({ factory, locks, withinMs, create = true }) {
  const connection = await openConnection(factory, { ...DATABASE, create });
  if (!connection) throw new Error("there is no database");
  const beats = !locks;

  const proven = await answerWithin(withinMs, async () => {
    const written = crypto.getRandomValues(new Uint8Array(64));
    const key = ["proof", 0];
    await connection.transact("readwrite", async (store) => void store("media").put(written, key));
    /** @type {Uint8Array} */
    const read = await connection.transact("readonly", (store) => answer(store("media").get(key)));
    return read.length === written.length && read.every((byte, at) => byte === written[at]);
  });
  if (!proven) {
    connection.end();
    throw new Error("IndexedDB does not keep what is written");
  }

  return {
    kind: "indexeddb",
    lasting: true,

    list: () =>
      connection.transact("readonly", async (store) => {
        const left = [];
        const now = Date.now();
        /** @type {Owned[]} */
        const records = await answer(store("sessions").getAll());
        for (const record of records) {
          const { session } = record;
          /** @type {Record<string, any>[]} */
          const entries = await answer(store("log").getAll(within(session)));
          const ranges = await rangesIn(store("media"), session);
          const bytes = ranges.reduce((sum, range) => sum + range.end - range.first, 0);
          const busy = beats && isAlive(record, now);
          left.push({ session, entries, bytes, busy, empty: entries.length === 0 && ranges.length === 0 });
        }
        return left;
      }),

    async open(session, { create: make }) {
      const owner = `${Date.now()}.${Math.random()}`;
      const state = await connection.transact("readwrite", async (store) => {
        /** @type {Owned | undefined} */
        const record = await answer(store("sessions").get(session));
        if ((!record && !make) || (beats && isAlive(record, Date.now()))) return null;
        store("sessions").put({ session, owner, beatMs: Date.now() });
        /** @type {Record<string, any>[]} */
        const entries = await answer(store("log").getAll(within(session)));
        return { entries, found: await rangesIn(store("media"), session) };
      });
      return state && createDrawer(connection, session, { owner, beats, ...state });
    },

    remove: (session) =>
      connection.transact("readwrite", async (store) => void store("sessions").delete(session)),

    letGo: () => connection.end(),
  };
}
