/**
 * The books of the generations: what the encoder has handed over, what the server has of it, and what of it
 * is to be sent next. Each generation is announced, delivered and ended before the next one is announced, on
 * every connection anew.
 *
 *   const generations = createGenerations({ events, emit });
 *   generations.begin({ mime, startedMs, reason }) → number
 *   generations.appended(number, bytes);
 *   generations.end(number);
 *   generations.welcomed(positions, now) → false where the server has lost what it had acknowledged
 *   generations.acknowledged(ack, now);
 *   generations.refused(number, message);
 *   generations.next({ media, credit, payload })   // the next message, or null
 *   generations.totals()
 *
 * `emit` takes the outputs that follow: forget, progress and restart (ingest-conversation.js).
 *
 * @module
 */

/** @typedef {import("./ingest-conversation.js").Output} Output */

/**
 * @typedef {object} Generation
 * @property {number} number
 * @property {string} mime
 * @property {number} startedMs
 * @property {string} reason
 * @property {number} total bytes the encoder has handed over
 * @property {boolean} ended nothing more will be handed over
 * @property {number} sent on this connection, or known to be with the server
 * @property {number} received what the server of this connection has
 * @property {number} durable
 * @property {number} mediaMs
 * @property {boolean} announced on this connection
 * @property {boolean} closed this connection needs to hear no more of it
 * @property {boolean} refused the server takes no more of it, though there was more
 */

/** @typedef {{ generation: number, received: number, durable: number, ended?: boolean }} Position */

/** @param {unknown} value */
export function count(value) {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

/** @param {Record<string, unknown>} message @returns {Output} */
const text = (message) => ({ kind: "text", text: JSON.stringify(message) });

/**
 * @param {object} options
 * @param {import("./ingest-events.js").Events} options.events sent between the chunks
 * @param {(output: Output) => void} options.emit
 */
export function createGenerations({ events, emit }) {
  /** @type {Generation[]} */
  const all = [];
  /** When something became durable last. @type {number | null} */
  let durableAtMs = null;

  /**
   * @param {Generation} g
   * @param {number} received
   * @param {number} durable
   * @param {number} now
   */
  const learn = (g, received, durable, now) => {
    // Of a broken stream it says only that the server needs no more: not that it is recorded.
    if (g.refused) return;
    // A server cannot have more than was handed over; believing it would skip bytes.
    g.received = Math.max(g.received, Math.min(count(received), g.total));
    const safe = Math.min(count(durable), g.total);
    if (safe > g.durable) {
      g.durable = safe;
      g.received = Math.max(g.received, safe);
      durableAtMs = now;
      emit({ kind: "forget", generation: g.number, below: safe });
      emit({ kind: "progress" });
    }
    events.arrived(g.number, g.received);
  };

  /** The server takes no more of it. @param {Generation} g */
  const giveUp = (g) => {
    g.refused = true;
    g.ended = true;
    g.closed = true;
    emit({ kind: "forget", generation: g.number, below: g.total });
  };

  /** @param {Generation} g @returns {Output} */
  const announcement = (g) => {
    g.announced = true;
    return text({
      type: "generation",
      generation: g.number,
      mime: g.mime,
      started_ms: g.startedMs,
      reason: g.reason,
    });
  };

  const outstanding = () => all.reduce((sum, g) => sum + (g.refused ? 0 : Math.max(0, g.sent - g.durable)), 0);

  /** @param {Generation} g the length of it that the server can ever have */
  const deliverable = (g) => (g.refused ? g.received : g.total);

  return {
    outstanding,

    /** @param {{ mime: string, startedMs: number, reason: string }} about */
    begin({ mime, startedMs, reason }) {
      const number = all.length;
      const before = all[number - 1];
      if (before) before.ended = true;
      all.push({
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
        closed: false,
        refused: false,
      });
      return number;
    },

    /** @param {number} number @param {number} bytes */
    appended(number, bytes) {
      const g = all[number];
      if (g && !g.refused) g.total += bytes;
    },

    /** @param {number} number @returns whether more bytes of it are of any use */
    wants(number) {
      const g = all[number];
      return g !== undefined && !g.refused && !g.ended;
    },

    /** @param {number} number */
    end(number) {
      const g = all[number];
      if (g) g.ended = true;
    },

    endAll() {
      for (const g of all) g.ended = true;
    },

    /** The number of the newest one, -1 before the first. */
    newest: () => all.length - 1,

    /** What can still be delivered, for the hello. */
    holds: () =>
      all
        .filter((g) => !g.refused && g.total > g.durable)
        .map((g) => ({ generation: g.number, first: g.durable, end: g.total })),

    /**
     * A connection begins: where its server stands.
     * @param {Position[]} positions
     * @param {number} now
     * @returns whether what was acknowledged is still there; without it the rest cannot be decoded
     */
    welcomed(positions, now) {
      const known = new Map(positions.map((position) => [position.generation, position]));
      const lost = all.some((g) => {
        const position = known.get(g.number);
        return !g.refused && g.durable > (position ? count(position.received) : 0) && !(position && position.ended);
      });
      if (lost) return false;
      for (const g of all) {
        const position = known.get(g.number);
        const received = position ? Math.min(count(position.received), g.total) : 0;
        g.sent = received;
        g.received = received;
        g.announced = false;
        g.closed = position !== undefined && position.ended === true;
        if (position) learn(g, position.received, position.durable, now);
        if (!g.closed || g.refused) continue;
        const running = !g.ended;
        if (running || received < g.total) giveUp(g);
        if (running) emit({ kind: "restart", generation: g.number, message: "" });
      }
      events.repeat();
      return true;
    },

    /** @param {{ generation: number, received: number, durable: number, media_ms?: unknown }} ack @param {number} now */
    acknowledged(ack, now) {
      const g = all[ack.generation];
      if (!g) return;
      learn(g, ack.received, ack.durable, now);
      if (typeof ack.media_ms === "number") g.mediaMs = Math.max(g.mediaMs, ack.media_ms);
    },

    /** The server cannot record it. @param {number} number @param {string} message */
    refused(number, message) {
      const g = all[number];
      if (!g) return;
      if (g.refused) {
        // Repeated on this connection: the server has ended it here, too.
        g.closed = true;
        return;
      }
      giveUp(g);
      emit({ kind: "restart", generation: g.number, message });
    },

    /** The session is over: what the server has not received it never will. */
    settle() {
      for (const g of all) {
        if (!g.refused && g.received < g.total) giveUp(g);
        else emit({ kind: "forget", generation: g.number, below: g.total });
      }
    },

    /**
     * What is to be sent next.
     * @param {{ media: boolean, credit: number, payload: number }} room whether the socket takes media, how much
     *   may be on the way, and how much fits into a message
     * @returns {Output | null}
     */
    next({ media, credit, payload }) {
      for (const g of all) {
        if (g.closed) continue;
        // One that was refused still has its number, and ends where this server stands.
        const length = deliverable(g);
        if (!g.announced && !(g.refused && g.received > 0)) return announcement(g);
        const event = events.next({ upTo: g.number, at: { generation: g.number, position: g.sent } });
        if (event !== null) return { kind: "text", text: event };
        if (g.sent < length) {
          const room = credit - outstanding();
          if (!media || room <= 0) return null;
          const bytes = Math.min(length - g.sent, payload, room);
          const position = g.sent;
          g.sent += bytes;
          return { kind: "chunk", generation: g.number, position, length: bytes };
        }
        // The next one is not announced before this one has ended.
        if (!g.ended) return null;
        g.closed = true;
        return text({ type: "generation_end", generation: g.number, bytes: length });
      }
      const last = all[all.length - 1];
      const at = last ? { generation: last.number, position: last.sent } : { generation: 0, position: 0 };
      const event = events.next({ upTo: Infinity, at });
      return event === null ? null : { kind: "text", text: event };
    },

    /** For the stop; null while there is anything left to send. */
    lengths: () =>
      all.every((g) => g.closed) ? all.map((g) => ({ generation: g.number, bytes: deliverable(g) })) : null,

    totals() {
      let totalBytes = 0;
      let waitingBytes = 0;
      let durableBytes = 0;
      let lostBytes = 0;
      /** @type {Generation | null} */
      let newest = null;
      for (const g of all) {
        totalBytes += g.total;
        durableBytes += g.durable;
        if (g.refused) lostBytes += g.total - g.durable;
        else waitingBytes += g.total - g.durable;
        if (g.durable > 0) newest = g;
      }
      return {
        totalBytes,
        waitingBytes,
        durableBytes,
        lostBytes,
        // The encoder goes on for a moment after a refusal, and nobody counts what it hands over then.
        isPartly: all.some((g) => g.refused),
        durableWallMs: newest && newest.mediaMs > 0 ? newest.startedMs + newest.mediaMs : null,
        durableAtMs,
        position: newest ? { generation: newest.number, durable: newest.durable } : null,
      };
    },
  };
}
