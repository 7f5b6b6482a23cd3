/**
 * What the person chooses, and carrying it out: a change during a recording begins the next generation.
 *
 *   const choices = createChoices({ initial, camera, recording, regain, inTurn, open, onSettings, onChange });
 *   await choices.change({ height: 1080 }, "settings");
 *   await choices.nextCamera();
 *   choices.settings
 *
 * @module
 */

import { cameraFailure, facingOf } from "../lib/camera.js";

/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @param {object} options
 * @param {Settings} options.initial
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {import("./recording.js").Recording} options.recording
 * @param {import("./regain.js").Regain} options.regain
 * @param {<T>(work: () => Promise<T>) => Promise<T>} options.inTurn
 * @param {() => Promise<void>} options.open the camera that is chosen now; throws what getUserMedia says
 * @param {(settings: Settings) => void} options.onSettings
 * @param {() => void} options.onChange
 */
export function createChoices({ initial, camera, recording, regain, inTurn, open, onSettings, onChange }) {
  let settings = { ...initial };

  /** @param {Settings} before @param {Partial<Settings>} wish */
  const needsCamera = (before, wish) =>
    settings.cameraId !== before.cameraId ||
    settings.facing !== before.facing ||
    settings.microphone !== before.microphone ||
    settings.height !== before.height ||
    // Asked for again: what refused it may have changed its mind.
    (wish.microphone !== undefined &&
      wish.microphone !== "none" &&
      camera.opened !== null &&
      camera.opened.audio === null);

  /**
   * @param {Partial<Settings>} wish
   * @param {"camera" | "settings"} reason
   */
  const change = (wish, reason) =>
    inTurn(async () => {
      const before = settings;
      settings = { ...settings, ...wish };
      onSettings(settings);
      const reopen = needsCamera(before, wish);
      if (recording.phase === "stopping" && !camera.opened) return;
      const live = recording.inSession();
      if (!reopen) {
        if (live && !regain.isLost) await recording.beginRun(reason);
        onChange();
        return;
      }
      if (live) {
        recording.event("camera", { detail: reason });
        await recording.endRun();
      }
      try {
        await open();
      } catch (error) {
        if (!live) return;
        // A recording that was running goes on with what it had.
        recording.note(cameraFailure(error));
        settings = before;
        onSettings(settings);
        try {
          await open();
        } catch {
          regain.failed();
          return;
        }
      }
      if (live) await recording.beginRun(reason);
      onChange();
    });

  return {
    change,

    /** What the flip button does: the other side, or the next camera where sides are not known. */
    nextCamera() {
      const { opened, devices } = camera;
      const current = opened ? opened.video.getSettings().deviceId : "";
      const side = opened ? facingOf(opened.video) : null;
      if (side || devices.cameras.length < 2) {
        const facing = (side || settings.facing) === "front" ? "back" : "front";
        return change({ facing, cameraId: "" }, "camera");
      }
      const at = devices.cameras.findIndex(({ id }) => id === current);
      const next = devices.cameras[(at + 1) % devices.cameras.length];
      return change({ cameraId: next.id }, "camera");
    },

    /** The chosen camera is not the one that opened. */
    forgetCamera() {
      settings = { ...settings, cameraId: "" };
    },

    get settings() {
      return settings;
    },
  };
}
