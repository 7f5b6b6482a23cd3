/**
 * The files of a session on the device, by name alone: pure.
 *
 *   <session>/log.jsonl                        the log, a JSON object per line
 *   <session>/g<generation>_<position>.part    media from this position on
 *
 * The front of a file cannot be freed: media is spread over files of ROLL_BYTES, and a file goes when the server has
 * everything in it. An empty file says where its generation ends after everything in it has gone.
 *
 * @module
 */

import { HEADER_BYTES } from "./spool-record.js";

export const LOG_NAME = "log.jsonl";

/** A file of this length is followed by the next. */
export const ROLL_BYTES = 4 * 1024 * 1024;

/** 2^53 has 16 digits: the order of the names is the order of the positions. */
const POSITION_DIGITS = 16;

/** @param {number} generation @param {number} start */
export const fileName = (generation, start) => `g${generation}_${String(start).padStart(POSITION_DIGITS, "0")}.part`;

/** @param {string} name @returns {{ generation: number, start: number } | null} null: not a media file */
export function parseFileName(name) {
  const match = /^g(\d{1,10})_(\d{16})\.part$/.exec(name);
  return match ? { generation: Number(match[1]), start: Number(match[2]) } : null;
}

/** @typedef {{ start: number, size: number }} FoundFile `size` on the device, headers included */

/**
 * The files of a generation that hold one piece of its stream, up to its end where that is possible.
 * @template {FoundFile} File
 * @param {File[]} files in order
 * @returns {File[]} each holds everything up to the start of the next
 */
export function usableFiles(files) {
  let from = Math.max(0, files.length - 1);
  let to = files.length;
  for (let at = files.length - 2; at >= 0; at -= 1) {
    const { start, size } = files[at];
    if (size >= files[at + 1].start - start + HEADER_BYTES) {
      from = at;
    } else if (size >= ROLL_BYTES) {
      // It was complete: what followed it has been freed, and so should it have been.
      break;
    } else {
      // The device lost the end of it: nothing behind the hole can be delivered.
      from = at;
      to = at + 1;
    }
  }
  return files.slice(from, to);
}

/** @typedef {{ start: number, end: number }} MediaFile */

/**
 * The start of the file that takes the next bytes.
 * @param {MediaFile[]} files of the generation
 * @param {number} position
 */
export function fileForNext(files, position) {
  const last = files[files.length - 1];
  return last && last.end - last.start < ROLL_BYTES ? last.start : position;
}

/**
 * The first file, if the server has everything in it.
 * @param {MediaFile[]} files of the generation
 * @param {number} below
 * @param {boolean} last whether the last file may go, too
 * @returns {MediaFile | null}
 */
export function fileToFree(files, below, last) {
  const first = files[0];
  if (!first || first.end > below || first.start === first.end) return null;
  return files.length > 1 || last ? first : null;
}

/**
 * @param {Uint8Array} bytes
 * @returns {{ entries: Record<string, any>[], size: number }} `size`: up to the end of the last whole line
 */
export function parseLog(bytes) {
  const size = bytes.lastIndexOf(0x0a) + 1;
  const entries = [];
  for (const line of new TextDecoder().decode(bytes.subarray(0, size)).split("\n")) {
    try {
      const entry = JSON.parse(line);
      if (typeof entry === "object" && entry !== null) entries.push(entry);
    } catch {
      // What stands behind the last line, or a line that the device has damaged.
    }
  }
  return { entries, size };
}
