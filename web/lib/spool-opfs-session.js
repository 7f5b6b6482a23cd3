/**
 * The files of one session in the browser's own file system, inside the worker: the only place where bytes touch
 * the device. Never called twice at a time.
 *
 *   const files = createSessionFiles(folder);
 *   const { entries, ranges } = await files.open();
 *   await files.append(generation, start, position, bytes);     // into the file that begins at `start`
 *
 * @module
 */

import { fileName, LOG_NAME, parseLog, usableFiles } from "./spool-files.js";
import { accessHandle, filesIn, isMissing, mediaIn, readAll, readBack, writeAll } from "./spool-opfs-handles.js";
import { HEADER_BYTES, recordAt, recordHeader, scanRecords } from "./spool-record.js";

/** @typedef {import("./spool-opfs-handles.js").AccessHandle} AccessHandle */
/** @typedef {import("./spool-record.js").Stored} Stored */
/** @typedef {{ generation: number, start: number, handle: AccessHandle, records: Stored[], end: number, size: number }} OpenFile */

/** Sizes that are asked for at a time: Safari opens at most 252 files. */
const SIZES_AT_ONCE = 32;

/** @param {FileSystemDirectoryHandle} folder of this session */
export function createSessionFiles(folder) {
  /** @type {{ handle: AccessHandle, size: number } | null} */
  let log = null;
  /** @type {OpenFile | null} */
  let writer = null;
  /** A file of the past that is being read. @type {OpenFile | null} */
  let reader = null;

  /** @param {OpenFile | null} file @param {number} generation @param {number} start */
  const is = (file, generation, start) => file !== null && file.generation === generation && file.start === start;

  /** @param {{ handle: AccessHandle } | null} file */
  async function shut(file) {
    if (!file) return;
    try {
      await file.handle.close();
    } catch {
      // The browser has closed it already.
    }
  }

  async function closeAll() {
    const open = [log, writer, reader];
    log = writer = reader = null;
    for (const file of open) await shut(file);
  }

  /**
   * @param {number} generation
   * @param {number} start
   * @param {{ create: boolean, verify: boolean }} how
   * @returns {Promise<OpenFile>}
   */
  async function openMedia(generation, start, { create, verify }) {
    const handle = await accessHandle(await folder.getFileHandle(fileName(generation, start), { create }));
    try {
      const size = await handle.getSize();
      const read = (/** @type {number} */ offset, /** @type {number} */ length) => readAll(handle, offset, length);
      return { generation, start, handle, ...scanRecords(read, { size, start, verify }) };
    } catch (error) {
      await shut({ handle });
      throw error;
    }
  }

  async function openLog() {
    if (log) return { log, entries: [] };
    const handle = await accessHandle(await folder.getFileHandle(LOG_NAME, { create: true }));
    const opened = { handle, size: 0 };
    try {
      const found = await handle.getSize();
      const { entries, size } = parseLog(readAll(handle, 0, found));
      opened.size = size;
      if (size < found) await handle.truncate(size);
      log = opened;
      return { log: opened, entries };
    } catch (error) {
      await shut(opened);
      throw error;
    }
  }

  /**
   * The file that takes the bytes from this position on; what stood behind it was never acknowledged to the page.
   * @param {number} generation
   * @param {number} start
   * @param {number} position
   */
  async function fileToWrite(generation, start, position) {
    if (writer && is(writer, generation, start) && writer.end === position) return writer;
    await shut(writer);
    writer = null;
    if (is(reader, generation, start)) {
      await shut(reader);
      reader = null;
    }
    const file = await openMedia(generation, start, { create: start === position, verify: true });
    while (file.end > position) {
      const record = /** @type {Stored} */ (file.records.pop());
      file.end = record.position;
      file.size = record.offset - HEADER_BYTES;
    }
    if (file.end !== position) {
      await shut(file);
      throw new Error(`${fileName(generation, start)} ends at ${file.end}, not at ${position}`);
    }
    await file.handle.truncate(file.size);
    writer = file;
    return file;
  }

  /**
   * What a failed write left is taken away again. Opened anew, the file is cut where its last whole record or line
   * ends; a handle that has failed once may fail for ever.
   * @param {{ handle: AccessHandle, size: number }} file
   */
  async function cutBack(file) {
    try {
      await file.handle.truncate(file.size);
      await file.handle.flush();
    } catch {
      // So it is cut when it is opened.
    }
    if (file === log) log = null;
    if (file === writer) writer = null;
    await shut(file);
  }

  /**
   * A browser may close handles on its own, as Safari does with those of an app in the background: opened anew once.
   * @template T
   * @param {() => Promise<T>} work
   */
  async function withHandles(work) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "InvalidStateError") throw error;
      await closeAll();
      await openLog();
      return work();
    }
  }

  return {
    /** The log, and what is here of each generation. Throws what `isLocked` knows when another page has it open. */
    async open() {
      const { entries } = await openLog();
      const ranges = [];
      for (const [generation, list] of mediaIn(await filesIn(folder))) {
        const found = [];
        for (let at = 0; at < list.length; at += SIZES_AT_ONCE) {
          const some = list.slice(at, at + SIZES_AT_ONCE);
          found.push(...(await Promise.all(some.map(async ({ start, file }) => ({ start, size: (await file.getFile()).size })))));
        }
        const files = usableFiles(found);
        const last = files[files.length - 1];
        const opened = await openMedia(generation, last.start, { create: false, verify: true });
        await shut(opened);
        ranges.push({
          generation,
          files: files.map(({ start }, at) => ({ start, end: at + 1 < files.length ? files[at + 1].start : opened.end })),
        });
      }
      return { entries, ranges };
    },

    /** Without looking at the media: this page had the session open before. The open log keeps other pages away. */
    async resume() {
      await openLog();
    },

    /** @param {string} line */
    note: (line) =>
      withHandles(async () => {
        const { log: open } = await openLog();
        const bytes = new TextEncoder().encode(`${line}\n`);
        try {
          writeAll(open.handle, bytes, open.size);
          await open.handle.flush();
          readBack(open.handle, bytes, open.size);
        } catch (error) {
          await cutBack(open);
          throw error;
        }
        open.size += bytes.length;
      }),

    /** @param {number} generation @param {number} start of the file @param {number} position @param {Uint8Array} bytes */
    append: (generation, start, position, bytes) =>
      withHandles(async () => {
        const file = await fileToWrite(generation, start, position);
        const header = recordHeader(position, bytes);
        const offset = file.size + HEADER_BYTES;
        try {
          writeAll(file.handle, header, file.size);
          writeAll(file.handle, bytes, offset);
          await file.handle.flush();
          readBack(file.handle, header, file.size);
          readBack(file.handle, bytes, offset);
        } catch (error) {
          await cutBack(file);
          throw error;
        }
        file.records.push({ position, length: bytes.length, offset });
        file.size = offset + bytes.length;
        file.end = position + bytes.length;
      }),

    /** @param {number} generation @param {number} start of the file @param {number} position @param {number} length */
    read: (generation, start, position, length) =>
      withHandles(async () => {
        let file = is(writer, generation, start) ? writer : reader;
        if (!file || !is(file, generation, start)) {
          await shut(reader);
          reader = null;
          file = reader = await openMedia(generation, start, { create: false, verify: false });
        }
        const bytes = new Uint8Array(length);
        let done = 0;
        for (let at = recordAt(file.records, position); at >= 0 && at < file.records.length && done < length; at += 1) {
          const record = file.records[at];
          const from = position + done - record.position;
          const part = bytes.subarray(done, done + Math.min(record.length - from, length - done));
          if (file.handle.read(part, { at: record.offset + from }) !== part.length) break;
          done += part.length;
        }
        if (done === 0) throw new Error(`${fileName(generation, start)} has lost byte ${position}`);
        return bytes.subarray(0, done);
      }),

    /**
     * @param {number} generation
     * @param {number} start
     * @param {number | null} end where the generation ends, if nothing else says it
     */
    async remove(generation, start, end) {
      for (const file of [writer, reader]) {
        if (is(file, generation, start)) await shut(file);
      }
      if (is(writer, generation, start)) writer = null;
      if (is(reader, generation, start)) reader = null;
      if (end !== null) await folder.getFileHandle(fileName(generation, end), { create: true });
      try {
        await folder.removeEntry(fileName(generation, start));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },

    /** The media, then the log: what is left of it after a crash still says what it is. */
    async clear() {
      await closeAll();
      const files = await filesIn(folder);
      for (const name of files.keys()) {
        if (name !== LOG_NAME) await folder.removeEntry(name);
      }
      if (files.has(LOG_NAME)) await folder.removeEntry(LOG_NAME);
    },

    close: closeAll,
  };
}

/** @typedef {ReturnType<typeof createSessionFiles>} SessionFiles */
