/**
 * What changes in the library, as the server tells it. Comes back by itself.
 *
 *   const events = listen({ page: window, onSession, onRemoved, onComplete, onBack });
 *   events.close();
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { parseSession } from "./list.js";
import { paths } from "./requests.js";

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {(session: import("./list.js").Session) => void} options.onSession
 * @param {(session: string) => void} options.onRemoved
 * @param {() => void} options.onComplete everything that is on the disk has been read
 * @param {() => void} options.onBack after a silence, in which anything may have happened
 */
export function listen({ page, onSession, onRemoved, onComplete, onBack }) {
  const backoff = createBackoff({});
  /** @type {EventSource | null} */
  let source = null;
  let wasOpen = false;
  /** @type {any} */
  let timer = null;

  /** @param {Event} event @returns {any} */
  function dataOf(event) {
    try {
      return JSON.parse(/** @type {MessageEvent} */ (event).data);
    } catch {
      return null;
    }
  }

  function open() {
    source = new page.EventSource(paths.events());
    source.addEventListener("open", () => {
      if (wasOpen) onBack();
      wasOpen = true;
      backoff.reset();
    });
    source.addEventListener("session", (event) => {
      const session = parseSession(dataOf(event));
      if (session) onSession(session);
    });
    source.addEventListener("removed", (event) => {
      const told = dataOf(event);
      if (told && typeof told.session === "string") onRemoved(told.session);
    });
    source.addEventListener("complete", onComplete);
    source.addEventListener("error", () => {
      // The browser tries again by itself, but for an answer that it takes for final.
      if (source && source.readyState === page.EventSource.CLOSED) timer = page.setTimeout(open, backoff.next());
    });
  }
  open();

  return {
    close() {
      page.clearTimeout(timer);
      if (source) source.close();
    },
  };
}
