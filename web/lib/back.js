/**
 * Pages that lose their connections while nobody is there: the network goes, the browser puts them aside, nobody sees them.
 *
 *   whenBack(window, retry);         the network is back, or the page is
 *   const aside = createAside({ page: window, afterMs, leave, comeBack, wake });
 *   aside.forget();                  a person has decided otherwise meanwhile
 *
 * @module
 */

/** @param {Pick<Window & typeof globalThis, "addEventListener">} page @param {() => void} retry */
export function whenBack(page, retry) {
  page.addEventListener("online", retry);
  page.addEventListener("pageshow", ({ persisted }) => {
    if (persisted) retry();
  });
}

/**
 * What nobody sees for a while is let go; whoever looks away for a moment goes on where they were.
 * @param {object} options
 * @param {Pick<Window & typeof globalThis, "addEventListener" | "setTimeout" | "clearTimeout" | "document">} options.page
 * @param {number} options.afterMs
 * @param {() => boolean} options.leave lets it go; whether there was anything
 * @param {() => void} options.comeBack
 * @param {() => void} options.wake there again, and nothing was let go
 */
export function createAside({ page, afterMs, leave, comeBack, wake }) {
  /** @type {any} */
  let leaving = null;
  let isAside = false;
  whenBack(page, wake);
  page.document.addEventListener("visibilitychange", () => {
    page.clearTimeout(leaving);
    if (page.document.visibilityState === "hidden") {
      leaving = page.setTimeout(() => {
        isAside = leave();
      }, afterMs);
    } else if (isAside) {
      isAside = false;
      comeBack();
    } else wake();
  });
  return {
    forget() {
      isAside = false;
    },
  };
}
