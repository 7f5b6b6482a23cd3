/**
 * One run of a MediaRecorder: a generation's byte stream, in order.
 *
 *   const run = recordGeneration(stream, {
 *     mime, videoBitsPerSecond, audioBitsPerSecond, timesliceMs,
 *     onBytes: async (bytes, { handedMs }) => {},   // awaited: the next call comes after it
 *     onFailure: (error) => {},                     // recorder error, unreadable blob, or it stopped unasked
 *   });
 *   await run.started;      // media time zero: run.startedMs; rejects where the recorder does not start
 *   run.mime                // what the encoder says it produces
 *   run.flush();            // ask for what the encoder has now
 *   await run.stop();       // resolves when the last byte has been through onBytes
 *
 * How its blobs become bytes is in `recorder-blobs.js`; one that cannot be read ends the run.
 *
 * @module
 */

import { createBlobs } from "./recorder-blobs.js";

/** Short enough for an honest light, long enough that Safari does not skip every other one. */
export const TIMESLICE_MS = 1000;
/** Files are cut at key frames: the spacing asked of the encoder, where it listens. */
export const KEY_FRAME_MS = 2000;
/** An engine that lost its encoder may never say that it stopped. */
const STOP_PATIENCE_MS = 5000;
/** An engine may accept start() and then do nothing. */
const START_PATIENCE_MS = 8000;

/**
 * @typedef {object} RunOptions
 * @property {string} mime
 * @property {number} videoBitsPerSecond
 * @property {number} [audioBitsPerSecond]
 * @property {number} [timesliceMs] how often bytes are asked for
 * @property {(bytes: Uint8Array, about: { handedMs: number }) => void | Promise<void>} onBytes
 * @property {(error: Error) => void} onFailure
 * @property {typeof MediaRecorder} [Recorder]
 * @property {() => number} [now]
 */

/**
 * @typedef {object} Run
 * @property {Promise<void>} started
 * @property {number} startedMs wall time of the generation's media time zero
 * @property {string} mime
 * @property {boolean} running
 * @property {() => void} flush
 * @property {() => Promise<void>} stop
 */

/** Why a run ended, when nobody asked it to. */
export class RunFailure extends Error {
  /**
   * @param {"start" | "encoder" | "read" | "stopped"} what
   * @param {unknown} [reason]
   */
  constructor(what, reason) {
    super(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason || what));
    this.name = "RunFailure";
    this.what = what;
  }
}

/**
 * @param {MediaStream} stream
 * @param {RunOptions} options
 * @returns {Run}
 */
export function recordGeneration(stream, options) {
  const { mime, videoBitsPerSecond, audioBitsPerSecond = 128000, timesliceMs = TIMESLICE_MS } = options;
  const { onBytes, onFailure, Recorder = MediaRecorder, now = Date.now } = options;

  let asked = false;
  let told = false;
  let startedMs = now();
  let producedMime = mime;
  /** @type {() => void} */
  let stopped = () => {};
  /** @type {Promise<void>} */
  const stopEvent = new Promise((resolve) => {
    stopped = resolve;
  });

  /** @param {RunFailure} failure */
  const fail = (failure) => {
    if (told || (asked && failure.what !== "read")) return;
    told = true;
    onFailure(failure);
  };

  const blobs = createBlobs({ onBytes, onUnreadable: (reason) => fail(new RunFailure("read", reason)) });

  // videoKeyFrameIntervalDuration is newer than the type library; engines ignore members they do not know.
  const settings = /** @type {MediaRecorderOptions} */ (
    /** @type {unknown} */ ({
      mimeType: mime,
      videoBitsPerSecond,
      audioBitsPerSecond,
      videoKeyFrameIntervalDuration: KEY_FRAME_MS,
    })
  );
  const recorder = new Recorder(stream, settings);

  recorder.ondataavailable = (event) => {
    const blob = event.data;
    const handedMs = now();
    if (!blob || blob.size === 0) return;
    producedMime = recorder.mimeType || blob.type || producedMime;
    blobs.add(blob, handedMs);
  };
  recorder.onstop = () => stopped();

  const started = new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
    const timer = setTimeout(() => {
      // Firefox sends `start` with the first encoded data; a running recorder is as good.
      if (recorder.state === "recording") resolve();
      else reject(new RunFailure("start", "the recorder did not start"));
    }, START_PATIENCE_MS);
    recorder.onstart = () => {
      clearTimeout(timer);
      producedMime = recorder.mimeType || producedMime;
      resolve();
    };
    recorder.onerror = (event) => {
      clearTimeout(timer);
      const reason = /** @type {{ error?: unknown }} */ (/** @type {unknown} */ (event)).error;
      reject(new RunFailure("start", reason));
      fail(new RunFailure("encoder", reason));
    };
    recorder.addEventListener("stop", () => {
      clearTimeout(timer);
      reject(new RunFailure("start", "the recorder stopped"));
      // What it handed over comes first, and the error that explains the stop may follow it.
      void blobs.settled().then(() => setTimeout(() => fail(new RunFailure("stopped")), 0));
    });
  });
  // Whoever does not await it learns of the failure through onFailure.
  started.catch(() => {});

  recorder.start(timesliceMs);
  startedMs = now();

  return {
    started,
    startedMs,
    get mime() {
      return producedMime;
    },
    get running() {
      return recorder.state === "recording";
    },
    flush() {
      try {
        if (recorder.state === "recording") recorder.requestData();
      } catch {
        // The recorder ended in between; its last data is on its way.
      }
    },
    async stop() {
      asked = true;
      if (recorder.state !== "inactive") recorder.stop();
      else stopped();
      await Promise.race([stopEvent, new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE_MS))]);
      // An inactive recorder may still owe a queued dataavailable: tasks queued before this one come first.
      await new Promise((resolve) => setTimeout(resolve, 0));
      await blobs.settled();
    },
  };
}
