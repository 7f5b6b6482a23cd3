/**
 * What the spool's worker does when the page asks: `{ id, op, ... }` is answered with `{ id, value }` or
 * `{ id, error: { name, message } }`. The page asks for one thing at a time of each session.
 *
 *   const desk = createDesk(navigator.storage);
 *   desk(request, (answer, transfer) => postMessage(answer, transfer));
 *
 * @module
 */

import { LOG_NAME, parseLog } from "./spool-files.js";
import { accessHandle, filesIn, isLocked, isMissing, mediaIn } from "./spool-opfs-handles.js";
import { createSessionFiles } from "./spool-opfs-session.js";
import { HEADER_BYTES } from "./spool-record.js";

/** @typedef {import("./spool-opfs-session.js").SessionFiles} SessionFiles */
/** @typedef {import("./spool-opfs-handles.js").Folder} Folder */

const ROOT = "localcamera";
/** Beside the sessions, whose ids have no dot. */
const PROOF_NAME = "proof.bin";
const PROOF_BYTES = 64;

/** @param {Pick<StorageManager, "getDirectory">} storage */
export function createDesk(storage) {
  /** @type {Map<string, SessionFiles>} */
  const sessions = new Map();

  const root = async () => (await storage.getDirectory()).getDirectoryHandle(ROOT, { create: true });

  /** Also after the worker was replaced, and for a session that the page opened before. @param {string} session */
  async function filesOf(session) {
    let files = sessions.get(session);
    if (!files) {
      files = createSessionFiles(await (await root()).getDirectoryHandle(session));
      await files.resume();
      sessions.set(session, files);
    }
    return files;
  }

  /** Written, flushed, closed, opened and read back. */
  async function prove() {
    const file = await (await root()).getFileHandle(PROOF_NAME, { create: true });
    const written = crypto.getRandomValues(new Uint8Array(PROOF_BYTES));
    const first = await accessHandle(file);
    try {
      await first.truncate(0);
      if (first.write(written, { at: 0 }) !== PROOF_BYTES) throw new Error("the proof was not written");
      await first.flush();
    } finally {
      await first.close();
    }
    const second = await accessHandle(file);
    try {
      const read = new Uint8Array(PROOF_BYTES);
      const length = second.read(read, { at: 0 });
      return length === PROOF_BYTES && (await second.getSize()) === PROOF_BYTES && read.every((byte, at) => byte === written[at]);
    } finally {
      await second.close();
    }
  }

  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {boolean} probe whether its files must say if another page has it
   */
  async function describe(folder, probe) {
    const files = await filesIn(folder);
    const log = files.get(LOG_NAME);
    const { entries } = parseLog(log ? new Uint8Array(await (await log.getFile()).arrayBuffer()) : new Uint8Array(0));
    let bytes = 0;
    const media = mediaIn(files);
    for (const list of media.values()) {
      const last = list[list.length - 1];
      const { size } = await last.file.getFile();
      bytes += last.start + Math.max(0, size - HEADER_BYTES) - list[0].start;
    }
    let busy = false;
    if (probe && log) {
      try {
        await (await accessHandle(log, 0)).close();
      } catch (error) {
        busy = isLocked(error);
      }
    }
    return { session: folder.name, entries, bytes, busy, empty: entries.length === 0 && media.size === 0 };
  }

  /** @type {Record<string, (request: any) => Promise<unknown>>} */
  const ops = {
    ping: async () => null,
    prove,

    async list({ probe }) {
      const left = [];
      for await (const [, handle] of /** @type {Folder} */ (await root()).entries()) {
        if (handle.kind !== "directory") continue;
        try {
          left.push(await describe(/** @type {FileSystemDirectoryHandle} */ (handle), probe));
        } catch {
          // Another page has discarded it meanwhile; or it cannot be read now, and the others can.
        }
      }
      return left;
    },

    async open({ session, create }) {
      /** @type {SessionFiles | null} */
      let files = null;
      try {
        files = createSessionFiles(await (await root()).getDirectoryHandle(session, { create }));
        const found = await files.open();
        sessions.set(session, files);
        return found;
      } catch (error) {
        if (files) await files.close();
        if (isLocked(error) || isMissing(error)) return null;
        throw error;
      }
    },

    note: async ({ session, line }) => (await filesOf(session)).note(line),
    append: async ({ session, generation, start, position, bytes }) =>
      (await filesOf(session)).append(generation, start, position, bytes),
    read: async ({ session, generation, start, position, length }) =>
      (await filesOf(session)).read(generation, start, position, length),
    remove: async ({ session, generation, start, end }) => (await filesOf(session)).remove(generation, start, end),

    async clear({ session }) {
      await (await filesOf(session)).clear();
      sessions.delete(session);
      await (await root()).removeEntry(session, { recursive: true });
    },

    async close({ session }) {
      const files = sessions.get(session);
      sessions.delete(session);
      if (files) await files.close();
    },
  };

  /** @param {{ id: number, op: string }} request @param {(answer: object, transfer: Transferable[]) => void} answer */
  return async (request, answer) => {
    const { id, op } = request;
    try {
      const value = await ops[op](request);
      answer({ id, value }, value instanceof Uint8Array ? [/** @type {ArrayBuffer} */ (value.buffer)] : []);
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
      answer({ id, error: { name, message } }, []);
    }
  };
}
