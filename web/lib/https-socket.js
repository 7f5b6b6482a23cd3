/**
 * The conversation over plain HTTPS requests, for networks and browsers where WSS fails. Looks like a WebSocket:
 * messages keep their order, each arrives once, and `onclose` comes exactly once.
 *
 *   const socket = createHttpsSocket("https://192.168.1.3:5001");
 *   socket.onopen = …; socket.onmessage = ({ data }) => …; socket.onclose = ({ code, reason }) => …;
 *   socket.send(text or bytes);
 *   socket.bufferedAmount    // what the server has not taken in yet
 *   socket.close(code, reason);
 *
 * What is sent travels in numbered POSTs, one at a time, each repeated under its number until it is answered; what
 * the server says is asked for with GETs that wait (docs/protocol.md). No request but DELETE carries anything that
 * would make a browser ask for permission across origins first.
 *
 * @module
 */

/** The protocol's limit for one POST. */
const BODY_BYTES = 1024 * 1024;
const FRAME_BYTES = 8;
const TEXT = 0;
const BINARY = 1;
/** A server with a slow disk answers a POST late; one that is gone does not answer at all. */
const POST_MS = 20000;
/** A GET waits 20 s on the server. */
const GET_MS = 30000;
/** The server ends a connection that is silent this long: nothing is left to go on with. */
const GIVE_UP_MS = 30000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
/** A POST that finds the connection over; why stands in the answer to the GET. */
const REASON_MS = 2000;
const ABNORMAL = 1006;

/** @typedef {{ code: number, reason: string }} Close */
/** @typedef {{ kind: number, payload: Uint8Array }} Frame */

/**
 * @param {Frame[]} frames
 * @param {number} bytes of all of them, with their headers
 */
function joined(frames, bytes) {
  const body = new Uint8Array(bytes);
  const view = new DataView(body.buffer);
  let at = 0;
  for (const { kind, payload } of frames) {
    view.setUint8(at, kind);
    view.setUint32(at + 4, payload.length);
    body.set(payload, at + FRAME_BYTES);
    at += FRAME_BYTES + payload.length;
  }
  return body;
}

/**
 * @param {string} origin
 * @param {object} [options]
 * @param {typeof fetch} [options.fetch]
 * @param {(ms: number) => Promise<void>} [options.pause]
 * @param {() => number} [options.progress]
 */
export function createHttpsSocket(origin, options = {}) {
  const ask = options.fetch || ((/** @type {string} */ url, /** @type {RequestInit} */ init) => fetch(url, init));
  const pause = options.pause || ((/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  const progress = options.progress || (() => performance.now());
  const base = `${origin}/api/ingest`;
  const encoder = new TextEncoder();

  /** The connection's address, once it is open. */
  let address = "";
  let over = false;
  /** The server takes no more; the reason is on its way. */
  let refused = false;
  let sending = false;
  /** @type {Frame[]} */
  let queue = [];
  let buffered = 0;
  /** Requests that are under way. @type {Set<AbortController>} */
  const underWay = new Set();

  const socket = {
    binaryType: "arraybuffer",
    /** @type {(() => void) | null} */
    onopen: null,
    /** @type {((event: { data: string }) => void) | null} */
    onmessage: null,
    /** @type {((event: Close) => void) | null} */
    onclose: null,

    get bufferedAmount() {
      return buffered;
    },

    /** @param {string | Uint8Array} data */
    send(data) {
      if (over || refused) return;
      const text = typeof data === "string";
      const payload = text ? encoder.encode(data) : data;
      queue.push({ kind: text ? TEXT : BINARY, payload });
      buffered += payload.length;
      void sendQueue();
    },

    /** @param {number} [code] @param {string} [reason] */
    close(code = 1000, reason = "") {
      if (over) return;
      if (address) leave(address);
      end({ code, reason });
    },
  };

  /** Best effort: silence ends the connection, too. @param {string} where */
  function leave(where) {
    ask(where, { method: "DELETE", keepalive: true }).catch(() => {});
  }

  /** @param {Close} close */
  function end(close) {
    if (over) return;
    over = true;
    queue = [];
    for (const control of underWay) control.abort();
    // A WebSocket never calls back from within a call.
    void Promise.resolve().then(() => {
      if (socket.onclose) socket.onclose(close);
    });
  }

  /**
   * One request; rejects when nothing came back in time.
   * @param {string} url
   * @param {RequestInit} init
   * @param {number} patienceMs
   */
  async function request(url, init, patienceMs) {
    const control = new AbortController();
    underWay.add(control);
    const timer = setTimeout(() => control.abort(), patienceMs);
    try {
      const answer = await ask(url, { ...init, mode: "cors", cache: "no-store", signal: control.signal });
      // The body is part of the answer: it may break off, too.
      return { status: answer.status, ok: answer.ok, text: await answer.text() };
    } finally {
      clearTimeout(timer);
      underWay.delete(control);
    }
  }

  /**
   * The same request until it is answered; null when there is nobody left to ask.
   * @param {string} url
   * @param {RequestInit} init
   * @param {number} patienceMs
   */
  async function insist(url, init, patienceMs) {
    let waitMs = FIRST_PAUSE_MS;
    let inVainMs = 0;
    while (!over) {
      const askedMs = progress();
      const answer = await request(url, init, patienceMs).catch(() => null);
      if (over) return null;
      // A proxy in between says 5xx for a server that it does not reach, and others behind the same
      // router may ask so much that the server says 429.
      if (answer && answer.status < 500 && answer.status !== 429) return answer;
      inVainMs += progress() - askedMs;
      if (inVainMs >= GIVE_UP_MS) break;
      await pause(waitMs);
      inVainMs += waitMs;
      waitMs = Math.min(LONGEST_PAUSE_MS, waitMs * 2);
    }
    end({ code: ABNORMAL, reason: "" });
    return null;
  }

  async function open() {
    let id = "";
    try {
      const answer = await request(base, { method: "POST" }, POST_MS);
      const { connection } = JSON.parse(answer.text);
      if (answer.status === 201 && typeof connection === "string") id = connection;
    } catch {
      // Not there, or not a server that knows this.
    }
    if (id === "") {
      end({ code: ABNORMAL, reason: "" });
      return;
    }
    address = `${base}/${encodeURIComponent(id)}`;
    if (over) {
      leave(address);
      return;
    }
    if (socket.onopen) socket.onopen();
    void sendQueue();
    void listen();
  }

  let number = 0;
  async function sendQueue() {
    if (sending || !address) return;
    sending = true;
    while (queue.length > 0 && !over && !refused) {
      let bytes = 0;
      let frames = 0;
      while (
        frames < queue.length &&
        (frames === 0 || bytes + FRAME_BYTES + queue[frames].payload.length <= BODY_BYTES)
      ) {
        bytes += FRAME_BYTES + queue[frames].payload.length;
        frames += 1;
      }
      const body = joined(queue.splice(0, frames), bytes);
      const answer = await insist(`${address}?seq=${number}`, { method: "POST", body }, POST_MS);
      if (!answer) break;
      if (!answer.ok) {
        refused = true;
        await pause(REASON_MS);
        end({ code: ABNORMAL, reason: "" });
        break;
      }
      number += 1;
      buffered -= bytes - frames * FRAME_BYTES;
    }
    sending = false;
  }

  async function listen() {
    let heard = 0;
    while (!over) {
      const askedMs = progress();
      const before = heard;
      const answer = await insist(`${address}?after=${heard}`, { method: "GET" }, GET_MS);
      if (!answer) return;
      let said;
      try {
        said = JSON.parse(answer.text);
      } catch {
        said = null;
      }
      if (!answer.ok || said === null) {
        end({ code: ABNORMAL, reason: "" });
        return;
      }
      for (const message of said.messages || []) {
        if (over) return;
        // Asked for twice, answered twice.
        if (message.number <= heard) continue;
        heard = message.number;
        if (socket.onmessage) socket.onmessage({ data: message.text });
      }
      // A server waits until it has something to say; whoever answers at once and says nothing is not asked without end.
      if (!said.close && heard === before && progress() - askedMs < FIRST_PAUSE_MS) await pause(FIRST_PAUSE_MS);
      if (said.close) end({ code: said.close.code, reason: said.close.reason || "" });
    }
  }

  // Whoever made it sets the handlers first.
  void Promise.resolve().then(() => {
    if (!over) void open();
  });
  return socket;
}

/** @typedef {ReturnType<typeof createHttpsSocket>} HttpsSocket */
