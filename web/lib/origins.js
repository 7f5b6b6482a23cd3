/**
 * The addresses under which the server is known, kept for the next visit, and the order in which to try them.
 *
 *   const origins = createOrigins({ own: location.origin, storage: localStorageOrNull(window) });
 *   origins.learn(addresses, via)      // what a welcome says, and the address it came from
 *   origins.all()                      // the page's own one first
 *   const route = origins.route();     // of one delivery
 *   route.next()                       // the origin to try now
 *   route.failed(), route.worked()     // what became of it
 *
 * @module
 */

const KEY = "localcamera.origins";
/** A server with more addresses than this has most of them on networks where no camera is. */
const MOST = 12;
/** So often the address that should work is tried before the others get their turn. */
const PATIENCE = 2;

/**
 * @param {unknown} address
 * @param {boolean} secure whether the page may speak to secure origins only
 * @returns {string} the origin, or nothing
 */
function originOf(address, secure) {
  if (typeof address !== "string") return "";
  try {
    const { protocol, origin } = new URL(address);
    return protocol === "https:" || (protocol === "http:" && !secure) ? origin : "";
  } catch {
    return "";
  }
}

/**
 * @param {object} options
 * @param {string} options.own the page's origin
 * @param {Pick<Storage, "getItem" | "setItem"> | null} [options.storage]
 */
export function createOrigins({ own, storage = null }) {
  const secure = own.startsWith("https:");

  /** @param {unknown} addresses */
  const clean = (addresses) => {
    const list = Array.isArray(addresses) ? addresses.map((address) => originOf(address, secure)) : [];
    return Array.from(new Set(list)).filter((origin) => origin !== "" && origin !== own).slice(0, MOST);
  };

  const kept = () => {
    try {
      return clean(JSON.parse((storage && storage.getItem(KEY)) || "[]"));
    } catch {
      return [];
    }
  };
  let others = kept();

  return {
    own,

    all: () => [own, ...others],

    /**
     * A server says all it has: what it does not name any more is over, except where it was reached just now.
     * @param {unknown} addresses
     * @param {string} [via]
     */
    learn(addresses, via) {
      const known = clean(via ? [via, ...(Array.isArray(addresses) ? addresses : [])] : addresses);
      if (known.length === 0 || known.join() === others.join()) return;
      others = known;
      try {
        if (storage) storage.setItem(KEY, JSON.stringify(others));
      } catch {
        // Storage is full: they are known for this visit.
      }
    },

    route() {
      let failures = 0;
      // Where it worked last is the best guess; at first that is where the page came from.
      let best = own;
      let current = own;
      return {
        next() {
          const rest = [own, ...others].filter((origin) => origin !== best);
          const turn = failures - PATIENCE;
          const away = turn >= 0 && turn % 2 === 0 && rest.length > 0;
          current = away ? rest[(turn / 2) % rest.length] : best;
          return current;
        },
        failed() {
          failures += 1;
        },
        worked() {
          failures = 0;
          best = current;
        },
      };
    },
  };
}

/** @typedef {ReturnType<typeof createOrigins>} Origins */
