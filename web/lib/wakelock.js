/**
 * Keeps the screen awake while something is held.
 *
 *   const awake = createWakeLock(navigator, document, { onChange(state) {} });
 *   awake.hold(); awake.release();
 *   awake.state    "off" | "on" | "refused" (low battery and the like) | "unsupported"
 *
 * The system lets go of the lock whenever the page is hidden; it is asked for again when the page is seen.
 *
 * @module
 */

/** @typedef {"off" | "on" | "refused" | "unsupported"} WakeState */

/**
 * @param {Navigator} browser
 * @param {Document} page
 * @param {{ onChange?: (state: WakeState) => void }} [options]
 */
export function createWakeLock(browser, page, options = {}) {
  const api = "wakeLock" in browser ? browser.wakeLock : null;
  let wanted = false;
  let asking = false;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  /** @type {WakeState} */
  let state = "off";

  /** @param {WakeState} next */
  const become = (next) => {
    if (next === state) return;
    state = next;
    if (options.onChange) options.onChange(state);
  };

  async function ask() {
    if (!api) return become("unsupported");
    if (!wanted || lock || asking || page.visibilityState !== "visible") return;
    asking = true;
    try {
      const got = await api.request("screen");
      got.addEventListener("release", () => {
        if (lock === got) lock = null;
        if (wanted) become("refused");
        void ask();
      });
      lock = got;
      become("on");
    } catch {
      become("refused");
    } finally {
      asking = false;
    }
    if (!wanted) letGo();
  }

  function letGo() {
    const held = lock;
    lock = null;
    if (held) void held.release().catch(() => {});
    become("off");
  }

  page.addEventListener("visibilitychange", () => void ask());

  return {
    hold() {
      wanted = true;
      void ask();
    },
    release() {
      wanted = false;
      letGo();
    },
    /** @returns {WakeState} */
    get state() {
      return api ? state : "unsupported";
    },
  };
}
