/**
 * Everything that happens to one SourceBuffer, one after the other: a buffer that is busy throws.
 *
 *   const appends = createAppends({ buffer, mime, timeS: () => video.currentTime, now, onAppended, onFault, onStarved });
 *   appends.begin({ mime, bytes, place: (bufferedEndS) => offsetS });   an init segment
 *   appends.append(bytes, isKey);
 *   appends.hold(); appends.release();     between a managed source's `endstreaming` and `startstreaming`
 *   appends.close();
 *
 * @module
 */

import { dropToKey } from "./held.js";

/** What is older than this is of no use in a live picture. */
const KEPT_S = 30;
/** Removing costs more than a little memory. */
const SLACK_S = 5;
/** What stays behind the picture when the buffer is full. */
const KEPT_WHEN_FULL_S = 2;
/** So much waits for a source that does not want any; then what is older than a key frame goes. */
const MOST_HELD_BYTES = 8 * 1024 * 1024;
const MOST_HELD_MS = 6000;

/** @typedef {{ kind: "begin", mime: string, bytes: ArrayBuffer, place: (bufferedEndS: number) => number, isKey: true }} Begin */
/** @typedef {{ kind: "append", bytes: ArrayBuffer, isKey: boolean }} Append */
/** @typedef {Begin | Append} Job */
/** @typedef {Pick<SourceBuffer, "updating" | "buffered" | "timestampOffset" | "appendBuffer" | "remove" | "abort" | "changeType" | "addEventListener">} Buffer */

/**
 * @param {object} options
 * @param {Buffer} options.buffer
 * @param {string} options.mime what it was made for
 * @param {() => number} options.timeS where the element is
 * @param {() => number} options.now
 * @param {(bufferedEndS: number) => void} options.onAppended
 * @param {(why: string) => void} options.onFault nothing more can be appended here
 * @param {() => void} options.onStarved what was held is gone: a new connection begins with a key frame
 */
export function createAppends({ buffer, mime, timeS, now, onAppended, onFault, onStarved }) {
  /** @type {Job[]} */
  let queue = [];
  let isClosed = false;
  let isBusy = false;
  let isHeld = false;
  let heldMs = 0;
  let wasFull = false;
  /** A group of pictures has lost its beginning: nothing can be shown before the next init segment. */
  let isStarved = false;

  const ends = () => {
    const { buffered } = buffer;
    return buffered.length > 0 ? { startS: buffered.start(0), endS: buffered.end(buffered.length - 1) } : { startS: 0, endS: 0 };
  };

  /** @param {string} why */
  function fault(why) {
    if (isClosed) return;
    isClosed = true;
    queue = [];
    onFault(why);
  }

  /** @param {number} keptS @returns {boolean} something is being removed */
  function removeOld(keptS, slackS = 0) {
    const { startS, endS } = ends();
    // Behind somebody who paused, the buffer does not grow for ever.
    const untilS = Math.max(timeS() - keptS, endS - 2 * KEPT_S);
    if (untilS <= startS + slackS) return false;
    isBusy = true;
    buffer.remove(startS, untilS);
    return true;
  }

  /** @param {Job} job */
  function run(job) {
    if (job.kind === "begin") {
      // Ends what the parser was in the middle of; it refuses a new offset there.
      buffer.abort();
      if (job.mime !== mime) {
        buffer.changeType(job.mime);
        mime = job.mime;
      }
      buffer.timestampOffset = job.place(ends().endS);
    }
    isBusy = true;
    buffer.appendBuffer(job.bytes);
  }

  function pump() {
    if (isClosed || isBusy || buffer.updating) return;
    try {
      if (!isHeld && removeOld(KEPT_S, SLACK_S)) return;
      const job = isHeld ? undefined : queue[0];
      if (!job) return;
      run(job);
      queue.shift();
      wasFull = false;
    } catch (error) {
      isBusy = false;
      if (/** @type {any} */ (error).name === "QuotaExceededError" && !wasFull) makeRoom();
      else fault(String(error));
    }
  }

  /** The job stays at the front and is tried once more. */
  function makeRoom() {
    wasFull = true;
    try {
      if (!removeOld(KEPT_WHEN_FULL_S)) fault("full");
    } catch (error) {
      fault(String(error));
    }
  }

  buffer.addEventListener("updateend", () => {
    if (isClosed) return;
    isBusy = false;
    try {
      onAppended(ends().endS);
    } catch (error) {
      // The source took the buffer away.
      return fault(String(error));
    }
    pump();
  });
  buffer.addEventListener("error", () => fault("the browser cannot read this media"));

  function keepShort() {
    const bytes = queue.reduce((sum, job) => sum + job.bytes.byteLength, 0);
    if (bytes <= MOST_HELD_BYTES && now() - heldMs <= MOST_HELD_MS) return;
    queue = dropToKey(queue);
    heldMs = now();
    isStarved = queue.length === 0;
  }

  /** @param {Job} job */
  function add(job) {
    if (isClosed) return;
    if (job.kind === "begin") isStarved = false;
    if (isStarved) return;
    queue.push(job);
    if (isHeld) keepShort();
    else pump();
  }

  return {
    /** @param {Omit<Begin, "kind" | "isKey">} init */
    begin: (init) => add({ kind: "begin", isKey: true, ...init }),
    /** @param {ArrayBuffer} bytes @param {boolean} isKey */
    append: (bytes, isKey) => add({ kind: "append", bytes, isKey }),
    hold() {
      if (!isHeld) heldMs = now();
      isHeld = true;
    },
    release() {
      isHeld = false;
      if (isStarved) onStarved();
      pump();
    },
    close() {
      isClosed = true;
      queue = [];
    },
    /** How many wait. */
    get waiting() {
      return queue.length;
    },
  };
}
