// A world with a clock of its own and dice that fall the same way for the same seed: what takes hours runs in
// milliseconds, and a failure can be had again from its number.
//
//   const world = createWorld(seed);
//   world.at(ms, work)            // in that many ms; returns a function that takes it back
//   world.timers()                // setTimeout and clearTimeout of one page; drop() ends them all
//   await world.run(() => done, withinMs)

/** Numbers from 0 to 1. @param {number} seed */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const immediate = globalThis.setImmediate;
/** Everything that follows by itself has happened. */
export const settle = () => new Promise((resolve) => immediate(resolve));

/** @param {number} seed */
export function createWorld(seed) {
  const random = dice(seed);
  /** A binary heap by time, then by the order of making. */
  const heap = [];
  let made = 0;
  let timers = 0;
  let now = 0;

  const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
  const swap = (a, b) => ([heap[a], heap[b]] = [heap[b], heap[a]]);

  function push(item) {
    let at = heap.push(item) - 1;
    while (at > 0 && before(heap[at], heap[(at - 1) >> 1])) {
      swap(at, (at - 1) >> 1);
      at = (at - 1) >> 1;
    }
  }

  function pop() {
    swap(0, heap.length - 1);
    const item = heap.pop();
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && before(heap[child], heap[least])) least = child;
      }
      if (least === at) return item;
      swap(at, least);
      at = least;
    }
  }

  const world = {
    random,
    /** @param {number} from @param {number} to whole numbers, both included */
    between: (from, to) => from + Math.floor(random() * (to - from + 1)),
    /** @param {number} part */
    chance: (part) => random() < part,
    now: () => now,

    at(ms, work) {
      const item = { at: now + Math.max(0, ms), order: (made += 1), work };
      push(item);
      return () => {
        item.work = null;
      };
    },

    wait: (ms) => new Promise((resolve) => world.at(ms, resolve)),

    timers() {
      const open = new Map();
      return {
        setTimeout(work, ms = 0) {
          // What a dead page still takes back is not the next one's.
          const mine = (timers += 1);
          open.set(
            mine,
            world.at(ms, () => {
              open.delete(mine);
              work();
            }),
          );
          return mine;
        },
        clearTimeout(mine) {
          const takeBack = open.get(mine);
          if (takeBack) takeBack();
          open.delete(mine);
        },
        drop() {
          for (const takeBack of open.values()) takeBack();
          open.clear();
        },
        get size() {
          return open.size;
        },
      };
    },

    async run(isDone, withinMs) {
      const until = now + withinMs;
      await settle();
      while (!isDone()) {
        if (heap.length === 0 || heap[0].at > until) return false;
        const { at, work } = pop();
        if (!work) continue;
        now = at;
        work();
        await settle();
      }
      return true;
    },
  };
  return world;
}
