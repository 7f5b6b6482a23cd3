/**
 * The sign of life of a recording: by it a later visit knows whether the recording was interrupted, since when, and
 * what was going on. The session's log gets it every few seconds; what changes every second stands in the browser's
 * small storage, which is written in memory first and outlives the page, though not always a flat battery.
 *
 *   const life = createLife({ spool, storage, clock, ongoing: () => gaps.ongoing() });
 *   life.handed(handedMs);      // the encoder handed something over, and it is kept
 *   life.tick();                // the page is alive
 *   await life.stopping();      // Stop was pressed
 *   recall(storage, session)    // { handedMs, stopping } of an earlier visit, or null
 *   forget(storage, session); forgetOthers(storage, sessions);
 *
 * @module
 */

/** Each entry is a write to flash memory. */
const EVERY_MS = 5000;
const PREFIX = "localcamera.alive.";

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} SmallStorage */

/**
 * @param {SmallStorage | null} storage
 * @param {string} session
 * @returns {{ handedMs: number, stopping: boolean } | null}
 */
export function recall(storage, session) {
  try {
    const kept = JSON.parse((storage && storage.getItem(PREFIX + session)) || "null");
    if (!kept || typeof kept.handedMs !== "number") return null;
    return { handedMs: kept.handedMs, stopping: kept.stopping === true };
  } catch {
    return null;
  }
}

/** @param {SmallStorage | null} storage @param {string} session */
export function forget(storage, session) {
  if (storage) storage.removeItem(PREFIX + session);
}

/** Of sessions that are no longer on this device. @param {SmallStorage | null} storage @param {string[]} sessions */
export function forgetOthers(storage, sessions) {
  if (!storage) return;
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) || "");
  for (const key of keys) {
    if (key.startsWith(PREFIX) && !sessions.includes(key.slice(PREFIX.length))) storage.removeItem(key);
  }
}

/**
 * @param {object} options
 * @param {{ session: string, note: (entry: object) => Promise<void> }} options.spool
 * @param {SmallStorage | null} options.storage
 * @param {{ now: () => number }} options.clock
 * @param {() => object[]} options.ongoing gaps that are open
 */
export function createLife({ spool, storage, clock, ongoing }) {
  let handedMs = clock.now();
  let stopping = false;
  let notedMs = -Infinity;

  const keep = () => {
    try {
      if (storage) storage.setItem(PREFIX + spool.session, JSON.stringify({ handedMs, stopping }));
    } catch {
      // A full storage makes the next visit's knowledge a few seconds older.
    }
  };

  const tick = () => {
    const now = clock.now();
    if (stopping || now - notedMs < EVERY_MS) return;
    notedMs = now;
    void spool.note({ type: "alive", atMs: now, handedMs, ongoing: ongoing() }).catch(() => {});
  };

  return {
    tick,

    /** @param {number} atMs */
    handed(atMs) {
      handedMs = atMs;
      keep();
      tick();
    },

    /** From here on no later visit goes on with the recording. */
    async stopping() {
      stopping = true;
      keep();
      await spool.note({ type: "stopping", atMs: clock.now() }).catch(() => {});
    },
  };
}

/** @typedef {ReturnType<typeof createLife>} Life */
