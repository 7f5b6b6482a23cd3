// What browsers offer a spool, by hand: the origin's private file system with a quota, exclusive handles and crashes;
// a worker that runs in the test; Web Locks.

import { createDesk } from "../../web/lib/spool-opfs-desk.js";

const refused = (name, message = name) => new DOMException(message, name);

/**
 * A disk that outlives the pages: `storage()` is what one page's worker sees of it.
 * @param {{ quotaBytes?: number, asynchronous?: boolean }} [options] asynchronous: handles as before Safari 16.4
 */
export function createDisk({ quotaBytes = Infinity, asynchronous = false } = {}) {
  const root = { folders: new Map(), files: new Map(), name: "" };
  const disk = {
    quotaBytes,
    flushes: 0,
    /** Called before each write, with the file's name and the bytes; may throw, or return how many are written. */
    onWrite: null,
    afterWrite: null,
    onFlush: null,
    /** The share that a write keeps although it says that all is well: Firefox on a full disk. @type {number | false} */
    forgetful: false,
    used,
    names,
    storage,
    powerCut,
  };

  function used(folder = root) {
    let bytes = 0;
    for (const one of folder.files.values()) bytes += one.bytes.length;
    for (const one of folder.folders.values()) bytes += used(one);
    return bytes;
  }

  /** The files of a folder, sorted. */
  function names(path) {
    const folder = path.split("/").reduce((at, name) => at && at.folders.get(name), root);
    return folder ? Array.from(folder.files.keys()).sort() : [];
  }

  /** What was not flushed is gone; or, as some file systems have it, its length is there, some bytes, and zeros. */
  function powerCut({ zeros = false } = {}, folder = root) {
    for (const one of folder.files.values()) {
      const kept = new Uint8Array(zeros ? Math.max(one.bytes.length, one.durable.length) : one.durable.length);
      kept.set(one.bytes.subarray(0, Math.min(kept.length, one.durable.length + 64)));
      kept.set(one.durable);
      one.bytes = one.durable = kept;
    }
    for (const one of folder.folders.values()) powerCut({ zeros }, one);
  }

  const answer = (work) => (asynchronous ? Promise.resolve().then(work) : work());

  function handleOf(name, content, alive) {
    const use = () => {
      if (!alive.yes || handle.closed) throw refused("InvalidStateError");
    };
    const handle = {
      closed: false,
      read(buffer, { at }) {
        use();
        const part = content.bytes.subarray(at, at + buffer.length);
        buffer.set(part);
        return part.length;
      },
      write(buffer, { at }) {
        use();
        const wanted = disk.onWrite ? disk.onWrite(name, buffer) : undefined;
        const said = wanted === undefined ? buffer.length : wanted;
        const part = buffer.subarray(0, disk.forgetful === false ? said : Math.floor(said * disk.forgetful));
        const grown = Math.max(0, at + part.length - content.bytes.length);
        if (used() + grown > disk.quotaBytes) throw refused("QuotaExceededError");
        const next = new Uint8Array(content.bytes.length + grown);
        next.set(content.bytes);
        next.set(part, at);
        content.bytes = next;
        if (disk.afterWrite) disk.afterWrite();
        return said;
      },
      getSize: () => answer(() => (use(), content.bytes.length)),
      truncate: (size) =>
        answer(() => {
          use();
          const next = new Uint8Array(size);
          next.set(content.bytes.subarray(0, size));
          content.bytes = next;
        }),
      flush: () =>
        answer(() => {
          use();
          if (disk.onFlush) disk.onFlush(name);
          disk.flushes += 1;
          content.durable = content.bytes;
        }),
      close: () =>
        answer(() => {
          handle.closed = true;
          if (content.handle === handle) content.handle = null;
        }),
    };
    return handle;
  }

  /** @param {{ yes: boolean, handles: Set<any> }} alive */
  function folderHandle(name, folder, alive) {
    return {
      kind: "directory",
      name,
      async getDirectoryHandle(child, { create = false } = {}) {
        if (!folder.folders.has(child)) {
          if (!create) throw refused("NotFoundError");
          folder.folders.set(child, { folders: new Map(), files: new Map() });
        }
        return folderHandle(child, folder.folders.get(child), alive);
      },
      async getFileHandle(child, { create = false } = {}) {
        if (!folder.files.has(child)) {
          if (!create) throw refused("NotFoundError");
          folder.files.set(child, { bytes: new Uint8Array(0), durable: new Uint8Array(0), handle: null });
        }
        return fileHandle(child, folder.files.get(child), alive);
      },
      async removeEntry(child, { recursive = false } = {}) {
        if (folder.files.has(child)) {
          if (folder.files.get(child).handle) throw refused("NoModificationAllowedError");
          folder.files.delete(child);
        } else if (folder.folders.has(child)) {
          const { files, folders } = folder.folders.get(child);
          if (!recursive && files.size + folders.size > 0) throw refused("InvalidModificationError");
          folder.folders.delete(child);
        } else {
          throw refused("NotFoundError");
        }
      },
      async *entries() {
        for (const [child, inner] of Array.from(folder.folders)) yield [child, folderHandle(child, inner, alive)];
        for (const [child, content] of Array.from(folder.files)) yield [child, fileHandle(child, content, alive)];
      },
    };
  }

  function fileHandle(name, content, alive) {
    return {
      kind: "file",
      name,
      async getFile() {
        return { size: content.bytes.length, arrayBuffer: async () => content.bytes.slice().buffer };
      },
      async createSyncAccessHandle() {
        if (content.handle || !alive.yes) throw refused("NoModificationAllowedError");
        const handle = handleOf(name, content, alive);
        content.handle = handle;
        alive.handles.add([content, handle]);
        return handle;
      },
    };
  }

  /** One worker's view; `kill` ends it as a browser ends a page, wherever it is. */
  function storage() {
    const alive = { yes: true, handles: new Set() };
    return {
      getDirectory: async () => folderHandle("", root, alive),
      kill() {
        alive.yes = false;
        for (const [content, handle] of alive.handles) {
          if (content.handle === handle) content.handle = null;
        }
      },
      /** As Safari does with those of an app in the background. */
      closeHandles() {
        for (const [content, handle] of alive.handles) {
          handle.closed = true;
          if (content.handle === handle) content.handle = null;
        }
      },
    };
  }

  return disk;
}

/** A maker of workers on a disk; `workers` are those it made. @param {ReturnType<typeof createDisk>} disk */
export function workersOn(disk) {
  const workers = [];
  const make = () => {
    const storage = disk.storage();
    const desk = createDesk(storage);
    const worker = {
      storage,
      deaf: false,
      terminated: false,
      asked: [],
      onmessage: null,
      onerror: null,
      onmessageerror: null,
      postMessage(message, transfer = []) {
        const request = structuredClone(message, { transfer });
        worker.asked.push(request);
        if (worker.deaf) return;
        void desk(request, (answer, list) => {
          if (!worker.terminated && worker.onmessage) worker.onmessage({ data: structuredClone(answer, { transfer: list }) });
        });
      },
      terminate() {
        worker.terminated = true;
        storage.kill();
      },
      /** The browser ends it. */
      die() {
        worker.terminated = true;
        storage.kill();
        worker.onerror({ message: "out of memory" });
      },
    };
    workers.push(worker);
    return worker;
  };
  return { make, workers };
}

/** Web Locks that several pages share. */
export function createLockManager() {
  const held = new Map();
  return {
    async request(name, options, work) {
      if (held.has(name)) {
        if (options.ifAvailable) return work(null);
        throw new Error("only ifAvailable is known here");
      }
      return new Promise((resolve, reject) => {
        held.set(name, (error) => {
          held.delete(name);
          reject(error);
        });
        Promise.resolve(work({ name })).then((value) => {
          held.delete(name);
          resolve(value);
        });
      });
    },
    query: async () => ({ held: Array.from(held.keys(), (name) => ({ name })), pending: [] }),
    /** The browser takes a lock back. */
    steal: (name) => held.get(name)(refused("AbortError")),
    names: () => Array.from(held.keys()),
  };
}

/** A window, as far as the spool knows one. */
export function createPage({ locks, estimate, indexedDB } = {}) {
  const listeners = new Map();
  return {
    navigator: { locks, storage: estimate ? { estimate } : undefined },
    indexedDB,
    addEventListener: (type, listener) => listeners.set(type, listener),
    dispatch: (type, event) => listeners.get(type)?.(event),
  };
}

/** Bytes that tell where they belong. */
export function pattern(position, length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) bytes[at] = Math.imul(position + at + 1, 0x9e3779b1) >>> 24;
  return bytes;
}
