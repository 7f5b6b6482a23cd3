/**
 * One session's spool, over whatever keeps it: who has which bytes, one operation at a time, and the newest
 * megabytes in memory, so that live media is not read back from the device.
 *
 *   const spool = createSessionSpool({ session, kind, drawer, limit, lock });
 *   await spool.note(entry);                          // in the log, on the device, when it resolves
 *   await spool.append(generation, bytes);            // on the device when it resolves; SpoolFullError: nothing was kept
 *   await spool.read(generation, position, length);   // at most length bytes, at least one
 *   await spool.forget(generation, below);            // the server has everything below
 *   spool.entries(), spool.held(), spool.holds(), spool.limitBytes, spool.isLimitKnown
 *   await spool.discard();                            // nothing of it stays
 *   await spool.release();                            // everything of it stays, for another page
 *
 * `holds()` also names a generation of which nothing is left to deliver (`first` equals `end`): its length is worth
 * knowing. After a reload it may begin below what was forgotten, never above.
 *
 * @module
 */

import { isFull, SpoolFullError } from "./spool-limit.js";
import { createRecent } from "./spool-pieces.js";

/** @typedef {{ generation: number, first: number, end: number }} Range */
/** @typedef {Record<string, any>} Entry */

/**
 * What one kind of storage keeps of one session. Never called twice at a time.
 * @typedef {object} Drawer
 * @property {Entry[]} entries the log as it was found
 * @property {Range[]} found
 * @property {boolean} inMemory reading costs nothing
 * @property {(generation: number, position: number, bytes: Uint8Array) => Promise<void>} append durable when it resolves; keeps nothing when it rejects
 * @property {(entry: Entry) => Promise<void>} note
 * @property {(generation: number, position: number, length: number) => Promise<Uint8Array>} read
 * @property {(generation: number, below: number, all: boolean) => Promise<boolean>} free one step, where it is worth one;
 *   `all`: room is needed now. True: there is more to free
 * @property {() => number} stored bytes that it takes
 * @property {() => Promise<void>} clear
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} SessionSpool
 * @property {string} session
 * @property {string} kind
 * @property {number} limitBytes how much may wait here; changes with what the device has room for
 * @property {boolean} isLimitKnown false where the browser does not tell, and the limit is a guess
 * @property {() => Entry[]} entries the log, oldest first
 * @property {(entry: Entry) => Promise<void>} note
 * @property {(generation: number, bytes: Uint8Array) => Promise<void>} append
 * @property {(generation: number, position: number, length: number) => Promise<Uint8Array>} read
 * @property {(generation: number, below: number) => Promise<void>} forget
 * @property {() => number} held bytes that the server does not have yet
 * @property {() => Range[]} holds
 * @property {() => Promise<void>} discard
 * @property {() => Promise<void>} release
 * @property {(why: string) => void} abandon the page may use it no more: at once, without waiting
 */

const MIB = 1024 * 1024;

/** Several seconds of any camera: what goes to the server live is still here. */
const RECENT_BYTES = 4 * MIB;
/** What one reading brings while catching up; each costs a message to a worker or a transaction. */
const READ_AHEAD_BYTES = MIB;

/**
 * @param {object} options
 * @param {string} options.session
 * @param {string} options.kind
 * @param {Drawer} options.drawer
 * @param {import("./spool-limit.js").Limit} options.limit
 * @param {{ release: () => void }} options.lock
 * @param {(spool: SessionSpool) => void} [options.onOver]
 * @returns {SessionSpool}
 */
export function createSessionSpool({ session, kind, drawer, limit, lock, onOver = () => {} }) {
  const entries = drawer.entries.slice();
  /** @type {Map<number, { first: number, end: number }>} */
  const generations = new Map(drawer.found.map(({ generation, first, end }) => [generation, { first, end }]));
  const recent = createRecent(drawer.inMemory ? 0 : RECENT_BYTES);
  /** What the last reading brought. @type {{ generation: number, position: number, bytes: Uint8Array } | null} */
  let ahead = null;
  /** Generations of which something may be freed. @type {Set<number>} */
  const forgotten = new Set();
  let freeing = false;
  /** @type {Error | null} */
  let over = null;

  /** @type {Promise<unknown>} */
  let tail = Promise.resolve();
  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  const inTurn = (work) => {
    const mine = tail.then(() => {
      if (over) throw over;
      return work();
    });
    tail = mine.catch(() => {});
    return mine;
  };

  const held = () => {
    let bytes = 0;
    for (const { first, end } of generations.values()) bytes += end - first;
    return bytes;
  };
  const limitBytes = () => limit.bytes(held());

  /**
   * One step of the freeing; the limit learns of it.
   * @param {number} generation
   * @param {boolean} all
   */
  async function freeStep(generation, all) {
    const kept = generations.get(generation);
    const before = drawer.stored();
    const more = kept ? await drawer.free(generation, kept.first, all) : false;
    limit.gave(before - drawer.stored());
    return more;
  }

  /** @param {boolean} all */
  async function freeAll(all) {
    try {
      for (const generation of generations.keys()) {
        while (await freeStep(generation, all));
      }
    } catch {
      // Nothing is lost by what stays.
    }
  }

  /** In the background and in pieces, so that no chunk waits for it long. */
  function freeLater() {
    if (freeing) return;
    freeing = true;
    void (async () => {
      try {
        while (forgotten.size > 0) {
          const generation = Array.from(forgotten)[0];
          forgotten.delete(generation);
          while (await inTurn(() => freeStep(generation, false)));
        }
      } catch {
        // What was not freed is freed with what is forgotten next, or with the session.
      } finally {
        freeing = false;
      }
    })();
  }

  /** @param {number} bytes */
  async function makeRoom(bytes) {
    if (limit.fits(bytes)) return;
    await freeAll(true);
    if (!limit.fits(bytes)) await limit.refreshSoon();
    if (!limit.fits(bytes)) throw new SpoolFullError(limitBytes());
  }

  /**
   * What the browser refuses is tried once more where something can be freed for it.
   * @param {() => Promise<void>} work
   */
  async function write(work) {
    try {
      await work();
    } catch (error) {
      if (!isFull(error)) throw error;
      const before = drawer.stored();
      await freeAll(true);
      try {
        if (drawer.stored() === before) throw error;
        await work();
      } catch (again) {
        if (!isFull(again)) throw again;
        limit.refused();
        throw new SpoolFullError(limitBytes());
      }
    }
  }

  /** @param {number} generation @param {number} position @param {number} until */
  function fromAhead(generation, position, until) {
    if (!ahead || ahead.generation !== generation) return null;
    const from = position - ahead.position;
    if (from < 0 || from >= ahead.bytes.length) return null;
    return ahead.bytes.subarray(from, Math.min(ahead.bytes.length, until - ahead.position));
  }

  /** @param {string} why */
  function finish(why) {
    if (over) return;
    over = new Error(why);
    lock.release();
    onOver(spool);
  }

  /** @type {SessionSpool} */
  const spool = {
    session,
    kind,
    get limitBytes() {
      return limitBytes();
    },
    get isLimitKnown() {
      return limit.isKnown;
    },

    entries: () => entries.slice(),

    note(entry) {
      return inTurn(async () => {
        // As a reload would find it.
        const kept = JSON.parse(JSON.stringify(entry));
        await write(() => drawer.note(kept));
        entries.push(kept);
      });
    },

    append(generation, bytes) {
      return inTurn(async () => {
        if (bytes.length === 0) return;
        await makeRoom(bytes.length);
        const known = generations.get(generation);
        const position = known ? known.end : 0;
        await write(() => drawer.append(generation, position, bytes));
        limit.took(bytes.length);
        if (known) {
          known.end += bytes.length;
        } else {
          // A generation keeps a little of its storage while it is the newest one.
          for (const earlier of generations.keys()) forgotten.add(earlier);
          generations.set(generation, { first: 0, end: bytes.length });
          freeLater();
        }
        if (!drawer.inMemory) recent.add(generation, position, bytes);
      });
    },

    async read(generation, position, length) {
      if (over) throw over;
      const kept = generations.get(generation);
      if (!kept || length < 1 || position < kept.first || position >= kept.end) {
        throw new RangeError(`generation ${generation} holds no byte ${position}`);
      }
      const until = Math.min(position + length, kept.end);
      const known = recent.read(generation, position, until) || fromAhead(generation, position, until);
      if (known) return known;
      return inTurn(async () => {
        if (drawer.inMemory) return drawer.read(generation, position, until - position);
        // A reading that waited here before may have brought it.
        const brought = fromAhead(generation, position, until);
        if (brought) return brought;
        const wanted = Math.min(Math.max(until - position, READ_AHEAD_BYTES), kept.end - position);
        const bytes = await drawer.read(generation, position, wanted);
        ahead = { generation, position, bytes };
        return bytes.subarray(0, until - position);
      });
    },

    async forget(generation, below) {
      const kept = generations.get(generation);
      if (over || !kept || below <= kept.first) return;
      kept.first = Math.min(below, kept.end);
      recent.forget(generation, kept.first);
      if (ahead && ahead.generation === generation && ahead.position + ahead.bytes.length <= kept.first) ahead = null;
      forgotten.add(generation);
      freeLater();
    },

    held,

    holds() {
      return Array.from(generations, ([generation, { first, end }]) => ({ generation, first, end })).sort(
        (one, other) => one.generation - other.generation,
      );
    },

    discard() {
      return inTurn(async () => {
        const before = drawer.stored();
        await drawer.clear();
        limit.gave(before);
        generations.clear();
        finish("the spool of this session has been discarded");
      });
    },

    async release() {
      // Whoever has let go of it already has done so.
      if (over) return;
      await inTurn(async () => {
        try {
          await freeAll(false);
          await drawer.close();
        } finally {
          finish("the spool of this session has been released");
        }
      });
    },

    abandon: finish,
  };
  return spool;
}
