/**
 * One press of Record: generations of recorders in, one delivered session out. Knows no page.
 *
 *   const session = createSession({ device, client, url, onChange, onRunFailed, onRefused, onFull, onOver });
 *   await session.begin(stream, plan, "start");   // a generation; the one before is ended first
 *   await session.endRun();                       // the camera goes away, or is changed
 *   session.event("muted", { detail: "camera" });
 *   await session.stop();
 *   session.facts()
 *
 * A plan: { mime, videoBitsPerSecond, audioBitsPerSecond }.
 *
 * @module
 */

import { randomId } from "../lib/device.js";
import { createIngest } from "../lib/ingest.js";
import { recordGeneration } from "../lib/recorder.js";
import { createMemorySpool, SpoolFullError } from "../lib/spool-memory.js";

/** @typedef {import("../lib/recorder.js").Run} Run */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */
/** @typedef {import("../lib/ingest-conversation.js").OverReason} OverReason */
/** @typedef {{ mime: string, videoBitsPerSecond: number, audioBitsPerSecond: number }} Plan */

/**
 * @param {object} options
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client program and version
 * @param {string} options.url
 * @param {import("../lib/spool-memory.js").Spool} [options.spool]
 * @param {() => void} options.onChange
 * @param {(error: Error) => void} options.onRunFailed the recorder failed or stopped by itself
 * @param {(message: string) => void} options.onRefused the server cannot record this generation
 * @param {() => void} options.onFull nothing more can wait here
 * @param {(why: OverReason, message: string, summary: Summary | null) => void} options.onOver
 */
export function createSession(options) {
  const { device, client, url, onChange, onRunFailed, onRefused, onFull, onOver } = options;
  const spool = options.spool || createMemorySpool();
  const startedMs = Date.now();
  const id = randomId();

  const ingest = createIngest({
    url,
    spool,
    identity: { device: device.id, key: device.key, name: device.name, session: id, startedMs, client },
    onChange,
    onRestart: (_generation, message) => onRefused(message),
    onOver,
  });

  /** @type {Run | null} */
  let run = null;
  /** Everything that earlier runs owed has been appended. @type {Promise<void>} */
  let earlier = Promise.resolve();
  let connected = false;
  let full = false;
  let recordedBytes = 0;
  /** @type {number | null} */
  let handedMs = null;
  /** Where the stream was when: for servers that do not tell media time. @type {{ generation: number, end: number, wallMs: number }[]} */
  let marks = [];

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
    /** @type {Run} */
    const mine = recordGeneration(stream, {
      ...plan,
      onFailure: (error) => {
        // Whoever began the run hears of a failed start from begin().
        if (run === mine && begun) onRunFailed(error);
      },
      onBytes: async (bytes, about) => {
        // The last bytes of the generation before come first.
        await before;
        if (cut || full) return;
        if (generation === null) {
          generation = ingest.begin({ mime: mine.mime, startedMs: mine.startedMs, reason });
        }
        try {
          await ingest.append(generation, bytes);
        } catch (error) {
          // Behind a hole nothing could be decoded: the generation ends before it.
          cut = true;
          ingest.end(generation);
          if (error instanceof SpoolFullError) {
            full = true;
            onFull();
          } else if (run === mine) {
            onRunFailed(error instanceof Error ? error : new Error(String(error)));
          }
          return;
        }
        end += bytes.length;
        recordedBytes += bytes.length;
        handedMs = about.handedMs;
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
    return latest === null ? null : Math.min(latest, Date.now());
  }

  return {
    id,
    startedMs,

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

    async stop() {
      await endRun();
      ingest.stop();
    },

    /** @param {string} name */
    rename(name) {
      ingest.rename(name);
    },

    retryNow: () => ingest.retryNow(),

    close() {
      void endRun();
      ingest.close();
    },

    facts() {
      const view = ingest.view();
      return {
        ...view,
        startedMs,
        recordedBytes,
        handedMs,
        running: run !== null && run.running,
        heldBytes: spool.held(),
        limitBytes: spool.limitBytes,
        durableWallMs: durableWallMs(),
      };
    },
  };
}

/** @typedef {ReturnType<typeof createSession>} Session */
