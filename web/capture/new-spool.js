/**
 * Where a new session is kept: a spool whose log says what the session is, before anything is recorded into it.
 *
 *   const { spool, startedMs } = await openNewSpool({ device, clock, origins, store, spare, isStorageBad });
 *
 * @module
 */

import { randomId } from "../lib/device.js";
import { answerWithin } from "../lib/spool-wait.js";

/** @typedef {import("../lib/spool.js").SessionSpool} SessionSpool */
/** @typedef {import("../lib/spool.js").SpoolStore} SpoolStore */

/** Storage that takes longer to begin a session is not waited for: whoever pressed Record stands there. */
const STORAGE_MS = 15000;

/**
 * @param {object} options
 * @param {import("../lib/device.js").Device} options.device
 * @param {import("../lib/steady-clock.js").SteadyClock} options.clock
 * @param {import("../lib/origins.js").Origins} options.origins
 * @param {Promise<SpoolStore>} options.store
 * @param {() => Promise<SpoolStore>} options.spare one that is always there
 * @param {boolean} options.isStorageBad nothing more is tried with the store
 * @returns {Promise<{ spool: SessionSpool, startedMs: number }>}
 */
export async function openNewSpool({ device, clock, origins, store, spare, isStorageBad }) {
  const startedMs = clock.now();
  const id = randomId();
  const addresses = origins.all();
  const entry = { type: "session", session: id, startedMs, name: device.name, deviceId: device.id, addresses };
  for (const open of isStorageBad ? [spare] : [() => store, spare]) {
    const making = (async () => {
      const spool = await (await open()).create(id);
      await spool.note(entry);
      return spool;
    })();
    const spool = await answerWithin(STORAGE_MS, () => making);
    if (spool) return { spool, startedMs };
    // Storage that worked a moment ago and refuses now: what is recorded waits in memory, and the page says so.
    making.then((late) => late.discard()).catch(() => {});
  }
  throw new Error("neither the storage of this device nor its memory can be used");
}
