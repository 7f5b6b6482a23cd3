/**
 * Byte strings that lie one behind the other, read as one; and a bounded store of the newest of them.
 *
 *   readPieces(pieces, position, until)     // a Uint8Array; of a single piece without a copy
 *   const recent = createRecent(RECENT_BYTES);
 *   recent.add(generation, position, bytes);
 *   recent.read(generation, position, until)   // null where it does not begin in here
 *   recent.forget(generation, below);
 *
 * @module
 */

/** @typedef {{ position: number, bytes: Uint8Array }} Piece */

/**
 * The index of the piece that holds a position; the pieces are in order and without holes.
 * @param {Piece[]} pieces
 * @param {number} position
 */
export function pieceAt(pieces, position) {
  let low = 0;
  let high = pieces.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle];
    if (position < piece.position) high = middle - 1;
    else if (position >= piece.position + piece.bytes.length) low = middle + 1;
    else return middle;
  }
  return -1;
}

/**
 * @param {Piece[]} pieces
 * @param {number} position held by one of them
 * @param {number} until
 * @returns {Uint8Array} up to `until`, or up to the end of the last piece
 */
export function readPieces(pieces, position, until) {
  const index = pieceAt(pieces, position);
  if (index < 0) throw new RangeError(`no piece holds byte ${position}`);
  const last = pieces[pieces.length - 1];
  const end = Math.min(until, last.position + last.bytes.length);
  const piece = pieces[index];
  if (piece.position + piece.bytes.length >= end) {
    return piece.bytes.subarray(position - piece.position, end - piece.position);
  }
  const joined = new Uint8Array(end - position);
  for (let at = index; at < pieces.length && pieces[at].position < end; at += 1) {
    const { position: start, bytes } = pieces[at];
    const from = Math.max(position, start);
    joined.set(bytes.subarray(from - start, Math.min(end - start, bytes.length)), from - position);
  }
  return joined;
}

/** @param {number} limitBytes */
export function createRecent(limitBytes) {
  /** Pieces of a generation, without holes. @type {Map<number, Piece[]>} */
  const kept = new Map();
  let bytesKept = 0;

  /** @param {number} generation @param {Piece[]} pieces */
  const dropFirst = (generation, pieces) => {
    const first = pieces.shift();
    if (first) bytesKept -= first.bytes.length;
    if (pieces.length === 0) kept.delete(generation);
  };

  return {
    /** @param {number} generation @param {number} position @param {Uint8Array} bytes */
    add(generation, position, bytes) {
      if (bytes.length > limitBytes) {
        // Everything before it would have to go, and it would not fit even so.
        return;
      }
      let pieces = kept.get(generation);
      const last = pieces && pieces[pieces.length - 1];
      if (pieces && last && last.position + last.bytes.length !== position) {
        while (kept.has(generation)) dropFirst(generation, pieces);
        pieces = undefined;
      }
      if (!pieces) {
        pieces = [];
        kept.set(generation, pieces);
      }
      pieces.push({ position, bytes });
      bytesKept += bytes.length;
      // Generations came in the order of their numbers: the first is the oldest.
      while (bytesKept > limitBytes) {
        const oldest = Array.from(kept.entries())[0];
        dropFirst(oldest[0], oldest[1]);
      }
    },

    /** @param {number} generation @param {number} position @param {number} until @returns {Uint8Array | null} */
    read(generation, position, until) {
      const pieces = kept.get(generation);
      return pieces && pieceAt(pieces, position) >= 0 ? readPieces(pieces, position, until) : null;
    },

    /** @param {number} generation @param {number} below */
    forget(generation, below) {
      const pieces = kept.get(generation);
      while (pieces && pieces.length > 0 && pieces[0].position + pieces[0].bytes.length <= below) {
        dropFirst(generation, pieces);
      }
    },
  };
}
