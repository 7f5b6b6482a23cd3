/**
 * What becomes of a recording when its encoder, its storage or the server fails: the next generation, another session,
 * a pause, or an end with a sentence. How often is too often is counted in `setbacks.js`, when a pause ends is decided
 * in `storage-full.js`.
 *
 *   const failures = createFailures({ now, camera, roomBytes, session, inSession, restart, renew, abandon, … });
 *   failures.encoder(error)         // the recorder failed
 *   failures.storage(error)         // the device's storage failed
 *   failures.server(message)        // it cannot record this generation
 *   failures.noRoom(sinceMs)        // nothing more can wait on this device
 *   failures.full                   // { reason, sinceMs } while that is so, or null
 *   failures.isStorageBad           // the storage of this device failed again and again in this recording
 *   failures.endPause()             // it is stopped, or another session begins
 *   failures.reset()                // a new recording
 *   failures.tick()                 // about once a second
 *
 * @module
 */

import { recorderFailure } from "../lib/camera.js";
import { createSetbacks } from "./setbacks.js";
import { createStorageFull } from "./storage-full.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

/** So often in a row the same session is tried again; then another one, and then one that needs no storage. */
const STORAGE_FAILURES = 2;

/**
 * @param {object} options
 * @param {() => number} options.now
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {(use: import("./room.js").Use) => number} options.roomBytes
 * @param {() => Session | null} options.session
 * @param {() => boolean} options.inSession
 * @param {() => number} options.runStartedMs
 * @param {(reason: string) => Promise<void>} options.restart the next generation
 * @param {(ended: Session) => void} options.renew another session takes the place of this one
 * @param {(why: Sentence) => void} options.abandon stops recording; what was recorded is still delivered
 * @param {() => void} options.onCameraDead the recorder failed because its camera is gone
 * @param {() => void} options.onChange
 */
export function createFailures(options) {
  const { now, camera, roomBytes, session, inSession, runStartedMs, restart, renew, abandon, onCameraDead, onChange } = options;
  const setbacks = createSetbacks();
  let fullReason = "";
  let fullSinceMs = 0;
  let isStorageBad = false;

  const pause = createStorageFull({
    now,
    roomBytes: () => {
      const mine = session();
      return mine ? roomBytes(mine.facts()) : 0;
    },
    limitBytes: () => {
      const mine = session();
      return mine ? mine.facts().limitBytes : 0;
    },
    goOn: () => void restart("storage"),
  });

  /** The next generation, unless that has been tried often enough. @param {unknown} error */
  function encoder(error) {
    const mine = session();
    if (!mine || !inSession() || pause.isFull) return;
    const alive = camera.opened && camera.opened.video.readyState === "live";
    const hopeless = setbacks.failed(now()) || /NotSupportedError/.test(String(error));
    if (hopeless) abandon(recorderFailure(error));
    else if (alive) {
      const startMs = Math.max(mine.facts().handedMs || 0, runStartedMs());
      mine.gaps.open("encoder", { startMs, reason: "encoder_dropped", untilRun: true });
      void restart("error");
    } else onCameraDead();
  }

  return {
    encoder,

    /** What the storage has stays for a later visit, and the recording goes on. @param {Error} error */
    storage(error) {
      const ended = session();
      const times = setbacks.storageFailed(now());
      if (!ended || !inSession() || times < STORAGE_FAILURES) {
        encoder(error);
        return;
      }
      if (setbacks.failed(now())) {
        abandon(recorderFailure(error));
        return;
      }
      isStorageBad = times > STORAGE_FAILURES;
      renew(ended);
    },

    /** @param {string} message */
    server(message) {
      const mine = session();
      if (!mine) return;
      const hopeless = setbacks.refused(mine.facts().durableBytes);
      if (hopeless) abandon({ key: "error.bad_stream", values: { detail: message } });
      else if (inSession()) void restart("error");
    },

    /** The recording pauses, says so, and goes on when there is room. @param {number} sinceMs */
    noRoom(sinceMs) {
      const mine = session();
      if (!mine || !inSession()) return;
      const { problem } = mine.facts();
      fullReason = problem && problem.code === "storage" ? "server_disk_full" : "device_storage_full";
      fullSinceMs = sinceMs;
      mine.gaps.open("full", { startMs: sinceMs, reason: fullReason, untilRun: true });
      pause.began();
      void mine.endRun();
      onChange();
    },

    tick: pause.tick,

    /** Stopped, or another session: no pause is waited for. */
    endPause: pause.forget,

    reset() {
      isStorageBad = false;
      setbacks.reset();
    },

    get full() {
      return pause.isFull ? { reason: fullReason, sinceMs: fullSinceMs } : null;
    },

    get isStorageBad() {
      return isStorageBad;
    },
  };
}

/** @typedef {ReturnType<typeof createFailures>} Failures */
