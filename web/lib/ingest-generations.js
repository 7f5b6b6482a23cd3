/**
 * The books of the generations: what the encoder has handed over, and what the server has of it. Each generation
 * is delivered for itself; what is sent next is decided in `ingest-order.js`.
 *
 *   const generations = createGenerations({ events, clocks, emit });
 *   generations.restore(list);                // of an earlier visit, before anything else
 *   generations.begin({ mime, startedMs, reason, offsetMs }) → number
 *   generations.noted(number);                // it may be announced: this device remembers it
 *   generations.appended(number, bytes);
 *   generations.end(number);
 *   generations.welcomed(positions, now);
 *   generations.acknowledged(ack, now);
 *   generations.refused(number, message);     // error bad_stream
 *   generations.lost(number, message);        // error lost
 *   generations.unreadable(number, position); // the device's storage does not give it back
 *   generations.totals()
 *
 * `emit` takes the outputs that follow: forget, progress and restart (ingest-conversation.js).
 *
 * @module
 */

/** @typedef {import("./ingest-conversation.js").Output} Output */
/** @typedef {import("./ingest-restore.js").Restored} Restored */

/**
 * What became of it. "refused": the server takes no more of it, though there was more. "lost": the server of this
 * connection has not what was acknowledged, and what was acknowledged is not here any more.
 * @typedef {"fine" | "refused" | "lost"} Fate
 */

/**
 * @typedef {object} Generation
 * @property {number} number
 * @property {string} mime
 * @property {number} startedMs
 * @property {string} reason
 * @property {number | null} offsetMs the server's clock minus the device's, as known when it began
 * @property {boolean} noted
 * @property {boolean} restored begun by an earlier visit
 * @property {number} total bytes the encoder has handed over
 * @property {boolean} ended nothing more will be handed over
 * @property {number} sent on this connection, or known to be with the server
 * @property {number} received what the server of this connection has
 * @property {number} durable everything below is acknowledged, and gone here
 * @property {number} mediaMs
 * @property {boolean} known to the server of this connection before the device said anything
 * @property {boolean} announced on this connection
 * @property {boolean} closed this connection needs to hear no more of it
 * @property {Fate} fate
 * @property {number | null} readable where the part ends that this device's storage gives back, if it fails
 */

/** @typedef {{ generation: number, received: number, durable: number, ended?: boolean }} Position */
/** @typedef {{ mime: string, startedMs: number, reason: string, offsetMs?: number | null }} About */

/** @param {unknown} value */
export function count(value) {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

/** Nothing of it is sent, and nothing is waited for. @param {Generation} g */
const isOut = (g) => g.fate !== "fine";

/** @param {Generation} g the length of it that the server of this connection can ever have */
export function deliverable(g) {
  if (isOut(g)) return g.received;
  return g.readable === null ? g.total : Math.max(g.received, g.readable);
}

/** @param {Generation[]} all @returns what is sent and not durable */
export function outstanding(all) {
  return all.reduce((sum, g) => sum + (isOut(g) ? 0 : Math.max(0, g.sent - g.durable)), 0);
}

/**
 * @param {object} options
 * @param {import("./ingest-events.js").Events} options.events
 * @param {import("./ingest-clocks.js").Clocks} options.clocks
 * @param {(output: Output) => void} options.emit
 */
export function createGenerations({ events, clocks, emit }) {
  /** @type {Generation[]} */
  const all = [];
  /** When something became durable last. @type {number | null} */
  let durableAtMs = null;

  /** @param {About & { generation: number }} about */
  const enter = (about) => {
    const offset = about.offsetMs;
    /** @type {Generation} */
    const g = {
      number: about.generation,
      mime: about.mime,
      startedMs: Math.round(about.startedMs),
      reason: about.reason,
      offsetMs: typeof offset === "number" ? Math.round(offset) : null,
      noted: false,
      restored: false,
      total: 0,
      ended: false,
      sent: 0,
      received: 0,
      durable: 0,
      mediaMs: 0,
      known: false,
      announced: false,
      closed: false,
      fate: "fine",
      readable: null,
    };
    all.push(g);
    return g;
  };

  /**
   * @param {Generation} g
   * @param {number} received
   * @param {number} durable
   * @param {number} now
   */
  const learn = (g, received, durable, now) => {
    // Of one that is out it says only that the server needs no more: not that it is recorded.
    if (isOut(g)) return;
    // A server cannot have more than it was sent; believing it would skip bytes, or free what is nowhere else.
    g.received = Math.max(g.received, Math.min(count(received), g.sent));
    const safe = Math.min(count(durable), g.sent);
    if (safe <= g.durable) return;
    g.durable = safe;
    g.received = Math.max(g.received, safe);
    durableAtMs = now;
    emit({ kind: "forget", generation: g.number, below: safe });
    emit({ kind: "progress" });
    events.durable(g.number, safe);
    clocks.durable(g.number, safe);
  };

  /** Whoever records into it begins the next one. @param {Generation} g @param {string} message */
  const breakOff = (g, message) => {
    const running = !g.ended;
    g.ended = true;
    events.adrift(g.number);
    if (running) emit({ kind: "restart", generation: g.number, message });
    else emit({ kind: "progress" });
  };

  /** @param {Generation} g @param {string} message */
  const refuse = (g, message) => {
    g.fate = "refused";
    g.closed = true;
    clocks.drop(g.number);
    emit({ kind: "forget", generation: g.number, below: g.total });
    breakOff(g, message);
  };

  /** What is here of it stays, while there is room: its server may come back. @param {Generation} g @param {string} message */
  const lose = (g, message) => {
    g.fate = "lost";
    breakOff(g, message);
  };

  return {
    all,

    /** @param {Restored[]} list */
    restore(list) {
      for (const about of list) {
        const g = enter(about);
        g.noted = true;
        g.restored = true;
        g.ended = true;
        g.total = about.total;
        g.readable = about.readable;
        g.durable = about.first;
        g.sent = about.first;
        g.received = about.first;
      }
    },

    /** @param {About} about */
    begin: (about) => enter({ ...about, generation: all.length }).number,

    /** @param {number} number */
    noted(number) {
      const g = all[number];
      if (g) g.noted = true;
    },

    /** @param {number} number @param {number} bytes */
    appended(number, bytes) {
      const g = all[number];
      if (g && g.fate !== "refused") g.total += bytes;
    },

    /** @param {number} number @returns whether more bytes of it are of any use */
    wants(number) {
      const g = all[number];
      return g !== undefined && !isOut(g) && !g.ended;
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

    /** What is here, for the hello. */
    holds: () =>
      all
        .filter((g) => g.fate !== "refused" && g.total > g.durable)
        .map((g) => ({ generation: g.number, first: g.durable, end: g.total })),

    /**
     * A connection begins: where its server stands. It may have less than an earlier one, down to what it had
     * acknowledged; where it has less than that, what is missing is nowhere any more.
     * @param {Position[]} positions
     * @param {number} now
     */
    welcomed(positions, now) {
      const known = new Map(positions.map((position) => [position.generation, position]));
      for (const g of all) {
        const position = known.get(g.number);
        const has = position ? count(position.received) : 0;
        // An earlier visit may have sent what this one cannot find any more.
        if (g.restored) g.total = Math.max(g.total, has);
        g.received = g.fate === "refused" ? has : Math.min(has, g.total);
        g.sent = g.received;
        g.known = position !== undefined;
        g.announced = false;
        g.closed = position !== undefined && position.ended === true;
        // Another server may have been asked by mistake; this one is heard for itself.
        if (g.fate === "lost") g.fate = "fine";
        if (g.fate === "fine" && g.received < g.durable) lose(g, "");
        if (g.fate === "fine" && has > g.total && !g.ended) {
          // What comes next would be taken for what it has already. It ends where the server is.
          const { closed } = g;
          refuse(g, "");
          Object.assign(g, { received: has, sent: has, closed });
        }
        if (position) learn(g, position.received, position.durable, now);
        if (!g.closed || isOut(g)) continue;
        if (!g.ended || g.received < g.total) refuse(g, "");
        else clocks.drop(g.number);
      }
      events.repeat((number) => (all[number] ? all[number].received : 0));
      for (const g of all) if (!g.closed && !isOut(g)) clocks.repeat(g.number, g.received);
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
      // Repeated on this connection: the server has ended it here, too.
      if (g.fate === "refused") g.closed = true;
      else refuse(g, message);
    },

    /** The server has not what came before. @param {number} number @param {string} message */
    lost(number, message) {
      const g = all[number];
      if (!g) return;
      g.closed = true;
      if (!isOut(g)) lose(g, message);
    },

    /** @param {number} number @param {number} position of the first byte that is not given back */
    unreadable(number, position) {
      const g = all[number];
      if (!g || isOut(g)) return;
      g.readable = position;
      g.sent = Math.min(g.sent, position);
      breakOff(g, "");
    },

    /** It was not sent after all. @param {number} number @param {number} position */
    unsent(number, position) {
      const g = all[number];
      if (g) g.sent = Math.min(g.sent, position);
    },

    /** What may make room for more: without the server that had its beginning it is of no use. */
    spare: () =>
      all.filter((g) => g.fate === "lost" && g.total > 0).map((g) => ({ generation: g.number, below: g.total })),

    /** The session is over: what the server has not received it never will. */
    settle() {
      for (const g of all) {
        if (!isOut(g) && g.received < g.total) g.fate = "refused";
        g.ended = true;
        emit({ kind: "forget", generation: g.number, below: g.total });
      }
    },

    totals: () => ({ ...totals(all), durableAtMs }),
  };
}

/**
 * Up to when it is durable; null where the server does not tell.
 * @param {Generation} g
 */
const wallMs = (g) => (g.mediaMs > 0 || g.durable === 0 ? g.startedMs + g.mediaMs : null);

/**
 * The sums that people see.
 * @param {Generation[]} all
 */
function totals(all) {
  let totalBytes = 0;
  let waitingBytes = 0;
  let unsentBytes = 0;
  let durableBytes = 0;
  let lostBytes = 0;
  /** Everything before it is durable. @type {Generation | null} */
  let frontier = null;
  for (const g of all) {
    const safe = g.fate === "lost" ? Math.min(g.durable, g.received) : g.durable;
    const possible = isOut(g) ? safe : Math.max(safe, deliverable(g));
    totalBytes += g.total;
    durableBytes += safe;
    waitingBytes += possible - safe;
    unsentBytes += Math.max(0, possible - Math.max(safe, g.sent));
    lostBytes += g.total - possible;
    const behind = frontier !== null && frontier.durable < deliverable(frontier);
    if (!isOut(g) && !behind) frontier = g;
  }
  const newest = all[all.length - 1];
  return {
    totalBytes,
    waitingBytes,
    unsentBytes,
    durableBytes,
    lostBytes,
    // The encoder goes on for a moment after a refusal, and nobody counts what it hands over then.
    isPartly: all.some((g) => isOut(g) || g.readable !== null),
    durableWallMs: frontier && durableBytes > 0 ? wallMs(frontier) : null,
    liveWallMs: newest && newest.mediaMs > 0 ? newest.startedMs + newest.mediaMs : null,
    position: frontier && durableBytes > 0 ? { generation: frontier.number, durable: frontier.durable } : null,
  };
}
