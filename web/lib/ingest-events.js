/**
 * Events that the server has not been heard to keep. They have no acknowledgement of their own: messages keep
 * their order and the server's disk keeps it, too, so bytes that were sent behind an event and are durable prove
 * that the event is.
 *
 *   const events = createEvents();
 *   events.add(text);
 *   events.next()                          // the text of one that is to be sent now, noted as sent, or null
 *   events.followed(generation, position)  // a chunk that begins there was sent
 *   events.durable(generation, below)
 *   events.adrift(generation)              // no more of it becomes durable: other bytes must prove
 *   events.repeat(received)                // a new connection: what its server may not have is said again
 *
 * @module
 */

/** @typedef {{ generation: number, position: number }} Place the first byte that was sent behind it */
/** @typedef {{ text: string, sent: boolean, behind: Place | null }} Pending */

export function createEvents() {
  /** @type {Pending[]} */
  let pending = [];

  return {
    /** @param {string} text */
    add(text) {
      pending.push({ text, sent: false, behind: null });
    },

    /** @returns {string | null} */
    next() {
      const event = pending.find(({ sent }) => !sent);
      if (!event) return null;
      event.sent = true;
      return event.text;
    },

    /** @param {number} generation @param {number} position */
    followed(generation, position) {
      for (const event of pending) if (event.sent && !event.behind) event.behind = { generation, position };
    },

    /** @param {number} generation @param {number} below */
    durable(generation, below) {
      pending = pending.filter(({ behind }) => !behind || behind.generation !== generation || below <= behind.position);
    },

    /** @param {number} generation */
    adrift(generation) {
      for (const event of pending) if (event.behind && event.behind.generation === generation) event.behind = null;
    },

    /** @param {(generation: number) => number} received what the server of this connection has */
    repeat(received) {
      for (const event of pending) {
        if (event.behind && received(event.behind.generation) > event.behind.position) continue;
        event.sent = false;
        event.behind = null;
      }
    },
  };
}

/** @typedef {ReturnType<typeof createEvents>} Events */
