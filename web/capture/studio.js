/**
 * The camera and the session together: what is possible now, and what happens next. Knows no page.
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

import { cameraFailure, closeStream, facingOf, listDevices, openCamera, recorderFailure } from "../lib/camera.js";
import { environmentProblem, isApple } from "../lib/environment.js";
import { ingestUrl } from "../lib/ingest.js";
import { formatClock } from "../lib/format.js";
import { RunFailure } from "../lib/recorder.js";
import { chooseType, mimeFor, supportedTypes } from "../lib/recording-types.js";
import { AUDIO_BITS, bitrate } from "./settings.js";
import { createSession } from "./session.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/camera.js").Listed} Listed */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {import("../lib/recording-types.js").RecordingType} RecordingType */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

/** The encoder hands over every second; after this long it will not by itself. */
const ENCODER_STALL_MS = 15000;
/** Shorter mutes happen while a camera starts, and are no interruption. */
const REAL_MUTE_MS = 1000;
/** More failures than this within a minute and a restart is no remedy. */
const FAILURES_PER_MINUTE = 5;
/** A server that refuses this many generations in a row will refuse the next one, too. */
const REFUSALS = 3;
/** Waits between attempts to get a camera back. */
const CAMERA_RETRY_MS = [500, 1000, 2000, 4000, 5000];
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
  const browser = page.navigator;
  const apple = isApple(browser);
  let settings = { ...initial };

  /** @type {"idle" | "starting" | "recording" | "stopping" | "finished"} */
  let phase = "idle";
  /** @type {Sentence | null} */
  let fault = null;
  /** @type {Sentence | null} */
  let notice = null;
  /** @type {Opened | null} */
  let opened = null;
  let opening = false;
  let cameraLost = false;
  let cameraRetries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let cameraTimer;
  /** @type {Listed} */
  let devices = { cameras: [], microphones: [] };
  /** @type {import("./session.js").Session | null} */
  let session = null;
  /** @type {number | null} */
  let stoppedMs = null;
  /** @type {Summary | null} */
  let summary = null;
  let partly = false;
  /** @type {number[]} */
  let failures = [];
  let refusals = 0;
  let refusedAtBytes = 0;
  let runStartedMs = 0;
  let wasHidden = page.document.visibilityState === "hidden";
  /** @type {Map<string, number>} */
  const mutedSince = new Map();

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

  const inSession = () => phase === "starting" || phase === "recording";

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

  function shutCamera() {
    const before = opened;
    opened = null;
    mutedSince.clear();
    if (before) {
      for (const track of before.stream.getTracks()) track.onended = track.onmute = track.onunmute = null;
      closeStream(before.stream);
    }
  }

  /** @throws what getUserMedia says */
  async function openNow() {
    const problem = environmentProblem(page);
    if (problem) {
      fault = problem;
      throw new Error(problem.key);
    }
    opening = true;
    onChange();
    try {
      // iOS gives one camera at a time: the old one is shut before the new one opens.
      shutCamera();
      const got = await openCamera(browser.mediaDevices, browser, settings);
      opened = got;
      fault = null;
      cameraLost = false;
      cameraRetries = 0;
      listen(got);
      if (settings.cameraId) {
        const actual = got.video.getSettings().deviceId;
        if (actual && actual !== settings.cameraId) settings = { ...settings, cameraId: "" };
      }
    } catch (error) {
      fault = cameraFailure(error);
      throw error;
    } finally {
      opening = false;
      onChange();
    }
    devices = await listDevices(browser.mediaDevices);
    onChange();
  }

  /** @param {Opened} from */
  function listen(from) {
    for (const track of from.stream.getTracks()) {
      const what = track.kind === "video" ? "camera" : "microphone";
      track.onended = () => {
        if (opened === from) lost(what);
      };
      track.onmute = () => {
        mutedSince.set(what, Date.now());
        if (session && inSession()) session.event("muted", { detail: what });
        onChange();
      };
      track.onunmute = () => {
        const since = mutedSince.get(what);
        mutedSince.delete(what);
        if (session && inSession()) {
          session.event("unmuted", { detail: what });
          // Safari's media clock stood still meanwhile: a new generation has a new anchor in time.
          if (since !== undefined && Date.now() - since >= REAL_MUTE_MS) restart("interrupted");
        }
        onChange();
      };
      if (track.muted) mutedSince.set(what, Date.now());
    }
  }

  /** The camera or the microphone is gone. @param {string} what */
  function lost(what) {
    void inTurn(async () => {
      if (!opened) return;
      if (session && inSession()) {
        session.event("interrupted", { detail: what });
        const ending = session.endRun();
        cameraLost = true;
        onChange();
        await ending;
      } else {
        fault = { key: "error.camera_lost", values: {} };
      }
      shutCamera();
      onChange();
      retryCamera(0);
    });
  }

  /** @param {number} [soonMs] */
  function retryCamera(soonMs) {
    clearTimeout(cameraTimer);
    const wait = soonMs === undefined ? CAMERA_RETRY_MS[Math.min(cameraRetries, CAMERA_RETRY_MS.length - 1)] : soonMs;
    cameraTimer = setTimeout(() => void inTurn(regain), wait);
  }

  /** Brings the camera back, into the session if there is one. */
  async function regain() {
    const recording = session && inSession();
    if (opened || phase === "stopping" || (!recording && !fault)) return;
    if (page.document.visibilityState !== "visible") return;
    cameraRetries += 1;
    try {
      await openNow();
    } catch {
      if (session && inSession()) retryCamera();
      return;
    }
    if (session && inSession() && opened) {
      session.event("resumed");
      await beginRun("interrupted");
    }
  }

  /** @param {string} reason */
  async function beginRun(reason) {
    if (!session || !opened) return;
    runStartedMs = Date.now();
    try {
      await session.begin(opened.stream, plan(opened), reason);
    } catch (error) {
      runFailed(error);
      return;
    }
    phase = "recording";
    cameraLost = false;
    onChange();
  }

  /** The recorder failed: the next generation, unless that has been tried often enough. @param {unknown} error */
  function runFailed(error) {
    if (!session || !inSession()) return;
    const now = Date.now();
    failures = failures.filter((at) => now - at < 60000);
    failures.push(now);
    const alive = opened && opened.video.readyState === "live";
    const hopeless = failures.length > FAILURES_PER_MINUTE || /NotSupportedError/.test(String(error));
    if (hopeless) {
      void abandon(recorderFailure(error));
    } else if (alive) {
      restart("error");
    } else {
      lost("camera");
    }
  }

  /** Stops recording with a sentence; what was recorded is still delivered. @param {Sentence} why */
  async function abandon(why) {
    notice = why;
    await stop();
    onChange();
  }

  /** The same camera, the next generation. @param {string} reason */
  function restart(reason) {
    return inTurn(async () => {
      if (!session || !inSession() || !opened) return;
      await beginRun(reason);
    });
  }

  function newSession() {
    const mine = createSession({
      device,
      client,
      url: ingestUrl(page.location),
      onChange,
      onRunFailed: (error) => {
        if (session === mine) runFailed(error);
      },
      onRefused: (message) => {
        if (session !== mine) return;
        // One that recorded something in between was not refused for what it is.
        const durable = mine.facts().durableBytes;
        refusals = durable > refusedAtBytes ? 1 : refusals + 1;
        refusedAtBytes = durable;
        if (refusals >= REFUSALS) void abandon({ key: "error.bad_stream", values: { detail: message } });
        else if (inSession()) void restart("error");
      },
      onFull: () => {
        if (session === mine) {
          void abandon({ key: "error.memory_full", values: { megabytes: Math.round(mine.facts().limitBytes / 1024 / 1024) } });
        }
      },
      onOver: (why, message, got) => {
        if (session === mine) over(why, message, got);
      },
    });
    return mine;
  }

  /**
   * @param {import("../lib/ingest-conversation.js").OverReason} why
   * @param {string} message
   * @param {Summary | null} got
   */
  function over(why, message, got) {
    if (why === "finished" && !inSession()) {
      void inTurn(async () => {
        partly = session !== null && session.facts().lostBytes > 0;
        session = null;
        summary = got;
        phase = "finished";
        // Nothing waits any more; why it stopped is still worth knowing.
        if (notice && notice.key === "error.memory_full") {
          notice = { key: "capture.notice.was_full", values: { time: formatClock(stoppedMs || Date.now()) } };
        }
        onChange();
      });
      return;
    }
    void inTurn(async () => {
      const ended = session;
      session = null;
      if (ended) ended.close();
      // The server has ended or lost a session that nobody stopped: the next one begins at once.
      if (why !== "session_in_use" && inSession() && opened) {
        notice = { key: "capture.notice.new_session", values: {} };
        session = newSession();
        await beginRun("start");
        return;
      }
      phase = "idle";
      fault = { key: why === "session_in_use" ? "error.session_in_use" : "error.session_lost", values: { detail: message } };
      onChange();
    });
  }

  function stop() {
    clearTimeout(cameraTimer);
    return inTurn(async () => {
      if (!session || !inSession()) return;
      phase = "stopping";
      stoppedMs = Date.now();
      onChange();
      const mine = session;
      await mine.stop();
      cameraLost = false;
      if (mine.facts().recordedBytes === 0 && !mine.facts().everUp) {
        // Nothing was recorded and nobody was told of it.
        mine.close();
        session = null;
        phase = "idle";
      }
      onChange();
      if (!opened) retryCamera(0);
    });
  }

  /** @returns {StudioState["name"]} */
  function stateName() {
    if (phase === "recording") {
      const facts = session && session.facts();
      if (cameraLost) return "starting";
      const patient = facts && !facts.everUp && Date.now() - facts.startedMs < FIRST_LINK_MS;
      return facts && facts.link !== "up" && !patient ? "offline" : "recording";
    }
    // What was recorded stays finished, whatever becomes of the camera afterwards.
    return phase === "idle" && fault ? "error" : phase;
  }

  return {
    /** Opens the camera; where it is open, what went wrong has been read. */
    open: () =>
      inTurn(async () => {
        if (opened) {
          fault = null;
          onChange();
        }
        if (opened || phase === "stopping") return;
        if (inSession()) await regain();
        else await openNow().catch(() => {});
      }),

    record: () =>
      inTurn(async () => {
        if (inSession() || phase === "stopping") return;
        phase = "starting";
        fault = null;
        notice = null;
        summary = null;
        stoppedMs = null;
        failures = [];
        refusals = 0;
        refusedAtBytes = 0;
        onChange();
        try {
          if (!opened || opened.video.readyState !== "live") await openNow();
        } catch {
          phase = "idle";
          onChange();
          return;
        }
        const mine = newSession();
        session = mine;
        runStartedMs = Date.now();
        try {
          const from = /** @type {Opened} */ (/** @type {unknown} */ (opened));
          await mine.begin(from.stream, plan(from), "start");
          phase = "recording";
        } catch (error) {
          mine.close();
          session = null;
          phase = "idle";
          fault = recorderFailure(error);
        }
        onChange();
      }),

    stop,

    /**
     * @param {Partial<Settings>} wish
     * @param {"camera" | "settings"} reason
     */
    change: (wish, reason) =>
      inTurn(async () => {
        const before = settings;
        settings = { ...settings, ...wish };
        onSettings(settings);
        const camera =
          settings.cameraId !== before.cameraId ||
          settings.facing !== before.facing ||
          settings.microphone !== before.microphone ||
          settings.height !== before.height ||
          // Asked for again: what refused it may have changed its mind.
          (wish.microphone !== undefined && wish.microphone !== "none" && opened !== null && opened.audio === null);
        if (phase === "stopping" && !opened) return;
        const recording = session && inSession();
        if (!camera) {
          if (recording && !cameraLost) await beginRun(reason);
          onChange();
          return;
        }
        if (session && recording) {
          session.event("camera", { detail: reason });
          await session.endRun();
        }
        try {
          await openNow();
        } catch (error) {
          if (!recording) return;
          // A recording that was running goes on with what it had.
          notice = cameraFailure(error);
          settings = before;
          onSettings(settings);
          try {
            await openNow();
          } catch {
            cameraLost = true;
            onChange();
            retryCamera();
            return;
          }
        }
        if (recording) await beginRun(reason);
        onChange();
      }),

    /** What the flip button does: the other side, or the next camera where sides are not known. */
    nextCamera() {
      const current = opened ? opened.video.getSettings().deviceId : "";
      const side = opened ? facingOf(opened.video) : null;
      if (side || devices.cameras.length < 2) {
        const facing = (side || settings.facing) === "front" ? "back" : "front";
        return this.change({ facing, cameraId: "" }, "camera");
      }
      const at = devices.cameras.findIndex((camera) => camera.id === current);
      const next = devices.cameras[(at + 1) % devices.cameras.length];
      return this.change({ cameraId: next.id }, "camera");
    },

    turned() {
      return session && inSession() && !cameraLost ? restart("rotation") : Promise.resolve();
    },

    /** @param {boolean} hidden */
    visibility(hidden) {
      if (hidden === wasHidden) return;
      wasHidden = hidden;
      if (session && inSession()) {
        session.event(hidden ? "hidden" : "visible");
        // A hidden page may be stopped at any moment: what the encoder has is better here.
        if (hidden) session.flush();
      }
      if (hidden) return;
      if (session) session.retryNow();
      if (!opened && (fault || cameraLost)) retryCamera(0);
      const facts = session && session.facts();
      if (facts && phase === "recording" && !cameraLost && facts.handedMs !== null && Date.now() - facts.handedMs > 4000) {
        // The system had stopped the page.
        void restart("interrupted");
      }
    },

    networkBack() {
      if (session) session.retryNow();
    },

    async devicesChanged() {
      if (!browser.mediaDevices) return;
      devices = await listDevices(browser.mediaDevices);
      onChange();
      // A camera that is plugged in is what was missing.
      if (!opened && !opening && (cameraLost || (fault && fault.key !== "error.permission"))) retryCamera(0);
    },

    /** Once a second: what shows only by its absence. */
    tick() {
      if (phase !== "recording" || !session || cameraLost || mutedSince.size > 0) return;
      if (page.document.visibilityState !== "visible") return;
      const { handedMs } = session.facts();
      const silentMs = Date.now() - Math.max(handedMs || 0, runStartedMs);
      if (silentMs > ENCODER_STALL_MS) {
        runStartedMs = Date.now();
        runFailed(new RunFailure("encoder", new Error("the encoder hands nothing over")));
      }
    },

    /** @param {string} name */
    rename(name) {
      const kept = device.rename(name);
      if (session) session.rename(kept);
      onChange();
    },

    dismiss() {
      notice = null;
      onChange();
    },

    /** @returns {StudioState} */
    state() {
      const name = stateName();
      return {
        name,
        // With a camera there, what happened before does not prevent the next recording.
        phase: name === "error" && !opened ? "error" : phase,
        fault,
        notice,
        inSession: inSession(),
        cameraLost,
        opening,
        opened,
        devices,
        types: types(),
        type: type(),
        bestType: chooseType(types(), { apple }),
        settings,
        bits: bits(),
        facts: session ? session.facts() : null,
        stoppedMs,
        summary,
        partly,
      };
    },

    /** @returns {string[]} "camera", "microphone": muted by the system */
    muted: () => Array.from(mutedSince.keys()),
  };
}

/** @typedef {ReturnType<typeof createStudio>} Studio */
