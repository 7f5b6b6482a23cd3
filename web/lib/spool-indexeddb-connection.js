/**
 * A connection to IndexedDB that survives what browsers do to it: first questions that are never answered, connections
 * that end in the background, transactions that stay open.
 *
 *   const connection = await openConnection(factory, { name, stores, create });   // null: there is no such database
 *   await connection.transact("readwrite", async (store) => void store("log").put(value, key));
 *   connection.end();
 *
 * @module
 */

import { isFull } from "./spool-limit.js";

/** Safari 14 answers the first question after a start only when another one follows. */
const NUDGE_MS = 200;
const OPEN_MS = 5000;
/** A transaction that has not ended by then is undone: Safari forgets some of a page that was in the background. */
const TRANSACTION_MS = 30_000;

/** @typedef {{ name: string, stores: Record<string, IDBObjectStoreParameters | undefined> }} Form */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * @param {IDBFactory} factory
 * @param {Form} form
 * @param {boolean} create
 * @returns {Promise<IDBDatabase | null>} null: there is none
 */
function openDatabase(factory, { name, stores }, create) {
  return new Promise((resolve, reject) => {
    let missing = false;
    let late = false;
    const request = factory.open(name, 1);
    const nudge = setInterval(() => {
      if (factory.databases) void factory.databases().catch(() => {});
    }, NUDGE_MS);
    const timer = setTimeout(() => {
      late = true;
      clearInterval(nudge);
      reject(new Error("IndexedDB does not answer"));
    }, OPEN_MS);
    const settled = () => {
      clearInterval(nudge);
      clearTimeout(timer);
    };
    request.onupgradeneeded = () => {
      if (!create) {
        missing = true;
        /** @type {IDBTransaction} */ (request.transaction).abort();
        return;
      }
      for (const store of Object.keys(stores)) request.result.createObjectStore(store, stores[store]);
    };
    request.onsuccess = () => {
      settled();
      if (late) request.result.close();
      else resolve(request.result);
    };
    request.onerror = (event) => {
      settled();
      event.preventDefault();
      if (missing) resolve(null);
      else reject(request.error);
    };
  });
}

/**
 * @param {IDBFactory} factory
 * @param {Form & { create: boolean }} options
 */
export async function openConnection(factory, { create, ...form }) {
  const first = await openDatabase(factory, form, create);
  if (!first) return null;
  /** @type {IDBDatabase | null} */
  let database = null;
  let over = false;

  /** @param {IDBDatabase} opened */
  function use(opened) {
    database = opened;
    const forget = () => {
      if (database === opened) database = null;
      opened.close();
    };
    opened.onclose = forget;
    opened.onversionchange = forget;
    return opened;
  }
  use(first);

  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(store: (name: string) => IDBObjectStore) => Promise<T>} work
   * @returns {Promise<T>} resolves when it is on the device
   */
  async function once(mode, work) {
    if (over) throw new Error("the spool has been let go");
    const open = database || use(/** @type {IDBDatabase} */ (await openDatabase(factory, form, true)));
    return new Promise((resolve, reject) => {
      const transaction = open.transaction(Object.keys(form.stores), mode, { durability: "strict" });
      /** @type {T} */
      let value;
      /** @type {unknown} */
      let failure = null;
      const undo = (/** @type {unknown} */ why) => {
        failure = failure || why;
        try {
          transaction.abort();
        } catch {
          // It has been undone already.
        }
      };
      const timer = setTimeout(() => {
        undo(new Error("IndexedDB does not answer"));
        reject(failure);
      }, TRANSACTION_MS);
      transaction.oncomplete = () => {
        clearTimeout(timer);
        resolve(value);
      };
      transaction.onabort = () => {
        clearTimeout(timer);
        reject(isFull(transaction.error) ? transaction.error : failure || transaction.error || new Error("IndexedDB undid a transaction"));
      };
      work((name) => transaction.objectStore(name)).then((result) => {
        value = result;
      }, undo);
    });
  }

  return {
    /**
     * @template T
     * @param {IDBTransactionMode} mode
     * @param {(store: (name: string) => IDBObjectStore) => Promise<T>} work
     * @returns {Promise<T>}
     */
    async transact(mode, work) {
      try {
        return await once(mode, work);
      } catch (error) {
        const { name = "" } = /** @type {{ name?: string }} */ (error || {});
        // Safari ends the connections of an app in the background. Writing the same under the same key is harmless.
        if (isFull(error) || !["InvalidStateError", "UnknownError", "AbortError"].includes(name)) throw error;
        if (database) database.close();
        database = null;
        try {
          return await once(mode, work);
        } catch (again) {
          // Firefox says just this of a full disk; Safari names the connection.
          const isRefused = again instanceof Error && again.name === "UnknownError" && !/connection/i.test(again.message);
          throw isRefused && mode === "readwrite" ? new DOMException(again.message, "QuotaExceededError") : again;
        }
      }
    },
    end() {
      over = true;
      if (database) database.close();
      database = null;
    },
  };
}

/** @typedef {NonNullable<Awaited<ReturnType<typeof openConnection>>>} Connection */
