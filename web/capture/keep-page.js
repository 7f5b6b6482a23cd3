/**
 * Keeps this page on the device by its service worker, so that it opens while the server is away. Browsers want a
 * certificate that they trust for it, and refuse silently: so does this.
 *
 *   const kept = keepPage(navigator, onChange);
 *   kept.state     "unknown" | "kept" | "not"
 *
 * @module
 */

/** @param {Navigator} browser @param {() => void} onChange */
export function keepPage(browser, onChange) {
  let state = /** @type {"unknown" | "kept" | "not"} */ ("unknown");

  /** @param {"kept" | "not"} next */
  const become = (next) => {
    state = next;
    onChange();
  };

  async function register() {
    const workers = browser.serviceWorker;
    if (!workers) return become("not");
    try {
      const registered = await workers.register("/service-worker.js", { updateViaCache: "none" });
      if (registered.active) return become("kept");
      const worker = registered.installing || registered.waiting;
      if (!worker) return become("not");
      worker.addEventListener("statechange", () => {
        if (worker.state === "activated") become("kept");
        if (worker.state === "redundant") become("not");
      });
    } catch {
      become("not");
    }
  }
  void register();

  return {
    get state() {
      return state;
    },
  };
}
