/**
 * Events that the server has not been heard to have. They have no acknowledgement of their own: messages keep
 * their order, so bytes that were sent behind an event prove that it has arrived.
 *
 *   const events = createEvents();
 *   events.add(text, generation);
 *   events.next({ upTo, at })       // the text of one that is to be sent now, noted as sent there, or null
 *   events.arrived(generation, received)
 *   events.repeat()                 // a new connection: what is left is said again
 *
 * @module
 */

/** @typedef {{ generation: number, position: number }} Place in the order of what is sent */
/** @typedef {{ text: string, generation: number, sentAt: Place | null }} Pending */

export function createEvents() {
  /** @type {Pending[]} */
  let pending = [];

  return {
    /** @param {string} text @param {number} generation the one that it belongs to */
    add(text, generation) {
      pending.push({ text, generation, sentAt: null });
    },

    /**
     * @param {{ upTo: number, at: Place }} where events of this and earlier generations may be sent
     * @returns {string | null}
     */
    next({ upTo, at }) {
      const event = pending.find(({ sentAt, generation }) => !sentAt && generation <= upTo);
      if (!event) return null;
      event.sentAt = at;
      return event.text;
    },

    /** @param {number} generation @param {number} received */
    arrived(generation, received) {
      pending = pending.filter(
        ({ sentAt }) =>
          !sentAt || generation < sentAt.generation || (generation === sentAt.generation && received <= sentAt.position),
      );
    },

    repeat() {
      for (const event of pending) event.sentAt = null;
    },
  };
}

/** @typedef {ReturnType<typeof createEvents>} Events */
