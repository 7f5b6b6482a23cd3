/**
 * The blobs of a recorder, in order, as bytes that somebody keeps.
 *
 *   const blobs = createBlobs({ onBytes, onUnreadable });
 *   blobs.add(blob, handedMs);
 *   await blobs.settled();      // everything added has been through onBytes
 *
 * Blobs are read one after the other: two reads that race would swap their bytes. Behind one that cannot be read
 * nothing is handed on, since everything behind a hole in the stream is worthless.
 *
 * What comes while earlier bytes are being kept is handed on together: storage that takes longer for a flush than the
 * encoder for a blob stays a flush behind, where with a flush for each blob it would fall behind more and more.
 *
 * @module
 */

/** Together goes what was handed over within a second: no more than an encoder that is asked for bytes each second gives. */
const TOGETHER_MS = 1000;

/** @typedef {{ blob: Blob, handedMs: number }} Waiting */

/** @param {Uint8Array[]} pieces */
function joined(pieces) {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * @param {object} options
 * @param {(bytes: Uint8Array, about: { handedMs: number }) => void | Promise<void>} options.onBytes awaited: the next
 *   call comes after it; `handedMs`: when the last of these bytes were handed over
 * @param {(reason: unknown) => void} options.onUnreadable
 */
export function createBlobs({ onBytes, onUnreadable }) {
  /** @type {Waiting[]} */
  const waiting = [];
  let busy = false;
  let holed = false;
  /** @type {Promise<void>} */
  let tail = Promise.resolve();

  function takeTogether() {
    const untilMs = waiting[0].handedMs + TOGETHER_MS;
    const later = waiting.findIndex(({ handedMs }) => handedMs >= untilMs);
    return waiting.splice(0, later < 0 ? waiting.length : later);
  }

  async function handOn() {
    const some = takeTogether();
    /** @type {Uint8Array[]} */
    const pieces = [];
    let handedMs = 0;
    /** @type {unknown} */
    let reason;
    for (const one of some) {
      try {
        pieces.push(new Uint8Array(await one.blob.arrayBuffer()));
      } catch (error) {
        holed = true;
        reason = error;
        break;
      }
      handedMs = one.handedMs;
    }
    if (pieces.length > 0) await onBytes(joined(pieces), { handedMs });
    if (holed) onUnreadable(reason);
  }

  async function work() {
    try {
      while (waiting.length > 0 && !holed) await handOn();
    } catch (error) {
      holed = true;
      throw error;
    } finally {
      busy = false;
      if (holed) waiting.length = 0;
    }
  }

  return {
    /** @param {Blob} blob @param {number} handedMs */
    add(blob, handedMs) {
      if (holed) return;
      waiting.push({ blob, handedMs });
      if (busy) return;
      busy = true;
      tail = tail.then(work);
    },

    settled: () => tail,
  };
}
