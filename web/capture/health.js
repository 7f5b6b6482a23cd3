/**
 * Whether the server answers, while nothing is recorded and no conversation tells.
 *
 *   const health = watchHealth({ page: document, wanted: () => true, onChange(state, reason) {} });
 *   health.look();   // now
 *
 * @module
 */

/** Often enough that the line is true when a person walks up, rare enough to be nothing. */
const EVERY_MS = 10000;
const PATIENCE_MS = 5000;

/**
 * @param {object} options
 * @param {Document} options.page
 * @param {() => boolean} options.wanted
 * @param {(state: "good" | "down" | "unable", reason: string) => void} options.onChange
 */
export function watchHealth({ page, wanted, onChange }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let looking = false;

  async function look() {
    clearTimeout(timer);
    if (!looking && wanted() && page.visibilityState === "visible") {
      looking = true;
      const control = new AbortController();
      const patience = setTimeout(() => control.abort(), PATIENCE_MS);
      try {
        const answer = await fetch("/health", { cache: "no-store", signal: control.signal });
        const body = await answer.json().catch(() => ({}));
        if (answer.ok) onChange("good", "");
        else onChange("unable", String(body.reason || body.message || body.status || answer.status));
      } catch {
        onChange("down", "");
      } finally {
        clearTimeout(patience);
        looking = false;
      }
    }
    timer = setTimeout(() => void look(), EVERY_MS);
  }

  page.addEventListener("visibilitychange", () => void look());
  return { look: () => void look() };
}
