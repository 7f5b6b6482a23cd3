/**
 * Delivers one session to the server over a link that may come and go, and keeps the session's log in the spool,
 * so that a later visit can go on with it.
 *
 *   const ingest = createIngest({
 *     identity, spool, clock, origins,
 *     onChange: () => {},                      // something a person may want to see has changed
 *     onRestart: (generation, message) => {},  // nothing more of it is taken: begin the next generation
 *     onOver: (why, message, summary) => {},   // "finished" with the summary, or why it cannot go on
 *   });
 *   ingest.restore(spool.entries());           // what an earlier visit left; before anything else
 *   ingest.connect();
 *   const g = ingest.begin({ mime, startedMs, reason: "start" });
 *   await ingest.append(g, bytes, { handedMs }); // rejects with SpoolFullError: nothing of it was kept
 *   ingest.end(g);
 *   ingest.event("muted", { detail: "camera" });
 *   ingest.gap({ startMs, endMs, reason: "hidden" });
 *   ingest.stop();                             // the summary comes through onOver
 *   await ingest.settled();                    // all of that is in the spool and in its log
 *   ingest.retryNow();                         // the network or the page is said to be back
 *   ingest.close();                            // give up for this visit; what waits stays in the spool
 *   ingest.view()                              // the conversation's numbers, and those of the link
 *
 * The link is in `ingest-link.js`, the conversation in `ingest-conversation.js`, and `ingest-pump.js` moves the
 * bytes.
 *
 * @module
 */

import { createConversation } from "./ingest-conversation.js";
import { createLink } from "./ingest-link.js";
import { createPump } from "./ingest-pump.js";
import { readLog } from "./ingest-restore.js";
import { createOrigins } from "./origins.js";
import { SpoolFullError } from "./spool.js";
import { createSteadyClock } from "./steady-clock.js";

/** @typedef {import("./ingest-handshake.js").Identity} Identity */
/** @typedef {import("./ingest-conversation.js").OverReason} OverReason */
/** @typedef {import("./ingest-conversation.js").Output} Output */
/** @typedef {import("./ingest-conversation.js").Summary} Summary */
/** @typedef {import("./ingest-conversation.js").View} View */
/** @typedef {import("./ingest-link.js").LinkView} LinkView */

/**
 * What is used of a session's spool.
 * @typedef {object} Spool
 * @property {(entry: object) => Promise<void>} note
 * @property {(generation: number, bytes: Uint8Array) => Promise<void>} append
 * @property {(generation: number, position: number, length: number) => Promise<Uint8Array>} read
 * @property {(generation: number, below: number) => Promise<void>} forget
 * @property {() => { generation: number, first: number, end: number }[]} holds
 */

/** After a leap of the clock the server is asked for its time; not more often than this. */
const ASK_TIME_MS = 60000;
const CLOCK_LEAPT = 4410;
/** The spool's lock sees to it that no other page delivers this session: it takes itself for another. */
const TAKEOVERS = 3;

/**
 * @param {object} options
 * @param {Identity} options.identity
 * @param {Spool} options.spool
 * @param {import("./steady-clock.js").SteadyClock} [options.clock] one for the page
 * @param {import("./origins.js").Origins} [options.origins] one for the page
 * @param {() => boolean} [options.isBackground] whether it leaves the network to another session
 * @param {() => boolean} [options.busy] whether that one has anything to send
 * @param {() => void} [options.onChange]
 * @param {(generation: number, message: string) => void} [options.onRestart]
 * @param {(why: OverReason, message: string, summary: Summary | null) => void} [options.onOver]
 * @param {typeof WebSocket} [options.Socket]
 * @param {typeof import("./https-socket.js").createHttpsSocket} [options.openHttps]
 * @param {(origin: string) => Promise<boolean>} [options.probe]
 */
export function createIngest(options) {
  const { identity, spool, isBackground = () => false, busy = () => false } = options;
  const { onChange = () => {}, onRestart = () => {}, onOver = () => {} } = options;
  const clock = options.clock || createSteadyClock();
  const origins = options.origins || createOrigins({ own: location.origin });

  const talk = createConversation(identity, { takeovers: TAKEOVERS });
  const link = createLink({
    ...options,
    origins,
    clock,
    onChange,
    wanted: () => !talk.view().over,
    retryMs: () => talk.retryMs,
    onOpen() {
      leaps = clock.leaps;
      talk.connected(clock.now());
      pump.run();
    },
    onText(text) {
      talk.received(text, clock.now());
      pump.run();
    },
    onDown(close) {
      talk.disconnected(close);
      pump.run();
    },
  });
  const pump = createPump({ talk, link, spool, clock, isBackground, busy, onOutput: take });

  /** The clock's, when the connection began. */
  let leaps = clock.leaps;
  let askedTimeMs = -Infinity;
  /** What goes into the spool does so in the order in which it was handed over. @type {Promise<void>} */
  let writes = Promise.resolve();

  /** @param {Output} output */
  function take(output) {
    switch (output.kind) {
      case "welcome":
        link.welcomed();
        origins.learn(talk.view().addresses, link.origin);
        if (output.offsetMs !== null && clock.leaps === leaps) {
          clock.measured({ offsetMs: output.offsetMs, roundTripMs: output.roundTripMs });
        }
        onChange();
        break;
      case "progress":
        onChange();
        break;
      case "restart":
        onRestart(output.generation, output.message);
        break;
      case "over":
        link.retire();
        onOver(output.why, output.message, output.summary);
        onChange();
        break;
    }
  }

  /** Only the server can tell sleep from a clock that was set, and it says its time when a connection begins. */
  function minuteClock() {
    if (clock.leaps === leaps) return;
    leaps = clock.leaps;
    const now = clock.now();
    if (!link.socket || now - askedTimeMs < ASK_TIME_MS) return;
    askedTimeMs = now;
    link.hangUp(CLOCK_LEAPT, "the clock leapt");
  }

  /**
   * @param {() => void | Promise<void>} work
   * @returns {Promise<void>}
   */
  function inTurn(work) {
    const mine = writes.then(work);
    writes = mine.catch(() => {});
    return mine;
  }

  /**
   * Without its entry a later visit does not say it again; this one does.
   * @param {object} entry
   */
  const noteIfPossible = (entry) => spool.note(entry).catch(() => {});

  /** Entries of generations that are not in the log yet. @type {Map<number, object>} */
  const unnoted = new Map();

  /** @param {number} generation */
  async function noteGeneration(generation) {
    const entry = unnoted.get(generation);
    if (!entry) return;
    await spool.note(entry);
    unnoted.delete(generation);
    talk.noted(generation);
  }

  /** @param {number} generation @param {Uint8Array} bytes */
  async function store(generation, bytes) {
    try {
      await spool.append(generation, bytes);
    } catch (error) {
      const spare = error instanceof SpoolFullError ? talk.spare() : [];
      if (spare.length === 0) throw error;
      for (const { generation: lost, below } of spare) await spool.forget(lost, below).catch(() => {});
      await spool.append(generation, bytes);
    }
  }

  /** @param {Record<string, unknown>} message */
  function tell(message) {
    const offset = clock.offsetMs();
    // A later visit may deliver it when this device's clock has been set meanwhile.
    if (offset !== null) message.offset_ms = offset;
    void inTurn(async () => {
      await noteIfPossible({ type: "event", message });
      talk.tell(message);
      pump.run();
    });
  }

  return {
    /** @param {object[]} entries the spool's log */
    restore(entries) {
      talk.restore(readLog(entries, spool.holds()));
    },

    connect: () => link.connect(),

    /** @param {{ mime: string, startedMs: number, reason: string }} about */
    begin(about) {
      const offsetMs = clock.offsetMs();
      const generation = talk.begin({ ...about, offsetMs });
      unnoted.set(generation, { type: "generation", generation, ...about, offsetMs });
      // Where it cannot be noted its bytes will tell.
      inTurn(() => noteGeneration(generation)).then(() => pump.run(), () => {});
      return generation;
    },

    /**
     * @param {number} generation
     * @param {Uint8Array} bytes
     * @param {{ handedMs?: number }} [about] when the encoder handed them over
     * @returns {Promise<void>}
     */
    append(generation, bytes, { handedMs } = {}) {
      minuteClock();
      const stored = inTurn(async () => {
        if (!talk.wants(generation)) return;
        // A later visit could not tell what bytes without an entry are.
        await noteGeneration(generation);
        await store(generation, bytes);
        talk.appended(generation, bytes.length);
        pump.run();
      });
      if (handedMs === undefined) return stored;
      const atMs = Math.round(handedMs);
      // Behind its bytes and before the next ones; nobody waits for it.
      void inTurn(async () => {
        await stored;
        if (!talk.wants(generation) || !talk.clockIsDue(generation, atMs)) return;
        const reading = { generation, end: talk.length(generation), at_ms: atMs };
        await noteIfPossible({ type: "clock", message: { type: "clock", ...reading } });
        talk.clock(reading);
        pump.run();
      }).catch(() => {});
      return stored;
    },

    /** Once everything appended so far is in the spool. @param {number} generation */
    end(generation) {
      void inTurn(async () => {
        // Its number stays, though nothing of it was kept.
        if (unnoted.delete(generation)) talk.noted(generation);
        else await noteIfPossible({ type: "end", generation, bytes: talk.length(generation) });
        talk.end(generation);
        pump.run();
      });
    },

    /** @param {string} event @param {Record<string, unknown>} [more] */
    event(event, more) {
      const generation = talk.newest();
      /** @type {Record<string, unknown>} */
      const message = { type: "event", event, at_ms: clock.now() };
      if (generation >= 0) message.generation = generation;
      tell({ ...message, ...more });
    },

    /** Wall time without media. @param {{ startMs: number, endMs: number, reason: string, detail?: string }} gap */
    gap({ startMs, endMs, reason, detail }) {
      /** @type {Record<string, unknown>} */
      const message = { type: "event", event: "gap", start_ms: Math.round(startMs), end_ms: Math.round(endMs), reason };
      if (detail) message.detail = detail;
      tell(message);
    },

    stop() {
      void inTurn(async () => {
        const generations = [];
        for (let generation = 0; generation <= talk.newest(); generation += 1) {
          if (unnoted.delete(generation)) talk.noted(generation);
          generations.push({ generation, bytes: talk.length(generation) });
        }
        await noteIfPossible({ type: "stop", generations });
        talk.stop();
        pump.run();
      });
    },

    /** Everything handed over so far is in the spool and in its log, as far as it can be. */
    settled: () => writes,

    /** @param {string} name */
    rename(name) {
      talk.rename(name);
    },

    retryNow() {
      minuteClock();
      const deadline = talk.deadline();
      // The page stood still, and its timers with it.
      if (deadline !== null && clock.now() >= deadline) link.hangUp(4408, "the server is silent");
      link.retryNow();
      pump.run();
    },

    close() {
      link.retire();
      pump.stop();
    },

    /** @returns {View & LinkView} */
    view() {
      return { ...talk.view(), ...link.view() };
    },
  };
}

/** @typedef {ReturnType<typeof createIngest>} Ingest */
