/**
 * What earlier visits left on this device: recordings that were interrupted wait a while for someone to go on with
 * them, everything else is delivered in the background, oldest first, one at a time. What is being recorded now goes
 * first.
 *
 *   const leftovers = createLeftovers({ store, device, client, clock, origins, storage, busy, onChange });
 *   await leftovers.look();        // at the beginning of a visit
 *   leftovers.tick();              // about once a second
 *   leftovers.interrupted          // what may go on, or null
 *   leftovers.take()               // it goes on: { left, spool }
 *   leftovers.giveUp()             // nobody goes on with it: it ends and is delivered
 *   leftovers.state()              // what is on its way, and what has arrived
 *   leftovers.told()               // a person has read it
 *   leftovers.soon()               // something has been left just now
 *
 * @module
 */

import { createIngest } from "../lib/ingest.js";
import { delivered } from "./delivered.js";
import { readLog, RESUME_MS, sortOut } from "./left-behind.js";
import { forget, forgetOthers, recall } from "./life.js";

/** @typedef {import("../lib/spool.js").SessionSpool} SessionSpool */
/** @typedef {import("../lib/spool.js").SpoolStore} SpoolStore */
/** @typedef {import("./left-behind.js").Left} Left */
/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */

/** Other tabs end, and leave theirs behind. */
const LOOK_MS = 30000;
/** One that makes no headway lets the others pass: the server may have something against it alone. */
const HEADWAY_MS = 2 * 60 * 1000;
/** A page that was reloaded lets go of its storage a moment after the new one has begun. */
const AGAIN_MS = [300, 700, 1500, 2500];

/** @typedef {{ left: Left, spool: SessionSpool }} Interrupted */

/**
 * @typedef {object} Underway
 * @property {Left} left
 * @property {number} waitingBytes what of it is not yet on the server's disk
 * @property {number} wholeBytes what waited when the delivery began
 * @property {"down" | "connecting" | "up"} link
 * @property {string} problem why the server cannot write, "" while it can
 * @property {import("../lib/ingest-conversation.js").Refusal | null} refused the server does not let this device in
 */

/**
 * @typedef {object} Arrived
 * @property {Left} left
 * @property {Summary} summary
 * @property {boolean} partly the server could not take all of it
 * @property {number} lostBytes
 */

/**
 * @param {object} options
 * @param {Promise<SpoolStore>} options.store
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client
 * @param {import("../lib/steady-clock.js").SteadyClock} options.clock
 * @param {import("../lib/origins.js").Origins} options.origins
 * @param {Storage | null} options.storage
 * @param {() => boolean} options.busy whether what is being recorded now has something to send
 * @param {() => void} options.onChange
 * @param {typeof createIngest} [options.deliver]
 * @param {(ms: number) => Promise<void>} [options.pause]
 */
export function createLeftovers(options) {
  const { device, client, clock, origins, storage, busy, onChange, deliver = createIngest } = options;
  const { pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) } = options;

  /** @type {Interrupted | null} */
  let interrupted = null;
  /** Oldest first; the spool is there where it has been adopted already. @type {{ left: Left, spool: SessionSpool | null }[]} */
  let queue = [];
  /**
   * @type {{
   *   left: Left, wholeBytes: number, spool: SessionSpool | null, ingest: import("../lib/ingest.js").Ingest | null,
   *   seenBytes: number, headwayMs: number,
   * } | null}
   */
  let current = null;
  /** @type {Arrived[]} */
  let arrived = [];
  /** Of no further concern in this visit. @type {Set<string>} */
  const settled = new Set();
  /** What this page has tried to go on with. @type {Set<string>} */
  const tried = new Set();
  /** The first look is asked for. */
  let lookedMs = Infinity;
  let looking = false;

  /** @param {string} session */
  const isMine = (session) =>
    settled.has(session) ||
    (interrupted !== null && interrupted.left.session === session) ||
    (current !== null && current.left.session === session) ||
    queue.some(({ left }) => left.session === session);

  /** @param {{ session: string, entries: object[], bytes: number }} found @returns {Left} */
  function read({ session, entries, bytes }) {
    const left = readLog(session, entries, bytes);
    const last = recall(storage, session);
    if (!last) return left;
    const handedMs = Math.max(left.handedMs, last.handedMs);
    return { ...left, handedMs, lastMs: Math.max(left.lastMs, handedMs), stopped: left.stopped || last.stopping };
  }

  /**
   * @param {boolean} first whether what was interrupted a moment ago was interrupted in this place
   * @returns {Promise<boolean>} whether something is held by a page that may be about to end
   */
  async function lookOnce(first) {
    const store = await options.store;
    const found = await store.sessions();
    lookedMs = clock.now();
    // Where storage does not last today, what it keeps from other days is not seen.
    if (first && store.lasting) forgetOthers(storage, found.map(({ session }) => session));
    const lefts = found.filter(({ session, busy: held }) => !held && !isMine(session)).map(read);
    const { fresh, old, empty } = sortOut(lefts, lookedMs);
    for (const { session } of empty) {
      try {
        const spool = await store.adopt(session);
        if (spool) await spool.discard();
        forget(storage, session);
      } catch {
        // It is tried again: the others do not wait for it.
      }
    }
    // Later on, what was interrupted a moment ago was so in another tab: whoever comes back there may go on with it.
    const [newest, ...others] = first ? fresh : fresh.filter(({ session }) => tried.has(session));
    if (newest && !interrupted) {
      // What cannot be opened now stays for a later look; the others do not wait for it.
      const spool = await store.adopt(newest.session).catch(() => null);
      if (spool) interrupted = { left: newest, spool };
    }
    for (const left of [...old, ...others]) queue.push({ left, spool: null });
    queue.sort((a, b) => a.left.startedMs - b.left.startedMs);
    onChange();
    void next();
    return found.some(({ session, busy: held }) => held && !isMine(session));
  }

  /** @param {boolean} first */
  async function look(first) {
    if (looking) return;
    looking = true;
    try {
      let held = await lookOnce(first);
      for (const waitMs of first ? AGAIN_MS : []) {
        if (!held || interrupted) break;
        await pause(waitMs);
        held = await lookOnce(first);
      }
    } catch {
      // Storage that cannot be read now is asked again later.
      lookedMs = clock.now();
    } finally {
      looking = false;
    }
  }

  async function next() {
    const item = current ? undefined : queue.shift();
    if (!item) return;
    const { left } = item;
    current = { left, wholeBytes: left.bytes, spool: null, ingest: null, seenBytes: -1, headwayMs: clock.now() };
    onChange();
    let { spool } = item;
    try {
      if (!spool) spool = await (await options.store).adopt(left.session);
      // Another tab was faster.
      if (!spool) done();
      else send(left, spool);
    } catch {
      // A later look finds it again.
      if (spool) void spool.release().catch(() => {});
      done();
    }
  }

  function done() {
    current = null;
    onChange();
    void next();
  }

  /** @param {Left} left @param {SessionSpool} spool */
  function send(left, spool) {
    const { session, startedMs } = left;
    // The session is named by both ids: the browser's small storage may have lost the device's since.
    const id = left.deviceId || device.id;
    const ingest = deliver({
      identity: { device: id, key: device.key, name: left.name || device.name, session, startedMs, client },
      spool,
      clock,
      origins,
      isBackground: () => true,
      busy,
      onChange,
      onOver: (why, _message, summary) => {
        const { isPartly, lostBytes, origin } = ingest.view();
        if (summary) arrived = arrived.concat({ left, summary: delivered(summary, origin), partly: isPartly, lostBytes });
        // Only what the server has summed up is there for certain; the rest is for a later visit.
        settled.add(session);
        const leave = why === "finished" ? spool.discard() : spool.release();
        void leave
          .then(() => why === "finished" && forget(storage, session))
          .catch(() => {})
          .then(done);
      },
    });
    current = { left, wholeBytes: left.bytes, spool, ingest, seenBytes: -1, headwayMs: clock.now() };
    const entries = spool.entries();
    ingest.restore(entries);
    if (!entries.some((entry) => /** @type {{ type?: unknown }} */ (entry).type === "stop")) ingest.stop();
    ingest.connect();
    onChange();
  }

  /** @param {number} now */
  function letOthersPass(now) {
    if (!current || !current.ingest || queue.length === 0) return;
    const { left, spool, ingest } = current;
    const { waitingBytes } = ingest.view();
    if (waitingBytes !== current.seenBytes || busy()) Object.assign(current, { seenBytes: waitingBytes, headwayMs: now });
    if (now - current.headwayMs < HEADWAY_MS) return;
    ingest.close();
    queue.push({ left: { ...left, bytes: waitingBytes }, spool });
    done();
  }

  /** Nobody goes on with it: it ends where it was interrupted, and is delivered. */
  function giveUp() {
    if (!interrupted) return;
    queue.push(interrupted);
    interrupted = null;
    onChange();
    void next();
  }

  return {
    look: () => look(true),
    giveUp,

    /** What cannot go on after all is let go of, and found again. @returns {Interrupted | null} */
    take() {
      const taken = interrupted;
      interrupted = null;
      if (taken) tried.add(taken.left.session);
      return taken;
    },

    tick() {
      const now = clock.now();
      if (interrupted && Math.abs(now - interrupted.left.lastMs) > RESUME_MS) giveUp();
      letOthersPass(now);
      if (now - lookedMs >= LOOK_MS) void look(false);
    },

    /** Something has been left just now. */
    soon() {
      lookedMs = -Infinity;
    },

    retryNow() {
      if (current && current.ingest) current.ingest.retryNow();
    },

    /** What has arrived has been read. */
    told() {
      arrived = [];
      onChange();
    },

    get interrupted() {
      return interrupted && interrupted.left;
    },

    state() {
      /** @type {Underway | null} */
      let underway = null;
      if (current && current.ingest) {
        const { waitingBytes, link, problem, refused } = current.ingest.view();
        current.wholeBytes = Math.max(current.wholeBytes, waitingBytes);
        const { left, wholeBytes } = current;
        underway = { left, waitingBytes, wholeBytes, link, problem: problem ? problem.message : "", refused };
      }
      const behindBytes = queue.reduce((sum, { left }) => sum + left.bytes, 0);
      return { underway, behind: queue.length, behindBytes, arrived };
    },
  };
}

/** @typedef {ReturnType<typeof createLeftovers>} Leftovers */
/** @typedef {ReturnType<Leftovers["state"]>} LeftoverState */
