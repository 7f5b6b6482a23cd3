/**
 * One press of Record: generations of recorders in, one delivered session out. Knows no page.
 *
 *   const session = createSession({ spool, startedMs, device, client, clock, origins, storage, onChange, … });
 *   session.goOn(left);                           // what an earlier visit began, and why there is a gap
 *   await session.begin(stream, plan, "start");   // a generation; the one before is ended first
 *   await session.endRun();                       // the camera goes away, or is changed
 *   session.event("muted", { detail: "camera" });
 *   session.gaps.open("camera", { startMs, reason: "camera_lost", untilRun: true });
 *   session.tick();                               // about once a second
 *   await session.stop();
 *   session.facts()
 *
 * A plan: { mime, videoBitsPerSecond, audioBitsPerSecond, timesliceMs }.
 *
 * @module
 */

import { createIngest } from "../lib/ingest.js";
import { recordGeneration } from "../lib/recorder.js";
import { SpoolFullError } from "../lib/spool.js";
import { createGaps } from "./gaps.js";
import { createLife, forget } from "./life.js";

/** @typedef {import("../lib/recorder.js").Run} Run */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {import("../lib/ingest-conversation.js").OverReason} OverReason */
/** @typedef {{ mime: string, videoBitsPerSecond: number, audioBitsPerSecond: number, timesliceMs: number }} Plan */

/**
 * @param {object} options
 * @param {import("../lib/spool.js").SessionSpool} options.spool
 * @param {number} options.startedMs
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} [options.deviceId] by which the server knows the session, where an earlier visit began it
 * @param {string} options.client program and version
 * @param {import("../lib/steady-clock.js").SteadyClock} options.clock
 * @param {import("../lib/origins.js").Origins} options.origins
 * @param {Storage | null} options.storage
 * @param {() => void} options.onChange
 * @param {(error: Error) => void} options.onRunFailed the recorder failed or stopped by itself
 * @param {(error: Error) => void} options.onStorageFailed the device's storage failed, though not for want of room: the
 *   generation has ended
 * @param {(message: string) => void} options.onRefused the server cannot record this generation
 * @param {(sinceMs: number) => void} options.onFull nothing more can wait here: the generation has ended
 * @param {(why: OverReason, message: string, summary: Summary | null) => void} options.onOver
 */
export function createSession(options) {
  const { spool, startedMs, device, client, clock, origins, storage } = options;
  const { onChange, onRunFailed, onStorageFailed, onRefused, onFull, onOver } = options;
  const id = spool.session;
  const deviceId = options.deviceId || device.id;
  const sinceMs = clock.now();

  const ingest = createIngest({
    identity: { device: deviceId, key: device.key, name: device.name, session: id, startedMs, client },
    spool,
    clock,
    origins,
    onChange,
    onRestart: (_generation, message) => onRefused(message),
    onOver: (why, message, summary) => {
      // Only what the server has summed up is there for certain.
      void leave(why === "finished");
      onOver(why, message, summary);
    },
  });
  /** How long there was no page since the session began. */
  let awayMs = 0;
  const gaps = createGaps((gap) => {
    if (gap.reason === "page_killed") awayMs += Math.max(0, gap.endMs - gap.startMs);
    return ingest.gap(gap);
  });
  /** Nothing is recorded yet since the page is back. */
  const stillAwayMs = () => {
    const away = gaps.ongoing().find(({ reason }) => reason === "page_killed");
    return away ? Math.max(0, clock.now() - away.startMs) : 0;
  };
  const life = createLife({ spool, storage, clock, ongoing: gaps.ongoing });

  /** @type {Run | null} */
  let run = null;
  /** Everything that earlier runs owed has been appended. @type {Promise<void>} */
  let earlier = Promise.resolve();
  let connected = false;
  let recordedBytes = 0;
  /** @type {number | null} */
  let handedMs = null;
  /** Where the stream was when: for servers that do not tell media time. @type {{ generation: number, end: number, wallMs: number }[]} */
  let marks = [];

  let left = false;
  /** Whether an earlier visit recorded some of it. */
  let older = false;

  /** Nothing more is to be done with the spool here. @param {boolean} discard */
  async function leave(discard) {
    if (left) return;
    left = true;
    try {
      if (discard) await spool.discard();
      else await spool.release();
      if (discard) forget(storage, id);
    } catch {
      // The next visit finds it, and is told the same by the server.
    }
  }

  /**
   * @param {MediaStream} stream
   * @param {Plan} plan
   * @param {string} reason
   */
  function startRun(stream, plan, reason) {
    const before = earlier;
    /** @type {number | null} */
    let generation = null;
    let end = 0;
    let cut = false;
    let begun = false;
    /** @type {number | null} */
    let keptMs = null;
    /** @type {Run} */
    const mine = recordGeneration(stream, {
      ...plan,
      now: clock.now,
      onFailure: (error) => {
        // Whoever began the run hears of a failed start from begin().
        if (run === mine && begun) onRunFailed(error);
      },
      onBytes: async (bytes, about) => {
        // The last bytes of the generation before come first.
        await before;
        if (cut) return;
        if (generation === null) {
          generation = ingest.begin({ mime: mine.mime, startedMs: mine.startedMs, reason });
        }
        try {
          await ingest.append(generation, bytes, { handedMs: about.handedMs });
        } catch (error) {
          // Behind a hole nothing could be decoded: the generation ends before it.
          cut = true;
          ingest.end(generation);
          if (error instanceof SpoolFullError) onFull(keptMs === null ? mine.startedMs : keptMs);
          else if (run === mine) onStorageFailed(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        end += bytes.length;
        recordedBytes += bytes.length;
        handedMs = keptMs = about.handedMs;
        life.handed(handedMs);
        marks.push({ generation, end, wallMs: about.handedMs });
        onChange();
      },
    });
    run = mine;
    void mine.started.then(() => {
      begun = true;
    }).catch(() => {});
    const finish = async () => {
      await mine.stop();
      if (generation !== null) ingest.end(generation);
    };
    return { mine, finish };
  }

  /** @type {(() => Promise<void>) | null} */
  let finishRun = null;

  function endRun() {
    const finish = finishRun;
    run = null;
    finishRun = null;
    if (finish) {
      const before = earlier;
      const done = finish();
      earlier = before.then(() => done).catch(() => {});
    }
    return earlier;
  }

  /** @type {{ atMs: number, noted: Promise<void> } | null} */
  let pressed = null;

  /** At once, whatever the end has to wait for: no later visit goes on with it. */
  function stopPressed() {
    if (!pressed) pressed = { atMs: clock.now(), noted: life.stopping() };
    return pressed;
  }

  /** @returns {number | null} */
  function durableWallMs() {
    const { durableWallMs: told, position } = ingest.view();
    if (!position) return null;
    let wall = null;
    let passed = 0;
    for (const mark of marks) {
      const safe =
        mark.generation < position.generation ||
        (mark.generation === position.generation && mark.end <= position.durable);
      if (!safe) break;
      wall = mark.wallMs;
      passed += 1;
    }
    // The newest passed mark stays: it is what is known to be safe.
    if (passed > 1) marks = marks.slice(passed - 1);
    const latest = told === null ? wall : told;
    return latest === null ? null : Math.min(latest, clock.now());
  }

  return {
    id,
    startedMs,
    gaps,

    /** @param {import("./left-behind.js").Left} before this session, as an earlier visit left it */
    goOn(before) {
      older = true;
      awayMs = before.awayMs;
      ingest.restore(spool.entries());
      recordedBytes = ingest.view().totalBytes;
      for (const gap of before.ongoing) {
        gaps.open("before", gap);
        gaps.close("before", before.lastMs);
      }
      // Where nothing was being recorded when the page went, that has its own gap already.
      const waited = before.ongoing.some(({ untilRun }) => untilRun);
      // A generation of which nothing was stored has ended the gap before it: this one goes on from there.
      const startMs = waited ? before.lastMs : Math.max(before.handedMs, before.toldMs);
      gaps.open("page", { startMs, reason: "page_killed", untilRun: true });
    },

    /**
     * @param {MediaStream} stream
     * @param {Plan} plan
     * @param {string} reason
     */
    async begin(stream, plan, reason) {
      void endRun();
      const { mine, finish } = startRun(stream, plan, reason);
      finishRun = finish;
      await mine.started;
      gaps.runBegan(mine.startedMs);
      if (!connected) {
        // Not before there is something to record: a failed start leaves no session behind.
        connected = true;
        ingest.connect();
      }
    },

    endRun,

    /** @param {string} event @param {Record<string, unknown>} [more] */
    event(event, more) {
      ingest.event(event, more);
    },

    flush() {
      if (run) run.flush();
    },

    tick: life.tick,

    stopPressed,

    async stop() {
      const { atMs, noted } = stopPressed();
      await endRun();
      await noted;
      gaps.closeAll(atMs);
      ingest.stop();
    },

    /** @param {string} name */
    rename(name) {
      ingest.rename(name);
    },

    retryNow: () => ingest.retryNow(),

    /** Gives up: what waits is for a later visit, and where nothing was recorded nothing stays. */
    async close() {
      await endRun();
      await ingest.settled();
      ingest.close();
      await leave(recordedBytes === 0 && !older);
    },

    facts() {
      const view = ingest.view();
      return {
        ...view,
        startedMs,
        sinceMs,
        awayMs: awayMs + stillAwayMs(),
        isResumed: older,
        recordedBytes,
        handedMs,
        running: run !== null && run.running,
        kind: spool.kind,
        heldBytes: spool.held(),
        limitBytes: spool.limitBytes,
        isLimitKnown: spool.isLimitKnown,
        durableWallMs: durableWallMs(),
      };
    },
  };
}

/** @typedef {ReturnType<typeof createSession>} Session */
