/**
 * Where media waits until the server has it on disk: here, in memory. Asynchronous, so that storage on the
 * device can take its place.
 *
 *   const spool = createMemorySpool({ limitBytes });
 *   await spool.append(generation, bytes);        // SpoolFullError: nothing of it was kept
 *   await spool.read(generation, position, length)  // a Uint8Array of at most length bytes, at least one
 *   await spool.forget(generation, below);        // the server has everything below
 *   spool.held(), spool.limitBytes
 *   spool.holds()                                 // [{ generation, first, end }]
 *
 * @module
 */

/**
 * @typedef {object} Spool
 * @property {number} limitBytes
 * @property {(generation: number, bytes: Uint8Array) => Promise<void>} append
 * @property {(generation: number, position: number, length: number) => Promise<Uint8Array>} read
 * @property {(generation: number, below: number) => Promise<void>} forget
 * @property {() => number} held
 * @property {() => { generation: number, first: number, end: number }[]} holds
 */

/** Old iPads end a page that takes much more; at 2.5 Mbit/s it is some thirteen minutes. */
export const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024;

export class SpoolFullError extends Error {
  /** @param {number} limitBytes */
  constructor(limitBytes) {
    super(`the spool is full (${limitBytes} bytes)`);
    this.name = "SpoolFullError";
  }
}

/**
 * @param {{ limitBytes?: number }} [options]
 * @returns {Spool}
 */
export function createMemorySpool(options = {}) {
  const limitBytes = options.limitBytes || MEMORY_LIMIT_BYTES;
  /** @typedef {{ position: number, bytes: Uint8Array }} Piece */
  /** @type {Map<number, { first: number, end: number, pieces: Piece[] }>} */
  const generations = new Map();
  let held = 0;

  /** @param {number} generation */
  const of = (generation) => {
    let kept = generations.get(generation);
    if (!kept) {
      kept = { first: 0, end: 0, pieces: [] };
      generations.set(generation, kept);
    }
    return kept;
  };

  return {
    limitBytes,
    async append(generation, bytes) {
      if (held + bytes.length > limitBytes) throw new SpoolFullError(limitBytes);
      const kept = of(generation);
      if (bytes.length === 0) return;
      kept.pieces.push({ position: kept.end, bytes });
      kept.end += bytes.length;
      held += bytes.length;
    },
    async read(generation, position, length) {
      const kept = generations.get(generation);
      if (!kept || position < kept.first || position >= kept.end) {
        throw new RangeError(`generation ${generation} holds no byte ${position}`);
      }
      const until = Math.min(position + length, kept.end);
      const index = kept.pieces.findIndex((piece) => piece.position + piece.bytes.length > position);
      const piece = kept.pieces[index];
      if (piece.position + piece.bytes.length >= until) {
        return piece.bytes.subarray(position - piece.position, until - piece.position);
      }
      const joined = new Uint8Array(until - position);
      for (let at = index; at < kept.pieces.length && kept.pieces[at].position < until; at += 1) {
        const { position: start, bytes } = kept.pieces[at];
        const from = Math.max(position, start);
        joined.set(bytes.subarray(from - start, Math.min(until - start, bytes.length)), from - position);
      }
      return joined;
    },
    async forget(generation, below) {
      const kept = generations.get(generation);
      if (!kept || below <= kept.first) return;
      const first = Math.min(below, kept.end);
      // A piece goes when the server has all of it; until then its memory is still in use.
      while (kept.pieces.length > 0) {
        const { position, bytes } = kept.pieces[0];
        if (position + bytes.length > first) break;
        kept.pieces.shift();
        held -= bytes.length;
      }
      kept.first = first;
    },
    held: () => held,
    holds() {
      const list = [];
      for (const [generation, { first, end }] of generations) {
        if (end > first) list.push({ generation, first, end });
      }
      return list;
    },
  };
}
