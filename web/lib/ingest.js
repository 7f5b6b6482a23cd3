/**
 * Delivers one session to the server over a WebSocket that may come and go.
 *
 *   const ingest = createIngest({
 *     url: ingestUrl(location), identity, spool,
 *     onChange: () => {},                      // something a person may want to see has changed
 *     onRestart: (generation, message) => {},  // the server cannot record it: begin the next generation
 *     onOver: (why, message, summary) => {},   // "finished" with the summary, or why it cannot go on
 *   });
 *   ingest.connect();
 *   const g = ingest.begin({ mime, startedMs, reason: "start" });
 *   await ingest.append(g, bytes);             // rejects with SpoolFullError: nothing of it was kept
 *   ingest.end(g);
 *   ingest.event("muted", { detail: "camera" });
 *   ingest.stop();                             // the summary comes through onOver
 *   ingest.retryNow();                         // the network is said to be back
 *   ingest.close();                            // give up; what waits is forgotten with the page
 *   ingest.view()                              // the conversation's numbers, and those of the link
 *
 * @module
 */

import { createBackoff } from "./backoff.js";
import { chunkMessage } from "./ingest-chunk.js";
import { createConversation, TRY_AGAIN_LATER } from "./ingest-conversation.js";

/** @typedef {import("./ingest-conversation.js").Identity} Identity */
/** @typedef {import("./ingest-conversation.js").OverReason} OverReason */
/** @typedef {import("./ingest-conversation.js").Summary} Summary */
/** @typedef {import("./ingest-conversation.js").View} View */
/** @typedef {import("./spool-memory.js").Spool} Spool */

export const SUBPROTOCOL = "localcamera.v1";
/** What may lie in the socket's own buffer: enough to fill a LAN, little enough that an event is not late. */
const SOCKET_BUFFER_BYTES = 512 * 1024;
/** Sockets do not say when their buffer has drained. */
const DRAIN_POLL_MS = 50;
/** A connection attempt into nowhere takes minutes to fail by itself. */
const OPEN_MS = 8000;
/** The server is there, and says when it wants to be asked again: it is stopping, or cannot write. */
const ASKED_TO_WAIT = [1012, TRY_AGAIN_LATER];

/**
 * @typedef {object} LinkView
 * @property {"down" | "connecting" | "up"} link
 * @property {boolean} everUp whether the server has ever answered in this session
 * @property {number} attempts in vain since it was last up
 * @property {number | null} downSinceMs
 * @property {number} bufferedBytes
 */

/**
 * The address of the ingest endpoint beside this page.
 * @param {{ protocol: string, host: string }} location
 */
export function ingestUrl(location) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/ingest`;
}

/**
 * @param {object} options
 * @param {string} options.url
 * @param {Identity} options.identity
 * @param {Spool} options.spool
 * @param {() => void} [options.onChange]
 * @param {(generation: number, message: string) => void} [options.onRestart]
 * @param {(why: OverReason, message: string, summary: Summary | null) => void} [options.onOver]
 * @param {typeof WebSocket} [options.Socket]
 * @param {() => number} [options.now]
 */
export function createIngest(options) {
  const { url, identity, spool, Socket = WebSocket, now = Date.now } = options;
  const { onChange = () => {}, onRestart = () => {}, onOver = () => {} } = options;

  const talk = createConversation(identity);
  const backoff = createBackoff();
  /** @type {WebSocket | null} */
  let socket = null;
  let link = /** @type {LinkView["link"]} */ ("down");
  let everUp = false;
  let closed = false;
  let pumping = false;
  let again = false;
  /** @type {number | null} */
  let downSinceMs = now();
  /** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */
  /** @type {Timer} */ let retryTimer;
  /** @type {Timer} */ let openTimer;
  /** @type {Timer} */ let drainTimer;
  /** @type {Timer} */ let deadlineTimer;
  /** Appends are serial: a chunk is in the spool before the conversation counts the next. @type {Promise<void>} */
  let appends = Promise.resolve();

  function connect() {
    if (closed || socket || talk.view().over) return;
    clearTimeout(retryTimer);
    link = "connecting";
    onChange();
    /** @type {WebSocket} */
    let mine;
    try {
      mine = new Socket(url, [SUBPROTOCOL]);
    } catch {
      dropped({ code: 1006 });
      return;
    }
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => {
      if (socket !== mine) return;
      clearTimeout(openTimer);
      talk.connected(now());
      pump();
    };
    mine.onmessage = ({ data }) => {
      if (socket !== mine || typeof data !== "string") return;
      talk.received(data, now());
      pump();
    };
    mine.onclose = ({ code, reason }) => {
      if (socket === mine) dropped({ code, reason });
    };
    openTimer = setTimeout(() => hangUp(4408, "no answer"), OPEN_MS);
  }

  /** @param {{ code: number, reason?: string }} close */
  function dropped(close) {
    const gone = socket;
    socket = null;
    clearTimeout(openTimer);
    clearTimeout(drainTimer);
    clearTimeout(deadlineTimer);
    if (gone) gone.onopen = gone.onmessage = gone.onclose = null;
    if (link === "up" || downSinceMs === null) downSinceMs = now();
    link = "down";
    talk.disconnected(close);
    pump();
    if (!closed && !talk.view().over) {
      retryTimer = setTimeout(connect, backoff.next(ASKED_TO_WAIT.includes(close.code) ? talk.retryMs : 0));
    }
    onChange();
  }

  /**
   * The closing handshake with a peer that is gone takes long: the connection counts as closed at once.
   * @param {number} code @param {string} reason
   */
  function hangUp(code, reason) {
    const gone = socket;
    if (!gone) return;
    dropped({ code, reason });
    try {
      gone.close(code, reason);
    } catch {
      // A socket that never opened cannot take a code of ours.
      gone.close();
    }
  }

  function pump() {
    if (pumping) {
      again = true;
      return;
    }
    pumping = true;
    void (async () => {
      try {
        do {
          again = false;
          await drain();
        } while (again);
      } finally {
        pumping = false;
      }
    })();
  }

  async function drain() {
    for (;;) {
      const mine = socket;
      const roomy = mine !== null && mine.bufferedAmount < SOCKET_BUFFER_BYTES;
      const output = talk.poll({ media: roomy, now: now() });
      if (!output) {
        if (mine && !roomy) {
          clearTimeout(drainTimer);
          drainTimer = setTimeout(pump, DRAIN_POLL_MS);
        }
        break;
      }
      switch (output.kind) {
        case "text":
          if (mine) mine.send(output.text);
          break;
        case "chunk": {
          const { generation } = output;
          let { position, length } = output;
          while (length > 0) {
            const bytes = await spool.read(generation, position, length);
            // The connection may have ended while the spool was read; the next one asks anew.
            if (socket !== mine || !mine) break;
            mine.send(chunkMessage(generation, position, bytes));
            position += bytes.length;
            length -= bytes.length;
          }
          break;
        }
        case "forget":
          await spool.forget(output.generation, output.below);
          break;
        case "welcome":
          link = "up";
          everUp = true;
          downSinceMs = null;
          backoff.reset();
          onChange();
          break;
        case "progress":
          onChange();
          break;
        case "restart":
          onRestart(output.generation, output.message);
          break;
        case "over":
          retireSocket();
          onOver(output.why, output.message, output.summary);
          onChange();
          break;
        case "hang-up":
          hangUp(output.code, output.reason);
          break;
      }
    }
    armDeadline();
  }

  function armDeadline() {
    clearTimeout(deadlineTimer);
    const deadline = talk.deadline();
    if (!socket || deadline === null) return;
    deadlineTimer = setTimeout(() => {
      talk.timeout(now());
      pump();
    }, Math.max(0, deadline - now()) + 1);
  }

  function retireSocket() {
    const gone = socket;
    socket = null;
    link = "down";
    clearTimeout(retryTimer);
    clearTimeout(openTimer);
    clearTimeout(drainTimer);
    clearTimeout(deadlineTimer);
    if (!gone) return;
    gone.onopen = gone.onmessage = gone.onclose = null;
    gone.close();
  }

  return {
    connect,

    /** @param {{ mime: string, startedMs: number, reason: string }} about */
    begin(about) {
      const generation = talk.begin(about);
      pump();
      return generation;
    },

    /**
     * @param {number} generation
     * @param {Uint8Array} bytes
     * @returns {Promise<void>}
     */
    append(generation, bytes) {
      const mine = appends.then(async () => {
        if (!talk.wants(generation)) return;
        await spool.append(generation, bytes);
        talk.appended(generation, bytes.length);
        pump();
      });
      appends = mine.catch(() => {});
      return mine;
    },

    /** Once everything appended so far is in the spool. @param {number} generation */
    end(generation) {
      appends = appends.then(() => {
        talk.end(generation);
        pump();
      });
    },

    /** @param {string} event @param {Record<string, unknown>} [more] */
    event(event, more) {
      talk.event(event, now(), more);
      pump();
    },

    stop() {
      appends = appends.then(() => {
        talk.stop();
        pump();
      });
    },

    /** @param {string} name */
    rename(name) {
      talk.rename(name);
    },

    retryNow() {
      if (closed || socket) return;
      backoff.reset();
      connect();
    },

    close() {
      closed = true;
      retireSocket();
    },

    /** @returns {View & LinkView} */
    view() {
      return {
        ...talk.view(),
        link,
        everUp,
        attempts: backoff.attempts,
        downSinceMs,
        bufferedBytes: socket ? socket.bufferedAmount : 0,
      };
    },
  };
}

/** @typedef {ReturnType<typeof createIngest>} Ingest */
