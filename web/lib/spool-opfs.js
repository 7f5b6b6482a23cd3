/**
 * The spool in the browser's own file system: the page's side, which talks to a worker.
 *
 *   const cabinet = await openOpfs({ makeWorker });   // rejects where it does not work
 *
 * The worker writes where it is told; which file that is, and which file may go, is decided here.
 *
 * @module
 */

import { fileForNext, fileToFree } from "./spool-files.js";
import { answerWithin } from "./spool-wait.js";

/** @typedef {import("./spool-files.js").MediaFile} MediaFile */
/** @typedef {{ op: string, ticks: number, resolve: (value: any) => void, reject: (error: Error) => void }} Waiting */

/** A worker that has said nothing at this many of these, while the page was running, is dead. */
const TICK_MS = 10_000;
const SILENT_TICKS = 3;
/** What a recording waits for takes a moment: at this many, though the worker answers, the browser has forgotten it. */
const FORGOTTEN_TICKS = 6;
const SHORT = ["note", "append", "read", "remove"];

/** @returns {Worker} */
export const newWorker = () => new Worker(new URL("./spool-opfs-worker.js", import.meta.url), { type: "module" });

/**
 * A worker that is replaced when it dies; twice in a row without an answer, and it stays dead.
 * @param {() => Worker} makeWorker
 */
function createHelper(makeWorker) {
  /** @type {Worker | null} */
  let worker = null;
  /** @type {Map<number, Waiting>} */
  const waiting = new Map();
  let lastId = 0;
  let starts = 2;
  let silent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Error | null} */
  let over = null;

  /** @param {Error} error */
  function died(error) {
    if (worker) {
      worker.onmessage = worker.onerror = worker.onmessageerror = null;
      worker.terminate();
    }
    worker = null;
    clearTimeout(timer);
    timer = undefined;
    const all = Array.from(waiting.values());
    waiting.clear();
    for (const { reject } of all) reject(error);
  }

  function start() {
    if (starts === 0) throw new Error("the worker of the spool has died, and its successor, too");
    starts -= 1;
    silent = 0;
    worker = makeWorker();
    worker.onmessage = ({ data }) => {
      starts = 1;
      silent = 0;
      const asked = waiting.get(data.id);
      if (!asked) return;
      waiting.delete(data.id);
      if (waiting.size === 0) {
        clearTimeout(timer);
        timer = undefined;
      }
      if (data.error) asked.reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
      else asked.resolve(data.value);
    };
    worker.onerror = (event) => {
      if (event.preventDefault) event.preventDefault();
      died(new Error(`the worker of the spool has died: ${event.message || "no reason given"}`));
    };
    worker.onmessageerror = () => died(new Error("the worker of the spool sent what cannot be read"));
    return worker;
  }

  /** A page that was frozen has its timers behind it at once: only several of them in a row say something. */
  function watch() {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (!worker || waiting.size === 0) return;
      silent += 1;
      if (silent >= SILENT_TICKS) return died(new Error("the worker of the spool does not answer"));
      for (const asked of waiting.values()) {
        asked.ticks += 1;
        if (asked.ticks >= FORGOTTEN_TICKS && SHORT.includes(asked.op)) {
          return died(new Error(`the worker of the spool has forgotten what it was asked: ${asked.op}`));
        }
      }
      // Answered at once even while a long operation is under way.
      worker.postMessage({ id: 0, op: "ping" });
      watch();
    }, TICK_MS);
  }

  return {
    /**
     * @param {string} op
     * @param {object} [request]
     * @param {Transferable[]} [transfer]
     * @returns {Promise<any>}
     */
    call(op, request = {}, transfer = []) {
      return new Promise((resolve, reject) => {
        if (over) throw over;
        const asked = worker || start();
        lastId += 1;
        waiting.set(lastId, { op, ticks: 0, resolve, reject });
        asked.postMessage({ ...request, id: lastId, op }, transfer);
        watch();
      });
    },
    end() {
      over = new Error("the spool has been let go");
      died(over);
    },
  };
}

/** @typedef {ReturnType<typeof createHelper>} Helper */

/**
 * @param {Helper} helper
 * @param {string} session
 * @param {{ entries: Record<string, any>[], ranges: { generation: number, files: MediaFile[] }[] }} found
 * @returns {import("./spool-session.js").Drawer}
 */
function createDrawer(helper, session, found) {
  /** @type {Map<number, MediaFile[]>} */
  const generations = new Map(found.ranges.map(({ generation, files }) => [generation, files]));
  let newest = -1;

  return {
    entries: found.entries,
    found: found.ranges
      .map(({ generation, files }) => ({ generation, first: files[0].start, end: files[files.length - 1].end }))
      // A file that was made, and never written.
      .filter(({ end }) => end > 0),
    inMemory: false,

    note: (entry) => helper.call("note", { session, line: JSON.stringify(entry) }),

    async append(generation, position, bytes) {
      const files = generations.get(generation) || [];
      const start = fileForNext(files, position);
      // The page keeps its own bytes: a moment later they are sent.
      const copy = bytes.slice();
      await helper.call("append", { session, generation, start, position, bytes: copy }, [copy.buffer]);
      generations.set(generation, files);
      const last = files[files.length - 1];
      const end = position + bytes.length;
      if (last && last.start === start) last.end = end;
      else files.push({ start, end });
      newest = Math.max(newest, generation);
    },

    read(generation, position, length) {
      const file = (generations.get(generation) || []).find(({ start, end }) => start <= position && position < end);
      if (!file) return Promise.reject(new RangeError(`generation ${generation} holds no byte ${position}`));
      const { start, end } = file;
      return helper.call("read", { session, generation, start, position, length: Math.min(length, end - position) });
    },

    async free(generation, below, all) {
      const files = generations.get(generation) || [];
      // The newest generation goes on in its last file: not worth a new one for every acknowledgement.
      const last = all || generation !== newest;
      const file = fileToFree(files, below, last);
      if (!file) return false;
      const end = files.length === 1 ? file.end : null;
      await helper.call("remove", { session, generation, start: file.start, end });
      files.shift();
      if (end !== null) files.push({ start: end, end });
      return fileToFree(files, below, last) !== null;
    },

    stored() {
      let bytes = 0;
      for (const files of generations.values()) bytes += files[files.length - 1].end - files[0].start;
      return bytes;
    },

    clear: () => helper.call("clear", { session }),
    close: () => helper.call("close", { session }),
  };
}

/**
 * @param {{ makeWorker?: () => Worker, locks: boolean, withinMs: number }} options `locks`: the browser has Web Locks;
 *   without them (Safari before 15.4) the open log says whose a session is: no second page can open it, and a browser
 *   closes it with the page. `withinMs`: how long the proof may take
 * @returns {Promise<import("./spool.js").Cabinet>}
 */
export async function openOpfs({ makeWorker = newWorker, locks, withinMs }) {
  const helper = createHelper(makeWorker);
  if ((await answerWithin(withinMs, () => helper.call("prove"))) !== true) {
    helper.end();
    throw new Error("the browser's own file system does not keep what is written");
  }
  return {
    kind: "opfs",
    lasting: true,
    list: () => helper.call("list", { probe: !locks }),
    async open(session, { create }) {
      const found = await helper.call("open", { session, create });
      return found ? createDrawer(helper, session, found) : null;
    },
    remove: (session) => helper.call("clear", { session }),
    letGo: () => helper.end(),
  };
}
