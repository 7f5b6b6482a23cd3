/**
 * The recording that a person sees as one, from Record to the summary: which session it goes into, when the
 * next generation begins, and how it ends. Its camera may come and go.
 *
 *   const recording = createRecording({ page, device, client, camera, plan, inTurn, onChange, … });
 *   recording.prepare();                 // Record was pressed
 *   await recording.start();             // a camera is open
 *   await recording.beginRun("camera");  // the next generation, within a turn
 *   await recording.restart("rotation"); // the same in its own turn
 *   await recording.stop();
 *
 * @module
 */

import { recorderFailure } from "../lib/camera.js";
import { ingestUrl } from "../lib/ingest.js";
import { formatClock } from "../lib/format.js";
import { createSession } from "./session.js";
import { createSetbacks } from "./setbacks.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */
/** @typedef {"idle" | "starting" | "recording" | "stopping" | "finished"} Phase */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client
 * @param {import("./live-camera.js").LiveCamera} options.camera
 * @param {(from: Opened) => import("./session.js").Plan} options.plan throws where nothing can be recorded
 * @param {<T>(work: () => Promise<T>) => Promise<T>} options.inTurn
 * @param {() => void} options.onChange
 * @param {(fault: Sentence) => void} options.onFault it ended, or did not begin
 * @param {() => void} options.onCameraDead the recorder failed because its camera is gone
 * @param {() => void} options.onRunning a generation has begun
 * @param {() => void} options.onStopping
 * @param {() => void} options.onStopped everything is handed over
 */
export function createRecording(options) {
  const { page, device, client, camera, plan, inTurn, onChange } = options;
  const { onFault, onCameraDead, onRunning, onStopping, onStopped } = options;
  const setbacks = createSetbacks();

  /** @type {Phase} */
  let phase = "idle";
  /** @type {Sentence | null} */
  let notice = null;
  /** @type {import("./session.js").Session | null} */
  let session = null;
  /** @type {number | null} */
  let stoppedMs = null;
  /** @type {Summary | null} */
  let summary = null;
  let partly = false;
  /** Whether the server lost an earlier session of this recording, with what had not reached it. */
  let isBroken = false;
  let runStartedMs = 0;

  const inSession = () => phase === "starting" || phase === "recording";

  /** @param {string} reason */
  async function beginRun(reason) {
    if (!session || !camera.opened) return;
    runStartedMs = Date.now();
    try {
      await session.begin(camera.opened.stream, plan(camera.opened), reason);
    } catch (error) {
      runFailed(error);
      return;
    }
    phase = "recording";
    onRunning();
    onChange();
  }

  /** The same camera, the next generation. @param {string} reason */
  function restart(reason) {
    return inTurn(async () => {
      if (!session || !inSession() || !camera.opened) return;
      await beginRun(reason);
    });
  }

  /** The recorder failed: the next generation, unless that has been tried often enough. @param {unknown} error */
  function runFailed(error) {
    if (!session || !inSession()) return;
    const alive = camera.opened && camera.opened.video.readyState === "live";
    const hopeless = setbacks.failed(Date.now()) || /NotSupportedError/.test(String(error));
    if (hopeless) void abandon(recorderFailure(error));
    else if (alive) void restart("error");
    else onCameraDead();
  }

  /** Stops recording with a sentence; what was recorded is still delivered. @param {Sentence} why */
  async function abandon(why) {
    notice = why;
    await stop();
    onChange();
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
        const hopeless = setbacks.refused(mine.facts().durableBytes);
        if (hopeless) void abandon({ key: "error.bad_stream", values: { detail: message } });
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
        partly = isBroken || (session !== null && session.facts().isPartly);
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
      const known = ended ? ended.facts() : null;
      session = null;
      if (ended) ended.close();
      // The server has ended or lost a session that nobody stopped: the next one begins at once.
      if (why !== "session_in_use" && inSession() && camera.opened) {
        const from = (known && (known.durableWallMs || known.startedMs)) || Date.now();
        isBroken = true;
        notice = { key: "capture.notice.new_session", values: { from: formatClock(from), to: formatClock(Date.now()) } };
        session = newSession();
        await beginRun("start");
        return;
      }
      phase = "idle";
      onFault({ key: why === "session_in_use" ? "error.session_in_use" : "error.session_lost", values: { detail: message } });
      onChange();
    });
  }

  function stop() {
    onStopping();
    return inTurn(async () => {
      if (!session || !inSession()) return;
      phase = "stopping";
      stoppedMs = Date.now();
      onChange();
      const mine = session;
      await mine.stop();
      if (mine.facts().recordedBytes === 0 && !mine.facts().everUp) {
        // Nothing was recorded and nobody was told of it.
        mine.close();
        session = null;
        phase = "idle";
      }
      onStopped();
      onChange();
    });
  }

  return {
    inSession,
    beginRun,
    restart,
    runFailed,
    stop,

    prepare() {
      phase = "starting";
      notice = null;
      summary = null;
      stoppedMs = null;
      isBroken = false;
      setbacks.reset();
    },

    cancel() {
      phase = "idle";
    },

    async start() {
      const mine = newSession();
      session = mine;
      runStartedMs = Date.now();
      try {
        const from = /** @type {Opened} */ (camera.opened);
        await mine.begin(from.stream, plan(from), "start");
        phase = "recording";
      } catch (error) {
        mine.close();
        session = null;
        phase = "idle";
        onFault(recorderFailure(error));
      }
    },

    /** The camera goes away, or is changed. */
    async endRun() {
      if (session) await session.endRun();
    },

    /** @param {string} event @param {Record<string, unknown>} [more] */
    event(event, more) {
      if (session && inSession()) session.event(event, more);
    },

    /** @param {Sentence | null} sentence */
    note(sentence) {
      notice = sentence;
    },

    /** A new limit for what looks like an encoder that does nothing. */
    giveTime() {
      runStartedMs = Date.now();
    },

    get phase() {
      return phase;
    },
    get session() {
      return session;
    },
    get notice() {
      return notice;
    },
    get runStartedMs() {
      return runStartedMs;
    },
    get outcome() {
      return { stoppedMs, summary, partly };
    },
  };
}

/** @typedef {ReturnType<typeof createRecording>} Recording */
