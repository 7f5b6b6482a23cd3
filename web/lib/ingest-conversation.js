/**
 * The device's side of `localcamera.v1` without a socket, a clock or memory: what happened goes in, what is to
 * be done comes out. `ingest.js` drives it; the protocol is in docs/protocol.md.
 *
 *   const talk = createConversation({ device, key, name, session, startedMs, client });
 *   talk.restore(left);                  // of an earlier visit (ingest-restore.js), before anything else
 *   talk.connected(now);                 // a socket is open
 *   talk.received(text, now);            // a text message of the server
 *   talk.disconnected({ code });         // the socket is gone
 *   talk.begin({ mime, startedMs, reason, offsetMs }) → generation
 *   talk.noted(generation);              // the device remembers it
 *   talk.appended(generation, bytes);    // that many bytes more are in the spool
 *   talk.end(generation);
 *   talk.tell(message);                  // an event
 *   talk.stop();
 *   talk.poll({ media: true, now })      // the next output, or null; ask until null after every input
 *   talk.deadline()                      // when to call talk.timeout(now), or null
 *   talk.view()                          // numbers for people
 *
 * Outputs: { kind: "text", text }, { kind: "chunk", generation, position, length },
 * { kind: "forget", generation, below }, { kind: "progress" },
 * { kind: "welcome", offsetMs, roundTripMs } (the server's clock, as far as it says),
 * { kind: "restart", generation, message } (nothing more of it is taken: begin the next generation),
 * { kind: "over", why, message, summary } (nothing more will be said in this session) and
 * { kind: "hang-up", code, reason } (close the socket, then connect again).
 *
 * How a connection begins is in `ingest-handshake.js`, when a silent one is given up in `ingest-patience.js`. The books
 * are in `ingest-generations.js`, what is sent when in `ingest-order.js`, what is said again until it has arrived in
 * `ingest-events.js` and `ingest-clocks.js`.
 *
 * @module
 */

import { HEADER_BYTES } from "./ingest-chunk.js";
import { createClocks } from "./ingest-clocks.js";
import { createEvents } from "./ingest-events.js";
import { count, createGenerations, outstanding } from "./ingest-generations.js";
import { helloMessage, readWelcome } from "./ingest-handshake.js";
import { lengths, nextMessage } from "./ingest-order.js";
import { createPatience } from "./ingest-patience.js";

/** 64 KiB messages: acknowledgements and control messages pass in between even on slow Wi-Fi. */
const MESSAGE_BYTES = 65536;
/** Until the welcome says otherwise. */
const FIRST_CREDIT_BYTES = 1024 * 1024;
/** Whoever takes the session over again after this long is somebody else, or the same one anew. */
const TAKEOVER_MS = 60000;
/**
 * Close codes of a server that takes nothing of this device until somebody lets it in, and the errors before them.
 * @type {Map<number, Refusal>}
 */
const NOT_LET_IN = new Map([
  [4401, "not_paired"],
  [4403, "revoked"],
]);
/** WebSocket close code 1013; it follows the error `storage`. */
export const TRY_AGAIN_LATER = 1013;

/**
 * @typedef {{ kind: "text", text: string }
 *   | { kind: "chunk", generation: number, position: number, length: number }
 *   | { kind: "forget", generation: number, below: number }
 *   | { kind: "progress" }
 *   | { kind: "welcome", offsetMs: number | null, roundTripMs: number }
 *   | { kind: "restart", generation: number, message: string }
 *   | { kind: "over", why: OverReason, message: string, summary: Summary | null }
 *   | { kind: "hang-up", code: number, reason: string }} Output
 */

/** @typedef {"finished" | "session_in_use"} OverReason */

/**
 * @typedef {object} SummaryFile
 * @property {string} file
 * @property {string} url
 * @property {number} generation
 * @property {number} start_ms
 * @property {number} duration_ms
 * @property {number} bytes
 */

/** @typedef {{ session: string, folder: string, files: SummaryFile[] }} Summary */
/** @typedef {"not_paired" | "revoked"} Refusal */

/**
 * @typedef {object} View
 * @property {boolean} open whether the server has welcomed this connection
 * @property {boolean} over
 * @property {boolean} stopping
 * @property {number} totalBytes
 * @property {number} waitingBytes handed over by the encoder and not yet durable
 * @property {number} unsentBytes of those, what was not even sent on this connection
 * @property {number} durableBytes
 * @property {number} lostBytes handed over by the encoder, and the server has it not and never will
 * @property {boolean} isPartly something of it is lost
 * @property {number | null} durableWallMs the server has everything up to this time, by the device's clock
 * @property {number | null} liveWallMs how far it has come in the newest generation, older ones aside
 * @property {number | null} durableAtMs when something became durable last
 * @property {number} creditBytes
 * @property {{ code: string, message: string } | null} problem why the server cannot write, while it cannot
 * @property {Refusal | null} refused the server was asked last, and has not let this device in
 * @property {{ generation: number, durable: number } | null} position up to where the server has everything
 * @property {string[]} addresses
 */

/**
 * @param {import("./ingest-handshake.js").Identity} identity
 * @param {object} [options]
 * @param {number} [options.takeovers] so many within a minute are borne: a connection that was given up may reach
 *   the server behind the one that replaced it
 */
export function createConversation(identity, { takeovers = 0 } = {}) {
  /** @type {Output[]} */
  const out = [];
  const events = createEvents();
  const clocks = createClocks();
  const generations = createGenerations({ events, clocks, emit: (output) => out.push(output) });
  const { all } = generations;
  const patience = createPatience();

  /** @type {"offline" | "greeting" | "open" | "over"} */
  let state = "offline";
  let stopping = false;
  let stopSent = false;
  let messageBytes = MESSAGE_BYTES;
  let creditBytes = FIRST_CREDIT_BYTES;
  let retryMs = 0;
  /** @type {string[]} */
  let addresses = [];
  /** @type {{ code: string, message: string } | null} */
  let problem = null;
  /** @type {Refusal | null} */
  let refused = null;
  /** When this connection and those before it were taken over. @type {number[]} */
  let takenMs = [];
  let isTaken = false;

  /**
   * @param {OverReason} why
   * @param {string} message
   * @param {Summary | null} summary
   */
  const finish = (why, message, summary) => {
    if (state === "over") return;
    state = "over";
    out.push({ kind: "over", why, message, summary });
  };

  /** @param {string} message */
  const takenOver = (message) => {
    if (isTaken) return;
    isTaken = true;
    const { heardMs } = patience;
    takenMs = takenMs.filter((then) => heardMs - then < TAKEOVER_MS).concat(heardMs);
    if (takenMs.length > takeovers) finish("session_in_use", message, null);
  };

  /** What names another session is not meant for this one. @param {any} message */
  const isOurs = (message) => !message.session || message.session === identity.session;

  /** @param {any} message @param {number} now */
  const welcomed = (message, now) => {
    if (state !== "greeting") return;
    if (!isOurs(message)) {
      out.push({ kind: "hang-up", code: 4400, reason: "a welcome of another session" });
      return;
    }
    const said = readWelcome(message);
    messageBytes = said.messageBytes > HEADER_BYTES ? Math.min(MESSAGE_BYTES, said.messageBytes) : MESSAGE_BYTES;
    if (said.creditBytes !== null) creditBytes = said.creditBytes;
    ({ retryMs, addresses } = said);
    problem = null;
    refused = null;
    stopSent = false;
    state = "open";

    // Its clock was read somewhere between the hello and now.
    const { greetedMs } = patience;
    const offsetMs = said.nowMs === null ? null : said.nowMs - (greetedMs + now) / 2;
    out.push({ kind: "welcome", offsetMs, roundTripMs: now - greetedMs });
    generations.welcomed(said.positions, now);
  };

  /** @param {any} message @param {number} now */
  const acknowledged = (message, now) => {
    // Before the welcome nothing has been sent on this connection that could be acknowledged.
    if (state !== "open") return;
    if (typeof message.credit_bytes === "number") {
      creditBytes = count(message.credit_bytes);
      if (creditBytes > 0 && problem && problem.code === "storage") problem = null;
    }
    generations.acknowledged(message, now);
  };

  /** @param {any} message */
  const complained = (message) => {
    const code = String(message.code || "");
    const text = String(message.message || "");
    if (code === "session_in_use") {
      takenOver(text);
    } else if (code === "storage") {
      // Before the welcome, too: the close that follows says to come back later.
      problem = { code, message: text };
      creditBytes = 0;
    } else if (code === "not_paired" || code === "revoked") {
      // It is kept here, and said again and again until somebody lets it in.
      refused = code;
    } else if (state === "open") {
      // Neither can be said of a generation that this connection has not heard of.
      if (code === "bad_stream") generations.refused(message.generation, text);
      else if (code === "lost") generations.lost(message.generation, text);
    }
  };

  /** @param {boolean} media @returns {Output | null} */
  const next = (media) => {
    const room = { media, credit: creditBytes, payload: messageBytes - HEADER_BYTES };
    const output = nextMessage({ all, events, clocks }, room);
    if (output) return output;
    const ends = stopping && !stopSent ? lengths(all) : null;
    if (!ends) return null;
    stopSent = true;
    return { kind: "text", text: JSON.stringify({ type: "stop", generations: ends }) };
  };

  return {
    /** @param {import("./ingest-restore.js").LeftLog} left */
    restore(left) {
      generations.restore(left.generations);
      for (const message of left.events) events.add(JSON.stringify(message));
      for (const clock of left.clocks) clocks.add(clock);
      if (left.stopped) stopping = true;
    },

    /** @param {number} now */
    connected(now) {
      if (state === "over") return;
      state = "greeting";
      isTaken = false;
      patience.greeted(now);
      out.push({ kind: "text", text: helloMessage(identity, generations.holds(), now) });
    },

    /** @param {string} text @param {number} now */
    received(text, now) {
      if (state === "over" || state === "offline") return;
      patience.heard(now);
      let message;
      try {
        message = JSON.parse(text);
      } catch {
        out.push({ kind: "hang-up", code: 4400, reason: "not JSON" });
        return;
      }
      if (message === null || typeof message !== "object") return;
      if (message.type === "welcome") welcomed(message, now);
      else if (message.type === "ack") acknowledged(message, now);
      else if (message.type === "error") complained(message);
      else if (message.type === "summary" && isOurs(message)) {
        generations.settle();
        finish("finished", "", {
          session: String(message.session || identity.session),
          folder: String(message.folder || ""),
          files: Array.isArray(message.files) ? message.files : [],
        });
      }
    },

    /** @param {{ code: number, reason?: string }} close */
    disconnected({ code, reason }) {
      if (state === "over") return;
      state = "offline";
      patience.reset();
      // A server that goes on being unable to write says so and closes; after any other end nobody knows.
      if (code !== TRY_AGAIN_LATER) problem = null;
      // What was to be said on that connection is said again, or not at all, on the next one.
      for (let at = out.length - 1; at >= 0; at -= 1) {
        if (["text", "hang-up", "welcome"].includes(out[at].kind)) out.splice(at, 1);
      }
      if (code === 4409) takenOver(reason || "");
      refused = NOT_LET_IN.get(code) || refused;
    },

    /** @param {import("./ingest-generations.js").About} about */
    begin: (about) => generations.begin(about),

    /** @param {number} generation the spool's log has it, or nobody will ever ask the log for it */
    noted: (generation) => generations.noted(generation),

    /** @param {number} generation @param {number} bytes */
    appended: (generation, bytes) => generations.appended(generation, bytes),

    /** @param {number} generation @returns whether more bytes of it are of any use */
    wants: (generation) => state !== "over" && generations.wants(generation),

    /** @param {number} generation */
    end: (generation) => generations.end(generation),

    /** The newest generation, -1 before the first. */
    newest: () => generations.newest(),

    /** @param {number} generation */
    length: (generation) => (all[generation] ? all[generation].total : 0),

    /** @param {Record<string, unknown>} message an event */
    tell: (message) => events.add(JSON.stringify(message)),

    /** @param {number} generation @param {number} atMs */
    clockIsDue: (generation, atMs) => clocks.isDue(generation, atMs),

    /** @param {import("./ingest-clocks.js").Clock} clock */
    clock: (clock) => clocks.add(clock),

    stop() {
      stopping = true;
      generations.endAll();
    },

    /** @param {string} name used from the next hello on */
    rename(name) {
      identity.name = name;
    },

    /** A chunk was not sent after all. @param {number} generation @param {number} position */
    unsent: (generation, position) => generations.unsent(generation, position),

    /** The spool does not give it back. @param {number} generation @param {number} position */
    unreadable: (generation, position) => generations.unreadable(generation, position),

    /** What the spool may let go when it is full: nobody can use it as things are. */
    spare: () => generations.spare(),

    /**
     * @param {{ media: boolean, now: number }} about whether the socket takes media now
     * @returns {Output | null}
     */
    poll({ media, now }) {
      const first = out.shift();
      if (first) return first;
      if (state !== "open") return null;
      const output = next(media);
      // Media and a stop are answered; other control messages need not be.
      if (output && (output.kind === "chunk" || stopSent)) patience.asked(now);
      return output;
    },

    /** @returns {number | null} */
    deadline() {
      if (state === "greeting") return patience.welcomeDeadline();
      if (state !== "open") return null;
      return patience.answerDeadline({ creditBytes, owes: outstanding(all) > 0 || stopSent });
    },

    /** @param {number} now */
    timeout(now) {
      const deadline = this.deadline();
      if (deadline === null || now < deadline) return;
      out.push({ kind: "hang-up", code: 4408, reason: "the server is silent" });
    },

    get retryMs() {
      return retryMs;
    },

    /** @returns {View} */
    view() {
      const totals = generations.totals();
      return {
        ...totals,
        open: state === "open",
        over: state === "over",
        stopping,
        waitingBytes: state === "over" ? 0 : totals.waitingBytes,
        unsentBytes: state === "over" ? 0 : totals.unsentBytes,
        creditBytes,
        problem,
        refused,
        addresses,
      };
    },
  };
}

/** @typedef {ReturnType<typeof createConversation>} Conversation */
