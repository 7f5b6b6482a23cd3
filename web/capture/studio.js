/**
 * The camera and the recording together: what a person may do now, and what a view shows. Knows no page. The
 * camera is in `live-camera.js`, the recording in `recording.js`, a camera that is gone in `regain.js`, what
 * happens from outside in `disturbances.js`, what the person chooses in `choices.js`, and what is asked of the encoder
 * in `plan.js`.
 *
 *   const studio = createStudio({ page: window, device, settings, client, clock, origins, storage, store, room, onChange });
 *   await studio.open();              // the preview
 *   await studio.record();
 *   await studio.goOn(take);          // with a recording that an earlier visit began
 *   await studio.change({ height: 1080 }, "settings");
 *   await studio.turned();            // the device was rotated
 *   studio.mark({ label: "Goal" });   // this moment
 *   await studio.stop();
 *   studio.state()                    // all that a view shows
 *
 * States: "idle", "starting", "recording", "offline", "stopping", "finished", "error".
 * One thing happens at a time: each operation waits for the one before.
 *
 * @module
 */

import { cameraFailure } from "../lib/camera.js";
import { environmentProblem } from "../lib/environment.js";
import { openStore } from "../lib/spool.js";
import { createChoices } from "./choices.js";
import { createDisturbances } from "./disturbances.js";
import { createLiveCamera } from "./live-camera.js";
import { createPlan } from "./plan.js";
import { createRecording, REAL_MUTE_MS } from "./recording.js";
import { createRegain } from "./regain.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/camera.js").Listed} Listed */
/** @typedef {import("../lib/recording-types.js").RecordingType} RecordingType */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

/** What was stopped is usually saved within this. */
const SAVING_MS = 3000;
/** The first connection of a session may take this long before it counts as missing. */
const FIRST_LINK_MS = 3000;
/**
 * A recording stands still while its camera opens. Slow ones take a few seconds; a browser that asks the person has no
 * end, and the camera of before has to open after it, within the 25 s of a command from elsewhere.
 */
const REOPENS_MS = 10000;
/** Whoever presses Stop does not wait for a camera. */
const STOP_MS = 3000;

/**
 * @typedef {object} StudioState
 * @property {"idle" | "starting" | "recording" | "offline" | "stopping" | "finished" | "error"} name
 * @property {"idle" | "starting" | "recording" | "stopping" | "finished" | "error"} phase
 * @property {Sentence | null} fault what prevents a recording
 * @property {Sentence | null} notice what a person should know, though it goes on
 * @property {boolean} inSession a session is being recorded, whether or not a camera is there at this moment
 * @property {boolean} canRecord
 * @property {boolean} cameraLost
 * @property {{ reason: string, sinceMs: number } | null} full nothing more can wait on this device: the recording pauses
 * @property {boolean} opening
 * @property {Opened | null} opened
 * @property {Listed} devices
 * @property {RecordingType[]} types
 * @property {RecordingType | null} type
 * @property {RecordingType | null} bestType what is taken where nobody chose
 * @property {Settings} settings
 * @property {import("./delay.js").ShortDelay} shortDelay
 * @property {number} bits
 * @property {string | null} session the one that is being recorded or saved
 * @property {ReturnType<import("./session.js").Session["facts"]> | null} facts
 * @property {number | null} roomMs for how long what is recorded can wait on this device; null where nobody knows
 * @property {boolean} roomIsLow
 * @property {number | null} stoppedMs
 * @property {boolean} isEnding Stop was pressed, and the last of it is not stored yet
 * @property {import("../lib/ingest-conversation.js").Summary | null} summary
 * @property {boolean} partly the server could not record all of it
 */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/device.js").Device} options.device
 * @param {Settings} options.settings
 * @param {string} options.client
 * @param {import("../lib/steady-clock.js").SteadyClock} options.clock
 * @param {import("../lib/origins.js").Origins} options.origins
 * @param {Storage | null} options.storage
 * @param {Promise<import("../lib/spool.js").SpoolStore>} options.store
 * @param {import("./room.js").Room} options.room
 * @param {() => void} options.onChange
 * @param {(settings: Settings) => void} options.onSettings
 * @param {() => void} options.onLetGo what was stopped waits on the device, for others to deliver
 */
export function createStudio(options) {
  const { page, device, settings: initial, client, clock, origins, storage, store, room } = options;
  const { onChange, onSettings, onLetGo } = options;
  const { now } = clock;

  /** What prevents a recording. @type {Sentence | null} */
  let fault = null;
  let isStopping = false;

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

  const plan = createPlan(page, () => choices.settings);

  const camera = createLiveCamera({
    page,
    now,
    onChange,
    onEnded: (what) => regain.lost(what),
    onMuted: (what) => {
      recording.event("muted", { detail: what });
      recording.muted(what, now());
    },
    onUnmuted: (what, mutedMs) => {
      if (!recording.session || !recording.inSession()) return;
      recording.closeGap(`muted:${what}`);
      recording.event("unmuted", { detail: what });
      // Safari's media clock stood still meanwhile: a new generation has a new anchor in time.
      if (mutedMs !== null && mutedMs >= REAL_MUTE_MS) void recording.restart("interrupted");
    },
  });

  const recording = createRecording({
    device,
    client,
    clock,
    origins,
    storage,
    store,
    spare: () => openStore(page, { kinds: ["memory"] }),
    roomBytes: room.bytes,
    camera,
    plan: plan.of,
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
    time: now,
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

  const choices = createChoices({ initial, camera, recording, regain, inTurn, open: openNow, onSettings, onChange });

  /** @throws what getUserMedia says */
  async function openNow() {
    const problem = environmentProblem(page);
    if (problem) {
      fault = problem;
      throw new Error(problem.key);
    }
    try {
      const wanted = choices.settings;
      const withinMs = isStopping ? STOP_MS : recording.phase === "recording" ? REOPENS_MS : null;
      const got = await camera.open(wanted, withinMs);
      fault = null;
      regain.opened();
      const actual = got.video.getSettings().deviceId;
      if (wanted.cameraId && actual && actual !== wanted.cameraId) choices.forgetCamera();
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
      if (regain.isLost || recording.full) return "starting";
      const patient = facts && !facts.everUp && now() - facts.sinceMs < FIRST_LINK_MS;
      return facts && facts.link !== "up" && !patient ? "offline" : "recording";
    }
    // What was recorded stays finished, whatever becomes of the camera afterwards.
    return phase === "idle" && fault ? "error" : phase;
  }

  /** Soon the files are there; where they are not, what was stopped is no reason to wait. @param {StudioState["facts"]} facts */
  const canLetGo = (facts) =>
    facts !== null &&
    facts.kind !== "memory" &&
    (facts.link !== "up" || now() - (recording.outcome.stoppedMs || 0) > SAVING_MS);

  /** From a camera to a running recording. @param {() => Promise<void>} start @returns whether it runs */
  const begin = (start) =>
    inTurn(async () => {
      if (recording.inSession()) return false;
      if (recording.phase === "stopping") {
        if (!(await recording.letGo())) return false;
        onLetGo();
      }
      recording.prepare();
      fault = null;
      onChange();
      try {
        if (!camera.opened || camera.opened.video.readyState !== "live") await openNow();
      } catch {
        recording.cancel();
        onChange();
        return false;
      }
      await start();
      onChange();
      return recording.inSession();
    });

  const disturbances = createDisturbances({ page, now, camera, recording, regain, fault: () => fault });

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

    record: () => begin(recording.start),

    /** @param {() => import("./leftovers.js").Interrupted | null} take asked once a camera is open */
    goOn: (take) =>
      begin(async () => {
        const taken = take();
        if (taken) await recording.goOn(taken.left, taken.spool);
        else recording.cancel();
      }),

    async stop() {
      isStopping = true;
      camera.hurry(STOP_MS);
      try {
        await recording.stop();
      } finally {
        isStopping = false;
      }
    },

    /** Whoever wanted a camera opened does not wait for it any more. */
    giveUp: () => camera.hurry(0),

    /**
     * A moment that somebody will look for.
     * @param {{ label?: string, atMs?: number }} [mark]
     * @returns {boolean} whether there is a recording that it stands in now
     */
    mark({ label = "", atMs = now() } = {}) {
      if (!recording.session || !recording.inSession()) return false;
      recording.event("mark", { at_ms: Math.round(atMs), ...(label ? { detail: label } : {}) });
      return true;
    },

    change: choices.change,
    nextCamera: choices.nextCamera,

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
      const facts = recording.session ? recording.session.facts() : null;
      return {
        name,
        // With a camera there, what happened before does not prevent the next recording.
        phase: name === "error" && !camera.opened ? "error" : recording.phase,
        fault,
        notice: recording.notice,
        inSession: recording.inSession(),
        canRecord: !recording.inSession() && (recording.phase !== "stopping" || canLetGo(facts)),
        cameraLost: regain.isLost,
        full: recording.full,
        opening: camera.opening,
        opened: camera.opened,
        devices: camera.devices,
        types: plan.types(),
        type: plan.type(),
        bestType: plan.best(),
        settings: choices.settings,
        shortDelay: plan.shortDelay(),
        bits: plan.bits(),
        session: recording.session ? recording.session.id : null,
        facts,
        roomMs: facts ? room.ms(facts, plan.bits()) : null,
        roomIsLow: facts !== null && room.isLow(facts, plan.bits()),
        ...recording.outcome,
      };
    },

    /** Whether what is being recorded has something to send that has not been sent. */
    isSending: () => recording.session !== null && recording.session.facts().unsentBytes > 0,

    /** "camera", "microphone": muted by the system */
    muted: camera.muted,
  };
}

/** @typedef {ReturnType<typeof createStudio>} Studio */
