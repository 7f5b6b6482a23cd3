import { errorText, result } from "../outcomes.js";
import { tenths, wordsOfTime } from "../words.js";
import { createAccess } from "../../lib/access.js";
import { createClaims, sessionStorageOrNull } from "../../lib/claims.js";
import { loadDevice, localStorageOrNull, randomId } from "../../lib/device.js";
import { formatSmallBytes } from "../../lib/format.js";
import { createIngest } from "../../lib/ingest.js";
import { recordGeneration } from "../../lib/recorder.js";
import { mimeFor } from "../../lib/recording-types.js";
import { createMemorySpool } from "../../lib/spool-memory.js";
import { stageOf } from "../../sign-in/stage.js";

/** @typedef {import("../context.js").Context} Context */
/** @typedef {import("../context.js").Result} Result */
/** @typedef {import("../context.js").RecordedFile} RecordedFile */

const SECONDS = 10;
const VIDEO_BITS_PER_SECOND = 2_500_000;
const WELCOME_SECONDS = 15;
const SUMMARY_SECONDS = 30;
/** A healthy server confirms about once a second. */
const SLOW_MS = 5000;
/** Encoders start late and lose a little at the end. */
const SHORT_MS = (SECONDS - 2) * 1000;

/**
 * Records through the same modules as the capture page.
 * @param {Context} context
 * @returns {Promise<Result>}
 */
export async function record(context) {
  const { stream, type } = context;
  if (!stream || !type) throw new Error("no camera is open");
  if (await mayOnlyWatch()) return result("record", "watches");
  const log = newLog();
  const session = randomId();
  const spool = createMemorySpool();
  const device = loadDevice(localStorageOrNull(window), navigator);
  const startedMs = Date.now();

  /** @type {Trouble[]} */
  const troubles = [];
  const over = deferred();
  const trouble = deferred();
  /** @param {string} code @param {string} error */
  const complain = (code, error) => {
    troubles.push({ code, error });
    trouble.resolve(null);
  };

  const ingest = createIngest({
    identity: {
      device: device.id,
      key: device.key,
      name: "Self-test",
      session,
      startedMs,
      client: `localcamera-selftest/${document.documentElement.dataset.version || "0"}`,
    },
    spool,
    Socket: watched(log),
    onRestart: (_generation, message) => complain("refused", message),
    onOver: (why, message, summary) => {
      if (summary) over.resolve(/** @type {RecordedFile[]} */ (summary.files));
      else complain("refused", message || why);
    },
  });

  /** @param {string} code @param {import("../context.js").Facts} [more] @param {import("../outcomes.js").Values} [values] */
  const finding = (code, more = {}, values = {}) => {
    const { durableBytes, waitingBytes, attempts, problem } = ingest.view();
    return result("record", code, values, {
      session,
      asked_for: mimeFor(type, { audio: context.microphone }),
      ...more,
      first_acknowledgement_ms: log.latencyMs(),
      acknowledgements: log.acks,
      connections: log.connections,
      vain_attempts: attempts,
      acknowledged_bytes: durableBytes,
      waiting_bytes: waitingBytes,
      server_says: log.errors.join("; ") || (problem ? problem.message : undefined),
    });
  };

  try {
    ingest.connect();
    await Promise.race([until(() => ingest.view().open || troubles.length > 0, WELCOME_SECONDS), over.promise]);
    if (troubles.length > 0) return finding(troubles[0].code, {}, { error: troubles[0].error });
    if (!ingest.view().open) return finding(log.errors.length > 0 ? "refused" : "lost", {}, { error: log.errors[0] ?? "" });

    let bytes = 0;
    let blobs = 0;
    const begun = deferred();
    /** @type {import("../../lib/recorder.js").Run} */
    let run;
    try {
      run = recordGeneration(stream, {
        mime: mimeFor(type, { audio: context.microphone }),
        videoBitsPerSecond: VIDEO_BITS_PER_SECOND,
        onBytes: async (piece) => {
          bytes += piece.length;
          blobs += 1;
          await ingest.append(/** @type {number} */ (await begun.promise), piece);
        },
        onFailure: (error) => complain("recorder_failed", errorText(error)),
      });
      await run.started;
    } catch (error) {
      return finding("recorder_failed", {}, { error: errorText(error) });
    }
    const generation = ingest.begin({ mime: run.mime, startedMs: run.startedMs, reason: "start" });
    begun.resolve(generation);

    await countdown(context, trouble.promise);
    const stoppedMs = Date.now();
    await run.stop();
    context.mime = run.mime;
    context.recordedMs = stoppedMs - run.startedMs;
    const facts = { recorder_mime: run.mime, recorded_ms: context.recordedMs, bytes, blobs };
    if (troubles.length > 0) return finding(troubles[0].code, facts, { error: troubles[0].error });
    if (bytes === 0) return finding("no_data", facts);

    ingest.end(generation);
    ingest.stop();
    const files = await Promise.race([over.promise, trouble.promise, pause(SUMMARY_SECONDS)]);
    if (!Array.isArray(files)) {
      const { code, error } = troubles[0] ?? unfinished(ingest.view(), log);
      return finding(code, facts, { error });
    }
    context.session = session;
    context.clock = log.clock;
    context.files = files;
    return judged(context, finding, { ...facts, files: files.map(({ file }) => file).join(", ") }, bytes, log.latencyMs());
  } finally {
    context.screen.showCountdown(0);
    ingest.close();
  }
}

/** Who may only watch is refused by the server, which says nothing of this device. */
async function mayOnlyWatch() {
  const access = createAccess({ claims: createClaims(sessionStorageOrNull(window)) });
  const known = await access.look().catch(() => null);
  return known !== null && stageOf(known, { records: true }) === "watches";
}

/** @typedef {{ code: string, error: string }} Trouble */

/**
 * @param {Context} context
 * @param {(code: string, more: import("../context.js").Facts, values: import("../outcomes.js").Values) => Result} finding
 * @param {import("../context.js").Facts} facts
 * @param {number} bytes
 * @param {number | null} latencyMs
 */
function judged(context, finding, facts, bytes, latencyMs) {
  if (context.files.length === 0) return finding("unfinished", facts, {});
  const mediaMs = context.files.reduce((sum, { duration_ms }) => sum + duration_ms, 0);
  const values = {
    seconds: tenths(mediaMs),
    wanted: SECONDS,
    size: formatSmallBytes(bytes),
    latency: latencyMs === null ? "?" : wordsOfTime(latencyMs, context.t),
  };
  if (mediaMs < SHORT_MS) return finding("short", facts, values);
  return finding(latencyMs !== null && latencyMs > SLOW_MS ? "slow" : "ok", facts, values);
}

/**
 * Why there is no summary.
 * @param {{ open: boolean, waitingBytes: number }} view
 * @param {Log} log
 * @returns {Trouble}
 */
function unfinished(view, log) {
  if (log.errors.length > 0) return { code: "refused", error: log.errors[0] };
  if (!view.open) return { code: "lost", error: "" };
  return { code: view.waitingBytes > 0 ? "unconfirmed" : "unfinished", error: "" };
}

/**
 * @param {Context} context
 * @param {Promise<unknown>} interrupted
 */
async function countdown(context, interrupted) {
  let stop = false;
  void interrupted.then(() => {
    stop = true;
  });
  for (let left = SECONDS; left > 0 && !stop; left -= 1) {
    context.screen.showCountdown(left);
    await Promise.race([pause(1), interrupted]);
  }
  context.screen.showCountdown(0);
}

/**
 * What went over the wire, with the times that the conversation does not keep.
 * @typedef {object} Log
 * @property {number} connections
 * @property {number} acks
 * @property {string[]} errors
 * @property {number | null} helloMs
 * @property {number | null} chunkMs
 * @property {number | null} ackMs
 * @property {{ serverMs: number, sentMs: number, receivedMs: number } | null} clock
 * @property {() => number | null} latencyMs from the first chunk to the first word that something is on disk
 */

/** @returns {Log} */
function newLog() {
  return {
    connections: 0,
    acks: 0,
    errors: [],
    helloMs: null,
    chunkMs: null,
    ackMs: null,
    clock: null,
    latencyMs() {
      return this.ackMs === null || this.chunkMs === null ? null : Math.round(this.ackMs - this.chunkMs);
    },
  };
}

/**
 * A WebSocket that writes the log.
 * @param {Log} log
 * @returns {typeof WebSocket}
 */
function watched(log) {
  return class extends WebSocket {
    /**
     * @param {string | URL} url
     * @param {string | string[]} [protocols]
     */
    constructor(url, protocols) {
      super(url, protocols);
      log.connections += 1;
      this.addEventListener("message", ({ data }) => note(log, data));
    }

    /** @param {Parameters<WebSocket["send"]>[0]} data */
    send(data) {
      if (typeof data === "string") log.helloMs = log.helloMs ?? Date.now();
      else log.chunkMs = log.chunkMs ?? performance.now();
      super.send(data);
    }
  };
}

/**
 * @param {Log} log
 * @param {unknown} data
 */
function note(log, data) {
  /** @type {{ type?: string, now_ms?: number, durable?: number, code?: string, message?: string } | null} */
  let message;
  try {
    message = JSON.parse(String(data));
  } catch {
    return;
  }
  if (message?.type === "welcome" && typeof message.now_ms === "number" && log.helloMs !== null) {
    log.clock = log.clock ?? { serverMs: message.now_ms, sentMs: log.helloMs, receivedMs: Date.now() };
  } else if (message?.type === "ack") {
    log.acks += 1;
    if (message.durable && message.durable > 0) log.ackMs = log.ackMs ?? performance.now();
  } else if (message?.type === "error") {
    log.errors.push(message.message || message.code || "an error without words");
  }
}

/** @param {number} seconds @returns {Promise<null>} */
function pause(seconds) {
  return new Promise((resolve) => setTimeout(() => resolve(null), seconds * 1000));
}

/**
 * @param {() => boolean} reached
 * @param {number} seconds
 */
async function until(reached, seconds) {
  const end = performance.now() + seconds * 1000;
  while (!reached() && performance.now() < end) await pause(0.05);
}

/** @returns {{ promise: Promise<unknown>, resolve: (value: unknown) => void }} */
function deferred() {
  /** @type {(value: unknown) => void} */
  let resolve = () => undefined;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
