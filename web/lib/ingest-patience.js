/**
 * How long a server may be silent before its connection is given up. Pure.
 *
 *   const patience = createPatience();
 *   patience.greeted(now);                   // the hello was sent
 *   patience.heard(now);                     // the server has said something
 *   patience.asked(now);                     // something was sent that it answers
 *   patience.reset();                        // the connection is gone
 *   patience.welcomeDeadline()
 *   patience.answerDeadline({ creditBytes, owes })   // or null
 *   patience.heardMs, patience.greetedMs
 *
 * @module
 */

/** A LAN server that has accepted the socket answers within this, or something in between swallowed it. */
const WELCOME_MS = 10000;
/** Wi-Fi that went away does not close a socket. A server that holds our media says something sooner than this. */
const SILENCE_MS = 15000;
/** One that has no room says when it has; should that get lost, it is asked. */
const STALLED_MS = 60000;

export function createPatience() {
  let greetedMs = 0;
  let heardMs = 0;
  /** When the oldest unanswered thing was sent; a silence counts from there. @type {number | null} */
  let owedSinceMs = null;

  return {
    /** @param {number} now */
    greeted(now) {
      greetedMs = now;
      heardMs = now;
      owedSinceMs = null;
    },

    /** @param {number} now */
    heard(now) {
      heardMs = now;
      owedSinceMs = null;
    },

    /** @param {number} now */
    asked(now) {
      if (owedSinceMs === null) owedSinceMs = now;
    },

    reset() {
      owedSinceMs = null;
    },

    welcomeDeadline: () => greetedMs + WELCOME_MS,

    /**
     * @param {{ creditBytes: number, owes: boolean }} about whether the server owes an answer
     * @returns {number | null}
     */
    answerDeadline({ creditBytes, owes }) {
      if (creditBytes === 0) return heardMs + STALLED_MS;
      return owes ? Math.max(heardMs, owedSinceMs || 0) + SILENCE_MS : null;
    },

    get greetedMs() {
      return greetedMs;
    },
    get heardMs() {
      return heardMs;
    },
  };
}
