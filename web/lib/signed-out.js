/**
 * A page that finds out that it is nobody's is loaded again: the server then shows the way in at the same address,
 * and goes on there afterwards. Where that does not help (a page that is shown although its requests are refused),
 * it is not tried without end, and said instead.
 *
 *   const door = createSignedOut({ page: window, storage: sessionStorageOrNull(window), access, onStay });
 *   door.out();      an answer said so
 *   door.doubt();    a connection is lost: perhaps that is why
 *
 * @module
 */

const KEY = "localcamera.signed-out";
/** Whoever was sent to the way in and is refused again so soon has not come through it. */
const AGAIN_MS = 20_000;
/** While a connection stays away, the server is asked no more often than this. */
const DOUBT_MS = 5000;

/**
 * @param {object} options
 * @param {{ location: { reload(): void } }} options.page
 * @param {Pick<Storage, "getItem" | "setItem"> | null} options.storage
 * @param {Pick<import("./access.js").AccessClient, "look">} options.access
 * @param {() => void} options.onStay loading the page again does not help
 * @param {() => number} [options.now]
 */
export function createSignedOut({ page, storage, access, onStay, now = Date.now }) {
  let isGoing = false;
  let askedMs = -Infinity;

  function out() {
    if (isGoing) return;
    const lastMs = Number((storage && storage.getItem(KEY)) || 0);
    const sinceMs = now() - lastMs;
    // Without a memory there would be no end to it.
    if (!storage || (sinceMs >= 0 && sinceMs < AGAIN_MS)) return onStay();
    isGoing = true;
    storage.setItem(KEY, String(now()));
    page.location.reload();
  }

  return {
    out,
    async doubt() {
      if (isGoing || now() - askedMs < DOUBT_MS) return;
      askedMs = now();
      const known = await access.look().catch(() => null);
      if (known && known.you.who === "nobody") out();
    },
  };
}
