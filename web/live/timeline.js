/**
 * Where each generation lies on the element's timeline, and what wall time a place on it has. Pure.
 *
 *   const timeline = createTimeline();
 *   timeline.place({ generation, startMs }, bufferedEndS)   the timestampOffset, in seconds
 *   timeline.wallMsAt(currentTimeS)                         null before the first one
 *
 * A generation lies where its wall time says, as seen from the first one: what a new connection repeats then falls onto what
 * is there already, and playing goes on. Only clocks that disagree move it: it never covers media of another one.
 *
 * @module
 */

/** Media may begin a little below zero, and what lies below zero is dropped, with the group of pictures that needs it. */
const BEGIN_S = 1;

/** @typedef {{ generation: number, startMs: number }} Placed */

export function createTimeline() {
  /** @type {(Placed & { offsetS: number, fromS: number })[]} */
  let pieces = [];

  return {
    /** @param {Placed} placed @param {number} bufferedEndS 0 where nothing is buffered */
    place({ generation, startMs }, bufferedEndS) {
      const last = pieces[pieces.length - 1];
      if (!last) {
        pieces = [{ generation, startMs, offsetS: BEGIN_S, fromS: 0 }];
        return BEGIN_S;
      }
      const isSame = last.generation === generation;
      if (isSame && last.startMs === startMs) return last.offsetS;
      // Within a generation one clock counts, and what is repeated is the same.
      const base = isSame ? last : pieces[0];
      const byWallS = base.offsetS + (startMs - base.startMs) / 1000;
      const offsetS = isSame ? byWallS : Math.max(byWallS, bufferedEndS);
      pieces.push({ generation, startMs, offsetS, fromS: isSame ? Math.max(last.fromS, offsetS) : Math.max(last.fromS, bufferedEndS) });
      // Two are on screen at most; the first one is what all are placed by.
      if (pieces.length > 4) pieces.splice(1, 1);
      return offsetS;
    },

    /** @param {number} timeS */
    wallMsAt(timeS) {
      let found = null;
      for (const piece of pieces) if (found === null || piece.fromS <= timeS) found = piece;
      return found === null ? null : found.startMs + (timeS - found.offsetS) * 1000;
    },
  };
}
