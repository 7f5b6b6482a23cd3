/**
 * What happens to a recording from outside: the device is turned or slept, the page is hidden, the network back, a
 * camera plugged in, the encoder silent. Nobody asked for any of it, and the recording goes on.
 *
 * @module
 */

import { RunFailure } from "../lib/recorder.js";

/** The encoder hands over every second; after this long it will not by itself. */
const ENCODER_STALL_MS = 15000;
/** An encoder that was silent this long while the page was hidden, or the machine asleep, had been stopped with it. */
const STOPPED_MS = 4000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {() => number} options.now
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {import("./recording.js").Recording} options.recording
 * @param {import("./regain.js").Regain} options.regain
 * @param {() => { key: string } | null} options.fault what prevents a recording now
 */
export function createDisturbances({ page, now, camera, recording, regain, fault }) {
  let wasHidden = page.document.visibilityState === "hidden";

  /** The system had stopped the page, and the encoder with it: the next generation. @param {import("./gaps.js").Open} gap */
  function goOn(gap) {
    recording.openGap("stopped", gap);
    void recording.restart("interrupted");
  }

  /** When the encoder last did something, where it should have done something since. @returns {number | null} */
  function stoppedSince() {
    const { session } = recording;
    if (recording.phase !== "recording" || !session || regain.isLost || recording.full) return null;
    const sinceMs = Math.max(session.facts().handedMs || 0, recording.runStartedMs);
    return now() - sinceMs > STOPPED_MS ? sinceMs : null;
  }

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
      const startMs = stoppedSince();
      if (startMs !== null) goOn({ startMs, reason: "hidden", untilRun: true });
    },

    /** The machine slept, and the page with it. */
    slept() {
      const startMs = stoppedSince();
      if (startMs !== null && !wasHidden) goOn({ startMs, reason: "interrupted", detail: "sleep", untilRun: true });
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

    /** About once a second: what shows only by its absence. */
    tick() {
      const { session } = recording;
      recording.tick();
      if (recording.phase !== "recording" || !session || regain.isLost || recording.full) return;
      if (camera.muted().length > 0 || page.document.visibilityState !== "visible") return;
      const { handedMs } = session.facts();
      const silentMs = now() - Math.max(handedMs || 0, recording.runStartedMs);
      if (silentMs > ENCODER_STALL_MS) {
        recording.giveTime();
        recording.runFailed(new RunFailure("encoder", new Error("the encoder hands nothing over")));
      }
    },
  };
}
