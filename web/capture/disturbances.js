/**
 * What happens to a recording from outside: the device is turned, the page hidden, the network back, a camera
 * plugged in, the encoder silent. Nobody asked for any of it, and the recording goes on.
 *
 * @module
 */

import { RunFailure } from "../lib/recorder.js";

/** The encoder hands over every second; after this long it will not by itself. */
const ENCODER_STALL_MS = 15000;
/** An encoder that was silent this long while the page was hidden had been stopped with it. */
const STOPPED_MS = 4000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {import("./recording.js").Recording} options.recording
 * @param {import("./regain.js").Regain} options.regain
 * @param {() => { key: string } | null} options.fault what prevents a recording now
 */
export function createDisturbances({ page, camera, recording, regain, fault }) {
  let wasHidden = page.document.visibilityState === "hidden";

  return {
    turned() {
      return recording.inSession() && !regain.isLost ? recording.restart("rotation") : Promise.resolve();
    },

    /** @param {boolean} hidden */
    visibility(hidden) {
      if (hidden === wasHidden) return;
      wasHidden = hidden;
      const { session } = recording;
      recording.event(hidden ? "hidden" : "visible");
      // A hidden page may be stopped at any moment: what the encoder has is better here.
      if (hidden && session && recording.inSession()) session.flush();
      if (hidden) return;
      if (session) session.retryNow();
      if (!camera.opened && (fault() || regain.isLost)) regain.soon();
      const handedMs = session && session.facts().handedMs;
      if (recording.phase === "recording" && !regain.isLost && handedMs !== null && Date.now() - handedMs > STOPPED_MS) {
        // The system had stopped the page.
        void recording.restart("interrupted");
      }
    },

    networkBack() {
      if (recording.session) recording.session.retryNow();
    },

    async devicesChanged() {
      if (!page.navigator.mediaDevices) return;
      await camera.list();
      // A camera that is plugged in is what was missing.
      const why = fault();
      const missing = regain.isLost || (why && why.key !== "error.permission");
      if (!camera.opened && !camera.opening && missing) regain.soon();
    },

    /** Once a second: what shows only by its absence. */
    tick() {
      const { session } = recording;
      if (recording.phase !== "recording" || !session || regain.isLost || camera.muted().length > 0) return;
      if (page.document.visibilityState !== "visible") return;
      const { handedMs } = session.facts();
      const silentMs = Date.now() - Math.max(handedMs || 0, recording.runStartedMs);
      if (silentMs > ENCODER_STALL_MS) {
        recording.giveTime();
        recording.runFailed(new RunFailure("encoder", new Error("the encoder hands nothing over")));
      }
    },
  };
}
