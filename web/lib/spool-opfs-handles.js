/**
 * Files of the browser's own file system, and the handles that read and write them in a worker.
 *
 *   const handle = await accessHandle(file);      // waits a while for a page that is just ending
 *   writeAll(handle, bytes, at); await handle.flush(); readBack(handle, bytes, at);
 *   const files = await filesIn(folder); mediaIn(files)
 *
 * @module
 */

import { parseFileName } from "./spool-files.js";
import { pause } from "./spool-wait.js";

/**
 * Before Safari 16.4 all but reading and writing answer with promises.
 * @typedef {object} AccessHandle
 * @property {(buffer: Uint8Array, options: { at: number }) => number} read
 * @property {(buffer: Uint8Array, options: { at: number }) => number} write
 * @property {() => number | Promise<number>} getSize
 * @property {(size: number) => void | Promise<void>} truncate
 * @property {() => void | Promise<void>} flush
 * @property {() => void | Promise<void>} close
 */

/** @typedef {FileSystemFileHandle & { createSyncAccessHandle(): Promise<AccessHandle> }} FileHandle */
/** @typedef {FileSystemDirectoryHandle & { entries(): AsyncIterable<[string, FileSystemHandle]> }} Folder */

/** A page that has just been closed or reloaded has its handles for a moment longer. */
const HANDLE_WAIT_MS = 3000;
const HANDLE_POLL_MS = 50;
const READ_BACK_BYTES = 64 * 1024;

/** @param {unknown} error as this handle or file is in use elsewhere; Safari says it in the second way */
export const isLocked = (error) =>
  error instanceof Error && (error.name === "NoModificationAllowedError" || error.name === "InvalidStateError");

/** @param {unknown} error */
export const isMissing = (error) => error instanceof Error && error.name === "NotFoundError";

/**
 * @param {FileSystemFileHandle} file
 * @param {number} [waitMs]
 * @returns {Promise<AccessHandle>}
 */
export async function accessHandle(file, waitMs = HANDLE_WAIT_MS) {
  const began = performance.now();
  for (;;) {
    try {
      return await /** @type {FileHandle} */ (file).createSyncAccessHandle();
    } catch (error) {
      if (!isLocked(error) || performance.now() - began >= waitMs) throw error;
      await pause(HANDLE_POLL_MS);
    }
  }
}

/** @param {string} why */
const full = (why) => new DOMException(why, "QuotaExceededError");

/** @param {AccessHandle} handle @param {Uint8Array} bytes @param {number} at */
export function writeAll(handle, bytes, at) {
  let done = 0;
  while (done < bytes.length) {
    const wrote = handle.write(bytes.subarray(done), { at: at + done });
    if (!(wrote > 0)) throw full("the browser wrote only a part");
    done += wrote;
  }
}

/**
 * On a full disk Firefox says of a write, and of the flush, that all is well, and keeps a part of it, or nothing.
 * @param {AccessHandle} handle
 * @param {Uint8Array} bytes
 * @param {number} at
 */
export function readBack(handle, bytes, at) {
  const read = new Uint8Array(Math.min(bytes.length, READ_BACK_BYTES));
  for (let done = 0; done < bytes.length; ) {
    const part = read.subarray(0, Math.min(read.length, bytes.length - done));
    const length = handle.read(part, { at: at + done });
    let same = length === part.length;
    for (let index = 0; same && index < length; index += 1) same = part[index] === bytes[done + index];
    if (!same) throw full("what was written is not there");
    done += length;
  }
}

/**
 * What cannot be read must not be taken for what is not there, and cut away.
 * @param {AccessHandle} handle
 * @param {number} offset
 * @param {number} length of which everything lies in the file
 */
export function readAll(handle, offset, length) {
  const bytes = new Uint8Array(length);
  if (handle.read(bytes, { at: offset }) !== length) throw new Error("the browser read only a part");
  return bytes;
}

/** @param {FileSystemDirectoryHandle} folder */
export async function filesIn(folder) {
  /** @type {Map<string, FileSystemFileHandle>} */
  const files = new Map();
  for await (const [name, handle] of /** @type {Folder} */ (folder).entries()) {
    if (handle.kind === "file") files.set(name, /** @type {FileSystemFileHandle} */ (handle));
  }
  return files;
}

/**
 * @param {Map<string, FileSystemFileHandle>} files
 * @returns {Map<number, { start: number, file: FileSystemFileHandle }[]>} media files by generation, in order
 */
export function mediaIn(files) {
  /** @type {Map<number, { start: number, file: FileSystemFileHandle }[]>} */
  const generations = new Map();
  for (const [name, file] of files) {
    const about = parseFileName(name);
    if (!about) continue;
    const list = generations.get(about.generation) || [];
    list.push({ start: about.start, file });
    generations.set(about.generation, list);
  }
  for (const list of generations.values()) list.sort((one, other) => one.start - other.start);
  return generations;
}
