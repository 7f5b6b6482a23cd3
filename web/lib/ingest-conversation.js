/**
 * The device's side of `localcamera.v1` without a socket, a clock or memory: what happened goes in, what is to
 * be done comes out. `ingest.js` drives it; the protocol is in docs/protocol.md.
 *
 *   const talk = createConversation({ device, key, name, session, startedMs, client });
 *   talk.connected(now);                 // a socket is open
 *   talk.received(text, now);            // a text message of the server
 *   talk.disconnected({ code });         // the socket is gone
 *   talk.begin({ mime, startedMs, reason }) → generation
 *   talk.appended(generation, bytes);    // that many bytes more are in the spool
 *   talk.end(generation);
 *   talk.event("muted", now, { detail });
 *   talk.stop();
 *   talk.poll({ media: true, now })      // the next output, or null; ask until null after every input
 *   talk.deadline()                      // when to call talk.timeout(now), or null
 *   talk.view()                          // numbers for people
 *
 * Outputs: { kind: "text", text }, { kind: "chunk", generation, position, length },
 * { kind: "forget", generation, below }, { kind: "progress" }, { kind: "welcome" },
 * { kind: "restart", generation, message } (bad_stream: begin the next generation),
 * { kind: "over", why, message, summary } (nothing more will be said in this session) and
 * { kind: "hang-up", code, reason } (close the socket, then connect again).
 *
 * @module
 */

/** 64 KiB messages: acknowledgements and control messages pass in between even on slow Wi-Fi. */
const MESSAGE_BYTES = 65536;
const HEADER_BYTES = 16;
/** Until the welcome says otherwise. */
const FIRST_CREDIT_BYTES = 1024 * 1024;
/** A LAN server that has accepted the socket answers within this, or something in between swallowed it. */
const WELCOME_MS = 10000;
/** Wi-Fi that went away does not close a socket. A server that holds our media says something sooner than this. */
const SILENCE_MS = 15000;

/**
 * @typedef {{ kind: "text", text: string }
 *   | { kind: "chunk", generation: number, position: number, length: number }
 *   | { kind: "forget", generation: number, below: number }
 *   | { kind: "progress" }
 *   | { kind: "welcome" }
 *   | { kind: "restart", generation: number, message: string }
 *   | { kind: "over", why: OverReason, message: string, summary: Summary | null }
 *   | { kind: "hang-up", code: number, reason: string }} Output
 */

/** @typedef {"finished" | "session_in_use" | "unknown_session"} OverReason */

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

/**
 * @typedef {object} Identity
 * @property {string} device
 * @property {string} [key]
 * @property {string} name
 * @property {string} session
 * @property {number} startedMs
 * @property {string} client
 */

/**
 * @typedef {object} Generation
 * @property {number} number
 * @property {string} mime
 * @property {number} startedMs
 * @property {string} reason
 * @property {number} total bytes the encoder has handed over
 * @property {boolean} ended
 * @property {number} sent on this connection, or known to be with the server
 * @property {number} received
 * @property {number} durable
 * @property {number} mediaMs
 * @property {boolean} announced on this connection
 * @property {boolean} endSent on this connection
 * @property {boolean} refused the server cannot record it
 */

/**
 * @typedef {object} View
 * @property {boolean} open whether the server has welcomed this connection
 * @property {boolean} over
 * @property {boolean} stopping
 * @property {number} totalBytes
 * @property {number} waitingBytes handed over by the encoder and not yet durable
 * @property {number} durableBytes
 * @property {number} lostBytes handed over by the encoder and refused by the server
 * @property {number | null} durableWallMs the server has everything up to this time, by the device's clock
 * @property {number | null} durableAtMs when that was last said to have grown
 * @property {number} creditBytes
 * @property {{ code: string, message: string } | null} problem the server's last complaint, while it lasts
 * @property {{ generation: number, durable: number } | null} position
 * @property {string[]} addresses
 */

/** @param {number} value */
function count(value) {
  return Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

/** @param {Identity} identity */
export function createConversation(identity) {
  /** @type {Generation[]} */
  const generations = [];
  /** @type {Output[]} */
  const out = [];
  /** @typedef {{ text: string, generation: number, sentAt: { generation: number, position: number } | null }} Pending */
  /** Events that the server has not been heard to have. @type {Pending[]} */
  let events = [];

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
  /** @type {number | null} */
  let durableAtMs = null;
  let heardMs = 0;
  let greetedMs = 0;
  /** When the oldest unanswered thing was sent; a silence counts from there. @type {number | null} */
  let owedSinceMs = null;

  /** @param {Record<string, unknown>} message */
  const say = (message) => {
    out.push({ kind: "text", text: JSON.stringify(message) });
  };

  const outstanding = () => generations.reduce((sum, g) => sum + Math.max(0, g.sent - g.durable), 0);

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

  /**
   * @param {Generation} g
   * @param {number} received
   * @param {number} durable
   * @param {number} now
   */
  const learn = (g, received, durable, now) => {
    // A server cannot have more than was handed over; believing it would skip bytes.
    g.received = Math.max(g.received, Math.min(count(received), g.total));
    const safe = Math.min(count(durable), g.total);
    if (safe > g.durable) {
      g.durable = safe;
      g.received = Math.max(g.received, safe);
      durableAtMs = now;
      out.push({ kind: "forget", generation: g.number, below: safe });
      out.push({ kind: "progress" });
    }
    // What was sent before these bytes has arrived with them: messages keep their order.
    events = events.filter(
      ({ sentAt }) =>
        !sentAt ||
        g.number < sentAt.generation ||
        (g.number === sentAt.generation && g.received <= sentAt.position),
    );
  };

  /** @param {any} message @param {number} now */
  const welcomed = (message, now) => {
    const limits = message.limits || {};
    messageBytes = Math.min(MESSAGE_BYTES, count(limits.message_bytes) || MESSAGE_BYTES);
    const credit = limits.credit_bytes !== undefined ? limits.credit_bytes : message.credit_bytes;
    if (typeof credit === "number") creditBytes = count(credit);
    retryMs = count(message.retry_ms);
    addresses = Array.isArray(message.addresses) ? message.addresses.filter((/** @type {unknown} */ a) => typeof a === "string") : [];
    problem = null;

    /** @type {Map<number, { received: number, durable: number }>} */
    const positions = new Map();
    for (const { generation, received, durable } of message.positions || []) {
      positions.set(generation, { received, durable });
    }
    for (const g of generations) {
      const known = positions.get(g.number);
      const received = known ? count(known.received) : 0;
      if (g.durable > received && !g.refused) {
        // Bytes that were acknowledged are gone here, and the server does not have them any more either:
        // what is left cannot be decoded without them.
        finish("unknown_session", "", null);
        return;
      }
      g.sent = Math.min(received, g.total);
      g.announced = false;
      g.endSent = false;
      if (known) learn(g, known.received, known.durable, now);
    }
    for (const event of events) event.sentAt = null;
    stopSent = false;
    state = "open";
    out.push({ kind: "welcome" });
  };

  /** @param {any} message @param {number} now */
  const acknowledged = (message, now) => {
    if (typeof message.credit_bytes === "number") {
      creditBytes = count(message.credit_bytes);
      if (creditBytes > 0 && problem && problem.code === "storage") problem = null;
    }
    const g = generations[message.generation];
    if (!g) return;
    learn(g, message.received, message.durable, now);
    if (typeof message.media_ms === "number") g.mediaMs = Math.max(g.mediaMs, message.media_ms);
  };

  /** @param {any} message */
  const complained = (message) => {
    const code = String(message.code || "");
    const text = String(message.message || "");
    problem = { code, message: text };
    if (code === "session_in_use") {
      finish("session_in_use", text, null);
    } else if (code === "storage") {
      creditBytes = 0;
    } else if (code === "bad_stream") {
      const g = generations[message.generation];
      if (!g || g.refused) return;
      g.refused = true;
      g.ended = true;
      out.push({ kind: "forget", generation: g.number, below: g.total });
      out.push({ kind: "restart", generation: g.number, message: text });
    }
  };

  /** @param {Generation} g the length of it that the server can ever have */
  const deliverable = (g) => (g.refused ? g.received : g.total);

  /** @param {boolean} media @returns {Output | null} */
  const nextOfGenerations = (media) => {
    for (const g of generations) {
      if (g.refused) continue;
      const later = generations[g.number + 1];
      // A later generation that the server has bytes of proves that it has heard the end of this one.
      const settled = g.ended && g.durable === g.total && later !== undefined && later.received > 0;
      if (settled) continue;
      if (!g.announced) {
        g.announced = true;
        return {
          kind: "text",
          text: JSON.stringify({
            type: "generation",
            generation: g.number,
            mime: g.mime,
            started_ms: g.startedMs,
            reason: g.reason,
          }),
        };
      }
      const ready = events.find((event) => !event.sentAt && event.generation <= g.number);
      if (ready) return send(ready, g);
      if (g.sent < g.total) {
        const room = creditBytes - outstanding();
        if (!media || room <= 0) return null;
        const length = Math.min(g.total - g.sent, messageBytes - HEADER_BYTES, room);
        const position = g.sent;
        g.sent += length;
        return { kind: "chunk", generation: g.number, position, length };
      }
      if (!g.ended) return null;
      if (!g.endSent) {
        g.endSent = true;
        return {
          kind: "text",
          text: JSON.stringify({ type: "generation_end", generation: g.number, bytes: g.total }),
        };
      }
    }
    const left = events.find((event) => !event.sentAt);
    if (left) return send(left, generations[generations.length - 1]);
    if (stopping && !stopSent && generations.every((g) => g.ended)) {
      stopSent = true;
      return {
        kind: "text",
        text: JSON.stringify({
          type: "stop",
          generations: generations.map((g) => ({ generation: g.number, bytes: deliverable(g) })),
        }),
      };
    }
    return null;
  };

  /**
   * @param {Pending} event
   * @param {Generation | undefined} g
   * @returns {Output}
   */
  const send = (event, g) => {
    event.sentAt = g ? { generation: g.number, position: g.sent } : { generation: 0, position: 0 };
    return { kind: "text", text: event.text };
  };

  return {
    /** @param {number} now */
    connected(now) {
      if (state === "over") return;
      state = "greeting";
      greetedMs = now;
      heardMs = now;
      owedSinceMs = null;
      /** @type {Record<string, unknown>} */
      const hello = {
        type: "hello",
        device: identity.device,
        name: identity.name,
        session: identity.session,
        started_ms: identity.startedMs,
        now_ms: now,
        client: identity.client,
      };
      if (identity.key) hello.key = identity.key;
      const holds = generations
        .filter((g) => !g.refused && g.total > g.durable)
        .map((g) => ({ generation: g.number, first: g.durable, end: g.total }));
      if (holds.length > 0) hello.holds = holds;
      say(hello);
    },

    /** @param {string} text @param {number} now */
    received(text, now) {
      if (state === "over" || state === "offline") return;
      heardMs = now;
      owedSinceMs = null;
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
      else if (message.type === "summary") {
        for (const g of generations) out.push({ kind: "forget", generation: g.number, below: g.total });
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
      owedSinceMs = null;
      // What was to be said on that connection is said again, or not at all, on the next one.
      for (let at = out.length - 1; at >= 0; at -= 1) {
        if (out[at].kind === "text" || out[at].kind === "hang-up") out.splice(at, 1);
      }
      if (code === 4409) finish("session_in_use", reason || "", null);
    },

    /** @param {{ mime: string, startedMs: number, reason: string }} about */
    begin({ mime, startedMs, reason }) {
      const number = generations.length;
      const before = generations[number - 1];
      if (before) before.ended = true;
      generations.push({
        number,
        mime,
        startedMs: Math.round(startedMs),
        reason,
        total: 0,
        ended: false,
        sent: 0,
        received: 0,
        durable: 0,
        mediaMs: 0,
        announced: false,
        endSent: false,
        refused: false,
      });
      return number;
    },

    /** @param {number} generation @param {number} bytes */
    appended(generation, bytes) {
      const g = generations[generation];
      if (g && !g.refused) g.total += bytes;
    },

    /** @param {number} generation @returns whether more bytes of it are of any use */
    wants(generation) {
      const g = generations[generation];
      return g !== undefined && !g.refused && !g.ended && state !== "over";
    },

    /** @param {number} generation */
    end(generation) {
      const g = generations[generation];
      if (g) g.ended = true;
    },

    /**
     * @param {string} event
     * @param {number} now
     * @param {Record<string, unknown>} [more]
     */
    event(event, now, more) {
      const generation = generations.length - 1;
      /** @type {Record<string, unknown>} */
      const message = { type: "event", event, at_ms: Math.round(now) };
      if (generation >= 0) message.generation = generation;
      events.push({ text: JSON.stringify({ ...message, ...more }), generation: Math.max(0, generation), sentAt: null });
    },

    stop() {
      stopping = true;
      for (const g of generations) g.ended = true;
    },

    /** @param {string} name used from the next hello on */
    rename(name) {
      identity.name = name;
    },

    /**
     * @param {{ media: boolean, now: number }} about whether the socket takes media now
     * @returns {Output | null}
     */
    poll({ media, now }) {
      const first = out.shift();
      if (first) return first;
      if (state !== "open") return null;
      const next = nextOfGenerations(media);
      // Media and a stop are answered; other control messages need not be.
      if (next && owedSinceMs === null && (next.kind === "chunk" || stopSent)) owedSinceMs = now;
      return next;
    },

    /** @returns {number | null} */
    deadline() {
      if (state === "greeting") return greetedMs + WELCOME_MS;
      if (state !== "open") return null;
      // A server that takes no media now has said so, and owes nothing while it waits for room.
      const stalled = creditBytes === 0;
      const owes = outstanding() > 0 || stopSent;
      return owes && !stalled ? Math.max(heardMs, owedSinceMs || 0) + SILENCE_MS : null;
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
      let totalBytes = 0;
      let waitingBytes = 0;
      let durableBytes = 0;
      let lostBytes = 0;
      /** @type {Generation | null} */
      let newest = null;
      for (const g of generations) {
        totalBytes += g.total;
        durableBytes += g.durable;
        if (g.refused) lostBytes += g.total - g.durable;
        else waitingBytes += g.total - g.durable;
        if (g.durable > 0) newest = g;
      }
      return {
        open: state === "open",
        over: state === "over",
        stopping,
        totalBytes,
        waitingBytes: state === "over" ? 0 : waitingBytes,
        durableBytes,
        lostBytes,
        durableWallMs: newest && newest.mediaMs > 0 ? newest.startedMs + newest.mediaMs : null,
        durableAtMs,
        creditBytes,
        problem,
        position: newest ? { generation: newest.number, durable: newest.durable } : null,
        addresses,
      };
    },
  };
}

/** @typedef {ReturnType<typeof createConversation>} Conversation */

/**
 * A chunk message: header and payload.
 * @param {number} generation
 * @param {number} position
 * @param {Uint8Array} payload
 */
export function chunkMessage(generation, position, payload) {
  const message = new Uint8Array(HEADER_BYTES + payload.length);
  const header = new DataView(message.buffer);
  header.setUint8(0, 1);
  header.setUint32(4, generation);
  // Two halves: Safari 14 has no setBigUint64.
  header.setUint32(8, Math.floor(position / 2 ** 32));
  header.setUint32(12, position % 2 ** 32);
  message.set(payload, HEADER_BYTES);
  return message;
}
