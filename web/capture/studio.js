/**
 * The camera and the recording together: what a person may do now, and what a view shows. Knows no page. The
 * camera is in `live-camera.js`, the recording in `recording.js`, a camera that is gone in `regain.js`, and what
 * happens from outside in `disturbances.js`.
 *
 *   const studio = createStudio({ page: window, device, settings, client, onChange });
 *   await studio.open();              // the preview
 *   await studio.record();
 *   await studio.change({ height: 1080 }, "settings");
 *   await studio.turned();            // the device was rotated
 *   await studio.stop();
 *   studio.state()                    // all that a view shows
 *
 * States: "idle", "starting", "recording", "offline", "stopping", "finished", "error".
 * One thing happens at a time: each operation waits for the one before.
 *
 * @module
 */

import { cameraFailure, facingOf } from "../lib/camera.js";
import { environmentProblem, isApple } from "../lib/environment.js";
import { RunFailure } from "../lib/recorder.js";
import { chooseType, mimeFor, supportedTypes } from "../lib/recording-types.js";
import { createDisturbances } from "./disturbances.js";
import { createLiveCamera } from "./live-camera.js";
import { createRecording } from "./recording.js";
import { createRegain } from "./regain.js";
import { AUDIO_BITS, bitrate } from "./settings.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/camera.js").Listed} Listed */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {import("../lib/recording-types.js").RecordingType} RecordingType */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

/** Shorter mutes happen while a camera starts, and are no interruption. */
const REAL_MUTE_MS = 1000;
/** The first connection of a session may take this long before it counts as missing. */
const FIRST_LINK_MS = 3000;

/**
 * @typedef {object} StudioState
 * @property {"idle" | "starting" | "recording" | "offline" | "stopping" | "finished" | "error"} name
 * @property {"idle" | "starting" | "recording" | "stopping" | "finished" | "error"} phase
 * @property {Sentence | null} fault what prevents a recording
 * @property {Sentence | null} notice what a person should know, though it goes on
 * @property {boolean} inSession a session is being recorded, whether or not a camera is there at this moment
 * @property {boolean} cameraLost
 * @property {boolean} opening
 * @property {Opened | null} opened
 * @property {Listed} devices
 * @property {RecordingType[]} types
 * @property {RecordingType | null} type
 * @property {RecordingType | null} bestType what is taken where nobody chose
 * @property {Settings} settings
 * @property {number} bits
 * @property {ReturnType<import("./session.js").Session["facts"]> | null} facts
 * @property {number | null} stoppedMs
 * @property {Summary | null} summary
 * @property {boolean} partly the server could not record all of it
 */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/device.js").Device} options.device
 * @param {Settings} options.settings
 * @param {string} options.client
 * @param {() => void} options.onChange
 * @param {(settings: Settings) => void} options.onSettings
 */
export function createStudio({ page, device, settings: initial, client, onChange, onSettings }) {
  const apple = isApple(page.navigator);
  let settings = { ...initial };

  /** What prevents a recording. @type {Sentence | null} */
  let fault = null;

  /** One operation after the other. @type {Promise<unknown>} */
  let queue = Promise.resolve();
  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  const inTurn = (work) => {
    const mine = queue.then(work);
    queue = mine.catch(() => {});
    return mine;
  };

  const types = () =>
    typeof page.MediaRecorder === "function"
      ? supportedTypes({ supported: (mime) => page.MediaRecorder.isTypeSupported(mime), height: settings.height })
      : [];
  const type = () => chooseType(types(), { apple, wanted: settings.type });
  const bits = () => bitrate(settings.height, settings.quality);

  /** @param {Opened} from */
  const plan = (from) => {
    const chosen = type();
    if (!chosen) throw new RunFailure("start", new DOMException("no recording type", "NotSupportedError"));
    return {
      mime: mimeFor(chosen, { audio: from.audio !== null }),
      videoBitsPerSecond: bits(),
      audioBitsPerSecond: AUDIO_BITS,
    };
  };

  const camera = createLiveCamera({
    page,
    onChange,
    onEnded: (what) => regain.lost(what),
    onMuted: (what) => recording.event("muted", { detail: what }),
    onUnmuted: (what, mutedMs) => {
      if (!recording.session || !recording.inSession()) return;
      recording.event("unmuted", { detail: what });
      // Safari's media clock stood still meanwhile: a new generation has a new anchor in time.
      if (mutedMs !== null && mutedMs >= REAL_MUTE_MS) void recording.restart("interrupted");
    },
  });

  const recording = createRecording({
    page,
    device,
    client,
    camera,
    plan,
    inTurn,
    onChange,
    onFault: (sentence) => {
      fault = sentence;
    },
    onCameraDead: () => regain.lost("camera"),
    onRunning: () => regain.forget(),
    onStopping: () => regain.cancel(),
    onStopped: () => {
      regain.forget();
      if (!camera.opened) regain.soon();
    },
  });

  const regain = createRegain({
    page,
    camera,
    recording,
    inTurn,
    open: openNow,
    wanted: () => fault !== null,
    onGone: () => {
      fault = { key: "error.camera_lost", values: {} };
    },
    onChange,
  });

  /** @throws what getUserMedia says */
  async function openNow() {
    const problem = environmentProblem(page);
    if (problem) {
      fault = problem;
      throw new Error(problem.key);
    }
    try {
      const got = await camera.open(settings);
      fault = null;
      regain.opened();
      if (settings.cameraId) {
        const actual = got.video.getSettings().deviceId;
        if (actual && actual !== settings.cameraId) settings = { ...settings, cameraId: "" };
      }
    } catch (error) {
      fault = cameraFailure(error);
      throw error;
    } finally {
      onChange();
    }
    await camera.list();
  }

  /** @returns {StudioState["name"]} */
  function stateName() {
    const { phase, session } = recording;
    if (phase === "recording") {
      const facts = session && session.facts();
      if (regain.isLost) return "starting";
      const patient = facts && !facts.everUp && Date.now() - facts.startedMs < FIRST_LINK_MS;
      return facts && facts.link !== "up" && !patient ? "offline" : "recording";
    }
    // What was recorded stays finished, whatever becomes of the camera afterwards.
    return phase === "idle" && fault ? "error" : phase;
  }

  const disturbances = createDisturbances({ page, camera, recording, regain, fault: () => fault });

  return {
    ...disturbances,

    /** Opens the camera; where it is open, what went wrong has been read. */
    open: () =>
      inTurn(async () => {
        if (camera.opened) {
          fault = null;
          onChange();
        }
        if (camera.opened || recording.phase === "stopping") return;
        if (recording.inSession()) await regain.now();
        else await openNow().catch(() => {});
      }),

    record: () =>
      inTurn(async () => {
        if (recording.inSession() || recording.phase === "stopping") return;
        recording.prepare();
        fault = null;
        onChange();
        try {
          if (!camera.opened || camera.opened.video.readyState !== "live") await openNow();
        } catch {
          recording.cancel();
          onChange();
          return;
        }
        await recording.start();
        onChange();
      }),

    stop: recording.stop,

    /**
     * @param {Partial<Settings>} wish
     * @param {"camera" | "settings"} reason
     */
    change: (wish, reason) =>
      inTurn(async () => {
        const before = settings;
        settings = { ...settings, ...wish };
        onSettings(settings);
        const { opened } = camera;
        const reopen =
          settings.cameraId !== before.cameraId ||
          settings.facing !== before.facing ||
          settings.microphone !== before.microphone ||
          settings.height !== before.height ||
          // Asked for again: what refused it may have changed its mind.
          (wish.microphone !== undefined && wish.microphone !== "none" && opened !== null && opened.audio === null);
        if (recording.phase === "stopping" && !opened) return;
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
          await openNow();
        } catch (error) {
          if (!live) return;
          // A recording that was running goes on with what it had.
          recording.note(cameraFailure(error));
          settings = before;
          onSettings(settings);
          try {
            await openNow();
          } catch {
            regain.failed();
            return;
          }
        }
        if (live) await recording.beginRun(reason);
        onChange();
      }),

    /** What the flip button does: the other side, or the next camera where sides are not known. */
    nextCamera() {
      const { opened, devices } = camera;
      const current = opened ? opened.video.getSettings().deviceId : "";
      const side = opened ? facingOf(opened.video) : null;
      if (side || devices.cameras.length < 2) {
        const facing = (side || settings.facing) === "front" ? "back" : "front";
        return this.change({ facing, cameraId: "" }, "camera");
      }
      const at = devices.cameras.findIndex(({ id }) => id === current);
      const next = devices.cameras[(at + 1) % devices.cameras.length];
      return this.change({ cameraId: next.id }, "camera");
    },

    /** @param {string} name */
    rename(name) {
      const kept = device.rename(name);
      if (recording.session) recording.session.rename(kept);
      onChange();
    },

    dismiss() {
      recording.note(null);
      onChange();
    },

    /** @returns {StudioState} */
    state() {
      const name = stateName();
      return {
        name,
        // With a camera there, what happened before does not prevent the next recording.
        phase: name === "error" && !camera.opened ? "error" : recording.phase,
        fault,
        notice: recording.notice,
        inSession: recording.inSession(),
        cameraLost: regain.isLost,
        opening: camera.opening,
        opened: camera.opened,
        devices: camera.devices,
        types: types(),
        type: type(),
        bestType: chooseType(types(), { apple }),
        settings,
        bits: bits(),
        facts: recording.session ? recording.session.facts() : null,
        ...recording.outcome,
      };
    },

    /** "camera", "microphone": muted by the system */
    muted: camera.muted,
  };
}

/** @typedef {ReturnType<typeof createStudio>} Studio */
