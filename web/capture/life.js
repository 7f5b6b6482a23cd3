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
 *   isAliveElsewhere(storage, session, now, locked)    // another tab records something else
 *
 * @module
 */

/** Each entry is a write to flash memory. */
const EVERY_MS = 5000;
const PREFIX = "localcamera.alive.";
/** A tab that records is heard at least this often. */
const SILENT_MS = 5000;
/** The timers of a hidden tab come once a minute. One that hangs holds its lock for ever, and gives no more signs. */
const LOCKED_SILENT_MS = 180_000;
/** The encoder hands over every second, and each time is a sign of life; a camera that is lost or muted hands nothing over. */
const SIGN_MS = 2000;

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

/** @param {SmallStorage} storage */
function sessionsIn(storage) {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) || "");
  return keys.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
}

/**
 * A page that has just been reloaded takes its own earlier recording for another tab's, for as long.
 * @param {SmallStorage | null} storage @param {string | null} own what this page records @param {number} now
 * @param {string[]} [locked] sessions of which a tab holds the lock
 */
export function isAliveElsewhere(storage, own, now, locked = []) {
  if (!storage) return false;
  return sessionsIn(storage).some((session) => {
    const last = session === own ? null : recall(storage, session);
    const silentMs = locked.includes(session) ? LOCKED_SILENT_MS : SILENT_MS;
    return last !== null && !last.stopping && Math.abs(now - signOf(storage, session, last.handedMs)) < silentMs;
  });
}

/** @param {SmallStorage} storage @param {string} session @param {number} handedMs */
function signOf(storage, session, handedMs) {
  const { aliveMs } = JSON.parse(storage.getItem(PREFIX + session) || "{}");
  return typeof aliveMs === "number" ? Math.max(aliveMs, handedMs) : handedMs;
}

/** Of sessions that are no longer on this device. @param {SmallStorage | null} storage @param {string[]} sessions */
export function forgetOthers(storage, sessions) {
  if (!storage) return;
  for (const session of sessionsIn(storage)) if (!sessions.includes(session)) forget(storage, session);
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
  let aliveMs = clock.now();

  const keep = () => {
    try {
      if (storage) storage.setItem(PREFIX + spool.session, JSON.stringify({ handedMs, aliveMs, stopping }));
    } catch {
      // A full storage makes the next visit's knowledge a few seconds older.
    }
  };

  const tick = () => {
    const now = clock.now();
    if (stopping) return;
    if (Math.abs(now - aliveMs) >= SIGN_MS) {
      aliveMs = now;
      keep();
    }
    if (now - notedMs < EVERY_MS) return;
    notedMs = now;
    void spool.note({ type: "alive", atMs: now, handedMs, ongoing: ongoing() }).catch(() => {});
  };

  return {
    tick,

    /** @param {number} atMs */
    handed(atMs) {
      handedMs = atMs;
      aliveMs = clock.now();
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
