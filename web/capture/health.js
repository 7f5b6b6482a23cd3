/**
 * Whether the server answers, while nothing is recorded and no conversation tells.
 *
 *   const health = watchHealth({ page: document, origins: () => [""], wanted: () => true, onChange(found) {} });
 *   health.look();   // now
 *
 * @module
 */

/** Often enough that the line is true when a person walks up, rare enough to be nothing. */
const EVERY_MS = 10000;
const PATIENCE_MS = 5000;

/** @typedef {{ state: "unknown" | "good" | "down" | "unable", reason: string, elsewhere: string }} Health */

/**
 * @param {string} origin
 * @returns {Promise<Health>}
 */
async function ask(origin) {
  const control = new AbortController();
  const patience = setTimeout(() => control.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(`${origin}/health`, { cache: "no-store", signal: control.signal });
    const body = await answer.json().catch(() => ({}));
    const elsewhere = origin === location.origin ? "" : origin;
    if (answer.ok) return { state: "good", reason: "", elsewhere };
    return { state: "unable", reason: String(body.reason || body.message || body.status || answer.status), elsewhere };
  } catch {
    return { state: "down", reason: "", elsewhere: "" };
  } finally {
    clearTimeout(patience);
  }
}

/**
 * @param {object} options
 * @param {Document} options.page
 * @param {() => string[]} options.origins where the server may be, the page's own first
 * @param {() => boolean} options.wanted
 * @param {(found: Health) => void} options.onChange
 */
export function watchHealth({ page, origins, wanted, onChange }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let looking = false;

  async function look() {
    clearTimeout(timer);
    if (!looking && wanted() && page.visibilityState === "visible") {
      looking = true;
      const [own, ...others] = origins();
      let found = await ask(own);
      // It may have moved: whoever answers first is it.
      if (found.state === "down" && others.length > 0) {
        const answers = others.map(async (origin) => {
          const answer = await ask(origin);
          if (answer.state === "down") throw new Error(origin);
          return answer;
        });
        found = await Promise.any(answers).catch(() => found);
      }
      looking = false;
      onChange(found);
    }
    timer = setTimeout(() => void look(), EVERY_MS);
  }

  page.addEventListener("visibilitychange", () => void look());
  return { look: () => void look() };
}
