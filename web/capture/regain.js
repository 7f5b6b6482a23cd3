/**
 * A camera that is gone comes back by itself, into the recording if there is one.
 *
 *   const regain = createRegain({ page, time, camera, recording, inTurn, open, wanted, onGone, onChange });
 *   regain.lost("camera");   // it is gone
 *   regain.soon();           // something has changed: try at once
 *   regain.later();          // try after a pause that grows
 *   await regain.now();      // within a turn
 *   regain.isLost            // a recording waits for its camera
 *
 * @module
 */

/** Waits between attempts to get a camera back. */
const RETRY_MS = [500, 1000, 2000, 4000, 5000];

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {() => number} options.time
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {import("./recording.js").Recording} options.recording
 * @param {<T>(work: () => Promise<T>) => Promise<T>} options.inTurn
 * @param {() => Promise<void>} options.open
 * @param {() => boolean} options.wanted whether a camera is missed although nothing is recorded
 * @param {() => void} options.onGone while nothing was recorded
 * @param {() => void} options.onChange
 */
export function createRegain({ page, time, camera, recording, inTurn, open, wanted, onGone, onChange }) {
  let isLost = false;
  let attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {number} waitMs */
  function after(waitMs) {
    clearTimeout(timer);
    timer = setTimeout(() => void inTurn(now), waitMs);
  }
  const soon = () => after(0);
  const later = () => after(RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)]);

  async function now() {
    if (camera.opened || recording.phase === "stopping" || (!recording.inSession() && !wanted())) return;
    if (page.document.visibilityState !== "visible") return;
    attempts += 1;
    try {
      await open();
    } catch {
      if (recording.inSession()) later();
      return;
    }
    if (recording.inSession() && camera.opened) {
      recording.event("resumed");
      await recording.beginRun("interrupted");
    }
  }

  return {
    soon,
    later,
    now,

    /** The camera or the microphone is gone. @param {string} what */
    lost(what) {
      void inTurn(async () => {
        if (!camera.opened) return;
        if (recording.inSession()) {
          const startMs = time();
          recording.event("interrupted", { detail: what });
          const ending = recording.endRun();
          isLost = true;
          onChange();
          await ending;
          // What is no longer listed was unplugged; what still is, another program or a call has taken.
          const reason = (await camera.isThere(what)) ? "interrupted" : "camera_lost";
          recording.openGap("camera", { startMs, reason, detail: what, untilRun: true });
        } else {
          onGone();
        }
        camera.shut();
        onChange();
        soon();
      });
    },

    /** It could not be opened again while recording. */
    failed() {
      isLost = true;
      onChange();
      later();
    },

    /** It is open again. */
    opened() {
      isLost = false;
      attempts = 0;
    },

    /** Nothing waits for it any more. */
    forget() {
      isLost = false;
    },

    cancel: () => clearTimeout(timer),

    get isLost() {
      return isLost;
    },
  };
}

/** @typedef {ReturnType<typeof createRegain>} Regain */
