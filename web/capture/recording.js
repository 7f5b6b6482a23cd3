/**
 * The recording that a person sees as one, from Record to the summary: which session it goes into, when the
 * next generation begins, and how it ends. Its camera may come and go, and so may the room on the device. Where a
 * new session is kept is in `new-spool.js`, what becomes of it when something fails in `failures.js`.
 *
 *   const recording = createRecording({ device, client, clock, origins, storage, store, room, camera, plan, … });
 *   recording.prepare();                 // Record was pressed
 *   await recording.start();             // a camera is open
 *   await recording.goOn(left, spool);   // the same, with a session that an earlier visit began
 *   await recording.beginRun("camera");  // the next generation, within a turn
 *   await recording.restart("rotation"); // the same in its own turn
 *   await recording.stop();
 *
 * @module
 */

import { recorderFailure } from "../lib/camera.js";
import { formatClock } from "../lib/format.js";
import { delivered } from "./delivered.js";
import { createFailures } from "./failures.js";
import { openNewSpool } from "./new-spool.js";
import { createSession } from "./session.js";

/** @typedef {import("../lib/camera.js").Opened} Opened */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {import("../lib/spool.js").SessionSpool} SessionSpool */
/** @typedef {import("./left-behind.js").Left} Left */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */
/** @typedef {"idle" | "starting" | "recording" | "stopping" | "finished"} Phase */

/** Shorter mutes happen while a camera starts, and are no interruption. */
export const REAL_MUTE_MS = 1000;

/**
 * @param {object} options
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client
 * @param {import("../lib/steady-clock.js").SteadyClock} options.clock
 * @param {import("../lib/origins.js").Origins} options.origins
 * @param {Storage | null} options.storage
 * @param {Promise<import("../lib/spool.js").SpoolStore>} options.store
 * @param {() => Promise<import("../lib/spool.js").SpoolStore>} options.spare one that is always there
 * @param {(use: import("./room.js").Use) => number} options.roomBytes
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
  const { device, client, clock, origins, storage, store, spare, roomBytes, camera, plan, inTurn, onChange } = options;
  const { onFault, onCameraDead, onRunning, onStopping, onStopped } = options;

  /** @type {Phase} */
  let phase = "idle";
  /** @type {Sentence | null} */
  let notice = null;
  /** @type {import("./session.js").Session | null} */
  let session = null;
  /** @type {number | null} */
  let stoppedMs = null;
  /** Stop was pressed, and the last of it is still on its way from the encoder to the device's storage. */
  let isEnding = false;
  /** @type {Summary | null} */
  let summary = null;
  let partly = false;
  /** Whether the server ended an earlier session of this recording, with what had not reached it. */
  let isBroken = false;
  let runStartedMs = 0;

  const inSession = () => phase === "starting" || phase === "recording";

  const failures = createFailures({
    now: clock.now,
    camera,
    roomBytes,
    session: () => session,
    inSession,
    runStartedMs: () => runStartedMs,
    restart,
    renew,
    abandon: (why) => void abandon(why),
    onCameraDead,
    onChange,
  });

  /** @param {string} reason */
  async function beginRun(reason) {
    // A camera that comes while there is no room waits for it.
    if (!session || !camera.opened || failures.full) return;
    runStartedMs = clock.now();
    try {
      await session.begin(camera.opened.stream, plan(camera.opened), reason);
    } catch (error) {
      failures.encoder(error);
      return;
    }
    for (const what of camera.muted()) muted(what, runStartedMs);
    phase = "recording";
    onRunning();
    onChange();
  }

  /** The system gives black or silence. @param {string} what @param {number} startMs */
  function muted(what, startMs) {
    openGap(`muted:${what}`, { startMs, reason: "muted", detail: what, shortestMs: REAL_MUTE_MS });
  }

  /** Something keeps media from being captured. @param {string} key @param {import("./gaps.js").Open} gap */
  function openGap(key, gap) {
    if (session && inSession()) session.gaps.open(key, gap);
  }

  /** The same camera, the next generation. @param {string} reason */
  function restart(reason) {
    return inTurn(async () => {
      if (!session || !inSession() || !camera.opened) return;
      await beginRun(reason);
    });
  }

  /** What this one has is delivered from the device, apart from the next one. @param {import("./session.js").Session} ended */
  function renew(ended) {
    void inTurn(async () => {
      // A camera that comes back later fails here, too, and has its turn then.
      if (session !== ended || !inSession() || !camera.opened) return;
      session = null;
      // Its successor is what goes on after a reload.
      ended.stopPressed();
      await ended.close();
      await startIn(newSession, "start");
    });
  }

  /** Stops recording with a sentence; what was recorded is still delivered. @param {Sentence} why */
  async function abandon(why) {
    notice = why;
    await stop();
    onChange();
  }

  /** The session is there, and what it is stands on the device, before anything is recorded. */
  async function newSession() {
    const { isStorageBad } = failures;
    const { spool, startedMs } = await openNewSpool({ device, clock, origins, store, spare, isStorageBad });
    return sessionIn(spool, startedMs);
  }

  /** @param {SessionSpool} spool @param {number} startedMs @param {string} [deviceId] */
  function sessionIn(spool, startedMs, deviceId) {
    const mine = createSession({
      spool,
      startedMs,
      deviceId,
      device,
      client,
      clock,
      origins,
      storage,
      onChange,
      onRunFailed: (error) => {
        if (session === mine) failures.encoder(error);
      },
      onStorageFailed: (error) => {
        if (session === mine) failures.storage(error);
      },
      onRefused: (message) => {
        if (session === mine) failures.server(message);
      },
      onFull: (sinceMs) => {
        if (session === mine) failures.noRoom(sinceMs);
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
        const known = session ? session.facts() : null;
        partly = isBroken || (known !== null && known.isPartly);
        session = null;
        summary = got && delivered(got, known ? known.origin : "");
        phase = "finished";
        onChange();
      });
      return;
    }
    void inTurn(async () => {
      const ended = session;
      const known = ended ? ended.facts() : null;
      session = null;
      if (ended) await ended.close();
      // The server has ended a session that nobody here stopped: the next one begins at once.
      if (why === "finished" && inSession() && camera.opened) {
        const from = (known && (known.durableWallMs || known.startedMs)) || clock.now();
        isBroken = true;
        notice = { key: "capture.notice.new_session", values: { from: formatClock(from), to: formatClock(clock.now()) } };
        await startIn(newSession, "start");
        return;
      }
      phase = "idle";
      onFault({ key: "error.session_in_use", values: { detail: message } });
      onChange();
    });
  }

  /**
   * A session, and its first run here.
   * @param {() => Promise<import("./session.js").Session>} make
   * @param {string} reason
   */
  async function startIn(make, reason) {
    /** @type {import("./session.js").Session | null} */
    let mine = null;
    failures.endPause();
    try {
      mine = await make();
      session = mine;
      runStartedMs = clock.now();
      const from = /** @type {Opened} */ (camera.opened);
      await mine.begin(from.stream, plan(from), reason);
      for (const what of camera.muted()) muted(what, runStartedMs);
      phase = "recording";
      onRunning();
    } catch (error) {
      session = null;
      phase = "idle";
      if (mine) await mine.close();
      onFault(mine ? recorderFailure(error) : { key: "error.storage_failed", values: { detail: String(error) } });
    }
    onChange();
  }

  function stop() {
    if (session && inSession()) session.stopPressed();
    onStopping();
    return inTurn(async () => {
      if (!session || !inSession()) return;
      phase = "stopping";
      stoppedMs = clock.now();
      isEnding = true;
      failures.endPause();
      onChange();
      const mine = session;
      try {
        await mine.stop();
      } finally {
        isEnding = false;
      }
      if (mine.facts().recordedBytes === 0 && !mine.facts().everUp) {
        // Nothing was recorded and nobody was told of it.
        await mine.close();
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
    runFailed: failures.encoder,
    stop,

    prepare() {
      phase = "starting";
      notice = null;
      summary = null;
      stoppedMs = null;
      isBroken = false;
      failures.reset();
    },

    cancel() {
      phase = "idle";
    },

    start: () => startIn(newSession, "start"),

    /** @param {Left} left @param {SessionSpool} spool */
    goOn: (left, spool) =>
      startIn(async () => {
        const mine = sessionIn(spool, left.startedMs, left.deviceId);
        mine.goOn(left);
        return mine;
      }, "page_killed"),

    /**
     * Stop was pressed, and what waits is on the device: it is delivered from there, and the next recording can begin.
     * @returns {Promise<boolean>} whether that is so
     */
    async letGo() {
      if (phase !== "stopping" || !session || session.facts().kind === "memory") return false;
      const mine = session;
      session = null;
      phase = "idle";
      await mine.close();
      return true;
    },

    /** The camera goes away, or is changed. */
    async endRun() {
      if (!session) return;
      for (const what of camera.muted()) session.gaps.close(`muted:${what}`, clock.now());
      await session.endRun();
    },

    /** @param {string} event @param {Record<string, unknown>} [more] */
    event(event, more) {
      if (session && inSession()) session.event(event, more);
    },

    muted,
    openGap,

    /** @param {string} key */
    closeGap(key) {
      if (session) session.gaps.close(key, clock.now());
    },

    tick() {
      if (session && inSession()) session.tick();
      failures.tick();
    },

    /** @param {Sentence | null} sentence */
    note(sentence) {
      notice = sentence;
    },

    /** A new limit for what looks like an encoder that does nothing. */
    giveTime() {
      runStartedMs = clock.now();
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
    /** Nothing more can wait on this device: since when, and whether because of it or the server. */
    get full() {
      return failures.full;
    },
    get runStartedMs() {
      return runStartedMs;
    },
    get outcome() {
      return { stoppedMs, isEnding, summary, partly };
    },
  };
}

/** @typedef {ReturnType<typeof createRecording>} Recording */
