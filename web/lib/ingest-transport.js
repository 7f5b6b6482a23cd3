/**
 * Whether to speak WSS or HTTPS with an origin. WSS is what is wanted; HTTPS takes over where WSS fails again and
 * again although the server answers requests, and WSS is tried anew when the next connection after a while is due.
 *
 *   const choice = createTransportChoice({ probe });
 *   choice.next(origin, now)                    // "wss" or "https"; looks at the server beside a doubtful attempt
 *   choice.answers(origin)                      // whether it was seen to answer, though attempts fail
 *   choice.failed(origin, transport)            // it ended before the server said anything
 *   choice.worked(origin, transport)
 *   await probeHealth("https://192.168.1.3:5001")  // whether a server answers there
 *
 * A browser does not tell a certificate that it does not trust from a network that is not there: neither answers.
 *
 * @module
 */

/** Once can be chance, twice a server that is being started. */
const ENOUGH_FAILURES = 3;
/** From this attempt on the server is looked at. */
const DOUBTFUL_ATTEMPT = 2;
/** Longer detours cost nothing; a person who repaired the network need not wait for ever. */
const HTTPS_MS = 10 * 60 * 1000;
/** After that, what answered by HTTPS does not do so any more either. */
const ENOUGH_HTTPS_FAILURES = 2;
const PROBE_MS = 5000;

/** @typedef {"wss" | "https"} Transport */

/**
 * @param {string} origin
 * @returns {Promise<boolean>}
 */
export async function probeHealth(origin) {
  const control = new AbortController();
  const patience = setTimeout(() => control.abort(), PROBE_MS);
  try {
    // A server that cannot record says so with a status; it answers all the same.
    await fetch(`${origin}/health`, { mode: "cors", cache: "no-store", signal: control.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(patience);
  }
}

/**
 * @param {object} [options]
 * @param {(origin: string) => Promise<boolean>} [options.probe]
 */
export function createTransportChoice({ probe = probeHealth } = {}) {
  /** @typedef {{ failures: number, answered: boolean, httpsUntilMs: number, httpsFailures: number }} Experience */
  /** @type {Map<string, Experience>} */
  const origins = new Map();

  /** @param {string} origin */
  const of = (origin) => {
    let known = origins.get(origin);
    if (!known) {
      known = { failures: 0, answered: false, httpsUntilMs: -Infinity, httpsFailures: 0 };
      origins.set(origin, known);
    }
    return known;
  };

  return {
    /** @param {string} origin @param {number} now @returns {Transport} */
    next(origin, now) {
      const known = of(origin);
      if (known.failures >= ENOUGH_FAILURES && known.answered) {
        known.answered = false;
        known.httpsFailures = 0;
        known.httpsUntilMs = now + HTTPS_MS;
      }
      if (now < known.httpsUntilMs) return "https";
      if (known.failures + 1 >= DOUBTFUL_ATTEMPT) {
        // Asked at the same moment: a server that comes up in between is not blamed for what was before.
        known.answered = false;
        void probe(origin).then((answers) => {
          known.answered = answers;
        });
      }
      return "wss";
    },

    /** @param {string} origin */
    answers: (origin) => of(origin).answered,

    /** @param {string} origin @param {Transport} transport */
    failed(origin, transport) {
      const known = of(origin);
      if (transport === "wss") {
        known.failures += 1;
        return;
      }
      known.httpsFailures += 1;
      if (known.httpsFailures >= ENOUGH_HTTPS_FAILURES) known.httpsUntilMs = -Infinity;
    },

    /** @param {string} origin @param {Transport} transport */
    worked(origin, transport) {
      const known = of(origin);
      if (transport === "https") {
        known.httpsFailures = 0;
        return;
      }
      known.failures = 0;
      known.answered = false;
    },
  };
}

/** @typedef {ReturnType<typeof createTransportChoice>} TransportChoice */
