/**
 * The last resort of the spool: the page's memory. What waits here dies with the page.
 *
 *   const cabinet = openMemory();                         // for spool.js
 *   const spool = createMemorySpool({ limitBytes });      // a single spool, of a session that needs no name
 *
 * @module
 */

import { createLimit, SpoolFullError } from "./spool-limit.js";
import { pieceAt, readPieces } from "./spool-pieces.js";
import { createSessionSpool } from "./spool-session.js";

/** @typedef {import("./spool-pieces.js").Piece} Piece */

/**
 * What delivers media needs no more of a spool than this.
 * @typedef {Pick<import("./spool-session.js").SessionSpool, "limitBytes" | "append" | "read" | "forget" | "held" | "holds">} Spool
 */

/** Old iPads end a page that takes much more; at 2.5 Mbit/s it is some thirteen minutes. */
export const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;

export { SpoolFullError };

/** @returns {import("./spool-session.js").Drawer} */
function createDrawer() {
  /** @type {Map<number, Piece[]>} */
  const generations = new Map();
  let stored = 0;

  return {
    entries: [],
    found: [],
    inMemory: true,
    async note() {},
    async append(generation, position, bytes) {
      const pieces = generations.get(generation) || [];
      generations.set(generation, pieces);
      pieces.push({ position, bytes });
      stored += bytes.length;
    },
    async read(generation, position, length) {
      return readPieces(generations.get(generation) || [], position, position + length);
    },
    async free(generation, below) {
      const pieces = generations.get(generation) || [];
      // A piece goes when the server has all of it; until then its memory is still in use.
      const at = pieceAt(pieces, below);
      const last = pieces[pieces.length - 1];
      const freed = at >= 0 ? at : last && last.position + last.bytes.length <= below ? pieces.length : 0;
      for (const { bytes } of pieces.splice(0, freed)) stored -= bytes.length;
      return false;
    },
    stored: () => stored,
    async clear() {
      generations.clear();
      stored = 0;
    },
    async close() {
      generations.clear();
      stored = 0;
    },
  };
}

/** @returns {import("./spool.js").Cabinet} */
export function openMemory() {
  /** @type {Set<string>} */
  const open = new Set();
  return {
    kind: "memory",
    lasting: false,
    async list() {
      return [];
    },
    async open(session, { create }) {
      if (!create || open.has(session)) return null;
      open.add(session);
      const drawer = createDrawer();
      /** @param {() => Promise<void>} end */
      const ending = (end) => async () => {
        open.delete(session);
        await end();
      };
      return { ...drawer, clear: ending(drawer.clear), close: ending(drawer.close) };
    },
    async remove() {},
    letGo() {},
  };
}

/** @param {{ limitBytes?: number }} [options] */
export function createMemorySpool({ limitBytes = MEMORY_LIMIT_BYTES } = {}) {
  const limit = createLimit({ fixedBytes: limitBytes });
  return createSessionSpool({ session: "", kind: "memory", drawer: createDrawer(), limit, lock: { release() {} } });
}
