/**
 * While nothing more can wait on this device: when to try again. Pure but for the clock that it is given.
 *
 *   const full = createStorageFull({ now, roomBytes, limitBytes, goOn });
 *   full.began();      // the device's storage took no more
 *   full.tick();       // about once a second
 *   full.forget();
 *   full.isFull
 *
 * @module
 */

/** Less than this fills again before it is worth a file. */
const ENOUGH_BYTES = 16 * 1024 * 1024;
/** A part of what may wait at all, where that is little. */
const ENOUGH_PART = 0.25;
/** Between attempts that fail although the browser says that there is room: it may not know the device's disk. */
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60000;
/** A recording that goes on for this long had room. */
const WORKED_MS = 10000;

/**
 * @param {object} options
 * @param {() => number} options.now
 * @param {() => number} options.roomBytes
 * @param {() => number} options.limitBytes
 * @param {() => void} options.goOn
 */
export function createStorageFull({ now, roomBytes, limitBytes, goOn }) {
  let isFull = false;
  let waitMs = FIRST_WAIT_MS;
  let fullMs = 0;
  let wentOnMs = -Infinity;

  return {
    began() {
      if (isFull) return;
      isFull = true;
      fullMs = now();
      waitMs = fullMs - wentOnMs < WORKED_MS ? Math.min(waitMs * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    },

    tick() {
      if (!isFull || now() - fullMs < waitMs) return;
      if (roomBytes() < Math.min(ENOUGH_BYTES, limitBytes() * ENOUGH_PART)) return;
      isFull = false;
      wentOnMs = now();
      goOn();
    },

    forget() {
      isFull = false;
      wentOnMs = -Infinity;
    },

    get isFull() {
      return isFull;
    },
  };
}

/** @typedef {ReturnType<typeof createStorageFull>} StorageFull */
