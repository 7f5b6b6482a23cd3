/**
 * Carries out what the conversation decides: from the spool to the link, one output after the other.
 *
 *   const pump = createPump({ talk, link, spool, clock, isBackground, busy, onOutput });
 *   pump.run();       // something has happened
 *   pump.stop();
 *
 * @module
 */

import { chunkMessage } from "./ingest-chunk.js";

/** @typedef {import("./ingest-conversation.js").Output} Output */
/** @typedef {Extract<Output, { kind: "chunk" }>} Chunk */
/** @typedef {import("./ingest-link.js").Sendable} Sendable */

/** What may lie in the socket's own buffer: enough to fill a LAN, little enough that an event is not late. */
const SOCKET_BUFFER_BYTES = 512 * 1024;
/** Sockets do not say when their buffer has drained. */
const DRAIN_POLL_MS = 50;
/** A session in the background leaves the network to the one that is recorded now. */
const BACKGROUND_PAUSE_MS = 200;
/** Storage that does not give back what it took may only be busy: half a minute long. */
const READ_RETRY_MS = 2000;
const READ_ATTEMPTS = 15;

/**
 * @param {object} options
 * @param {import("./ingest-conversation.js").Conversation} options.talk
 * @param {{ readonly socket: Sendable | null, hangUp(code: number, reason: string): void }} options.link
 * @param {{
 *   read(generation: number, position: number, length: number): Promise<Uint8Array>,
 *   forget(generation: number, below: number): Promise<void>,
 * }} options.spool
 * @param {{ now(): number }} options.clock
 * @param {() => boolean} options.isBackground
 * @param {() => boolean} options.busy
 * @param {(output: Output) => void} options.onOutput what is not sent, read or forgotten
 */
export function createPump({ talk, link, spool, clock, isBackground, busy, onOutput }) {
  let running = false;
  let again = false;
  let stopped = false;
  /** No media until this timer has run. @type {ReturnType<typeof setTimeout> | undefined} */
  let restTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let drainTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let deadlineTimer;
  /** Where reading failed, and how often. */
  let stuck = { generation: -1, position: -1, attempts: 0 };

  function run() {
    if (running || stopped) {
      again = true;
      return;
    }
    running = true;
    void (async () => {
      try {
        do {
          again = false;
          await drain();
        } while (again);
      } finally {
        running = false;
      }
    })();
  }

  /** @param {number} ms */
  function rest(ms) {
    clearTimeout(restTimer);
    restTimer = setTimeout(() => {
      restTimer = undefined;
      run();
    }, ms);
  }

  /** @param {Sendable | null} socket */
  function isRoomy(socket) {
    if (!socket) return false;
    return isBackground() ? socket.bufferedAmount === 0 : socket.bufferedAmount < SOCKET_BUFFER_BYTES;
  }

  async function drain() {
    while (!stopped) {
      const { socket } = link;
      const roomy = isRoomy(socket);
      const output = talk.poll({ media: roomy && restTimer === undefined, now: clock.now() });
      if (!output) {
        clearTimeout(drainTimer);
        if (socket && !roomy) drainTimer = setTimeout(run, DRAIN_POLL_MS);
        break;
      }
      switch (output.kind) {
        case "text":
          if (socket) socket.send(output.text);
          break;
        case "chunk":
          await sendChunk(socket, output);
          if (isBackground() && busy()) rest(BACKGROUND_PAUSE_MS);
          break;
        case "forget":
          // What cannot be freed now lies there until the session is discarded.
          await spool.forget(output.generation, output.below).catch(() => {});
          break;
        case "hang-up":
          link.hangUp(output.code, output.reason);
          break;
        default:
          onOutput(output);
      }
    }
    armDeadline();
  }

  /** @param {Sendable | null} socket @param {Chunk} chunk */
  async function sendChunk(socket, chunk) {
    const { generation } = chunk;
    let { position, length } = chunk;
    while (length > 0) {
      let bytes;
      try {
        bytes = await spool.read(generation, position, length);
      } catch {
        if (link.socket === socket) notRead(generation, position);
        return;
      }
      // The connection may have ended while the spool was read; the next one asks anew.
      if (link.socket !== socket || !socket) return;
      socket.send(chunkMessage(generation, position, bytes));
      position += bytes.length;
      length -= bytes.length;
    }
  }

  /** @param {number} generation @param {number} position */
  function notRead(generation, position) {
    const same = stuck.generation === generation && stuck.position === position;
    stuck = { generation, position, attempts: same ? stuck.attempts + 1 : 1 };
    talk.unsent(generation, position);
    if (stuck.attempts >= READ_ATTEMPTS) talk.unreadable(generation, position);
    else rest(READ_RETRY_MS);
  }

  function armDeadline() {
    clearTimeout(deadlineTimer);
    const deadline = talk.deadline();
    if (stopped || !link.socket || deadline === null) return;
    deadlineTimer = setTimeout(() => {
      talk.timeout(clock.now());
      run();
    }, Math.max(0, deadline - clock.now()) + 1);
  }

  return {
    run,

    stop() {
      stopped = true;
      for (const timer of [restTimer, drainTimer, deadlineTimer]) clearTimeout(timer);
    },
  };
}
