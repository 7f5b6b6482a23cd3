/**
 * When the encoder had handed over how much: the `clock` messages, each sent between the last byte that it speaks
 * of and the next one. A durable byte behind it proves that it has arrived.
 *
 *   const clocks = createClocks();
 *   clocks.isDue(generation, atMs)         // whether the next one may be made
 *   clocks.add({ generation, end, at_ms });
 *   clocks.next(generation, sent)          // the text of one that is to be sent now, noted as sent, or null
 *   clocks.nextEnd(generation, from)       // the byte at which media sent from there has to pause for one
 *   clocks.durable(generation, below)
 *   clocks.repeat(generation, received)    // a new connection
 *   clocks.drop(generation)                // its end has arrived, or nothing of it ever will
 *
 * @module
 */

/** The protocol's limit; a drift of 500 ppm makes 5 ms in this time. */
const EVERY_MS = 10000;

/** @typedef {{ generation: number, end: number, at_ms: number }} Clock */

export function createClocks() {
  /** @type {Map<number, { list: Clock[], sent: number, lastMs: number }>} */
  const generations = new Map();

  /** @param {number} generation */
  const of = (generation) => {
    let kept = generations.get(generation);
    if (!kept) {
      kept = { list: [], sent: 0, lastMs: -Infinity };
      generations.set(generation, kept);
    }
    return kept;
  };

  return {
    /** @param {number} generation @param {number} atMs */
    isDue: (generation, atMs) => atMs - of(generation).lastMs >= EVERY_MS,

    /** @param {Clock} clock */
    add(clock) {
      const kept = of(clock.generation);
      kept.lastMs = Math.max(kept.lastMs, clock.at_ms);
      kept.list.push(clock);
    },

    /** @param {number} generation @param {number} sent */
    next(generation, sent) {
      const kept = generations.get(generation);
      if (!kept) return null;
      // The server looks at its demuxer when a reading comes: it is for this byte only.
      while (kept.sent < kept.list.length && kept.list[kept.sent].end < sent) kept.sent += 1;
      const clock = kept.list[kept.sent];
      if (!clock || clock.end > sent) return null;
      kept.sent += 1;
      return JSON.stringify({ type: "clock", ...clock });
    },

    /** @param {number} generation @param {number} from */
    nextEnd(generation, from) {
      const kept = generations.get(generation);
      const clock = kept && kept.list.slice(kept.sent).find(({ end }) => end > from);
      return clock ? clock.end : Infinity;
    },

    /** @param {number} generation @param {number} below */
    durable(generation, below) {
      const kept = generations.get(generation);
      if (!kept) return;
      const left = kept.list.filter(({ end }) => end >= below);
      kept.sent = Math.max(0, kept.sent - (kept.list.length - left.length));
      kept.list = left;
    },

    /** @param {number} generation @param {number} received */
    repeat(generation, received) {
      const kept = generations.get(generation);
      // What lies before bytes that the server has was sent before them.
      if (kept) kept.sent = kept.list.filter(({ end }) => end < received).length;
    },

    /** @param {number} generation */
    drop(generation) {
      const kept = generations.get(generation);
      if (!kept) return;
      kept.list = [];
      kept.sent = 0;
    },
  };
}

/** @typedef {ReturnType<typeof createClocks>} Clocks */
