// A device's storage that outlives its pages, as the contract of SessionSpool has it.
//
//   const disk = createDisk();                       // immediate
//   const disk = createDisk({ delay, isSafe });       // delay(): before each operation; isSafe(generation, below) hears of each forget
//   const spool = disk.open();                        // one page's hold of it
//   spool.kill((waiting) => 0);                       // the page is gone; so many of what was under way happened
//   disk.stored(generation)                           // every byte it ever took
//   disk.log

import { SpoolFullError } from "../../../web/lib/spool.js";

/**
 * @param {object} [options]
 * @param {() => Promise<void>} [options.delay] before an operation takes effect
 * @param {(generation: number, below: number) => void} [options.isSafe] hears what is to be forgotten
 * @param {number} [options.limitBytes]
 */
export function createDisk({ delay = async () => {}, isSafe = () => {}, limitBytes = Infinity } = {}) {
  /** @type {Map<number, { first: number, bytes: number[] }>} */
  const generations = new Map();
  const log = [];
  let limit = limitBytes;

  const of = (generation) => {
    if (!generations.has(generation)) generations.set(generation, { first: 0, bytes: [] });
    return generations.get(generation);
  };
  const held = () => Array.from(generations.values()).reduce((sum, { first, bytes }) => sum + bytes.length - first, 0);

  function open() {
    let alive = true;
    let tail = Promise.resolve();
    /** What has been asked for and has not happened, oldest first. */
    const waiting = [];
    const failures = { read: 0, note: 0, append: 0 };

    const inTurn = (kind, effect) => {
      const item = { kind, effect };
      waiting.push(item);
      const mine = tail.then(async () => {
        await delay();
        // A page that is gone hears nothing any more.
        if (!alive) return new Promise(() => {});
        waiting.splice(waiting.indexOf(item), 1);
        if (failures[kind] > 0) {
          failures[kind] -= 1;
          throw new Error(`${kind} fails`);
        }
        return effect();
      });
      tail = mine.catch(() => {});
      return mine;
    };

    return {
      session: "session-0001",
      kind: "fake",
      failures,
      get limitBytes() {
        return limit;
      },
      entries: () => log.slice(),
      note: (entry) =>
        inTurn("note", () => {
          log.push(JSON.parse(JSON.stringify(entry)));
        }),
      append: (generation, bytes) =>
        inTurn("append", () => {
          if (held() + bytes.length > limit) throw new SpoolFullError(limit);
          for (const byte of bytes) of(generation).bytes.push(byte);
        }),
      read: (generation, position, length) =>
        inTurn("read", () => {
          const { first, bytes } = of(generation);
          if (position < first || position >= bytes.length) throw new RangeError(`no byte ${position} of ${generation}`);
          return new Uint8Array(bytes.slice(position, position + length));
        }),
      async forget(generation, below) {
        if (!alive) return;
        isSafe(generation, below);
        const kept = of(generation);
        kept.first = Math.max(kept.first, Math.min(below, kept.bytes.length));
      },
      held,
      holds: () =>
        Array.from(generations, ([generation, { first, bytes }]) => ({ generation, first, end: bytes.length })).filter(
          ({ end }) => end > 0,
        ),
      /** What was under way happened, or not, in order. @param {(waiting: number) => number} howMany */
      kill(howMany) {
        alive = false;
        for (const { kind, effect } of waiting.splice(0, howMany(waiting.length))) if (kind !== "read") effect();
      },
    };
  }

  return {
    log,
    open,
    generations,
    stored: (generation) => of(generation).bytes,
    held,
    /** Freeing is lazy: a reload may find more than was left. */
    fallBack(generation, first) {
      const kept = of(generation);
      kept.first = Math.min(kept.first, first);
    },
    set limitBytes(bytes) {
      limit = bytes;
    },
  };
}
