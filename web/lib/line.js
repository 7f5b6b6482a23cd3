/**
 * One connection at a time, and one thing to do next: another connection, or the end of this one's patience.
 *
 *   const line = createLine(page);
 *   const socket = line.connect("wss://…");   in place of the one before; null where it cannot be made
 *   line.later(lost, 5000);                   in place of what was to be done before
 *   line.settle();                            nothing is to be done
 *   line.letGo();                             neither; the socket is closed, and nothing is heard of it any more
 *
 * @module
 */

/** @param {Pick<Window & typeof globalThis, "WebSocket" | "setTimeout" | "clearTimeout">} page */
export function createLine(page) {
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {any} */
  let timer = null;

  function settle() {
    page.clearTimeout(timer);
  }

  function letGo() {
    settle();
    const old = socket;
    socket = null;
    if (!old) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  return {
    settle,
    letGo,
    /** There is one, until it is let go. */
    isUp: () => socket !== null,
    /** @param {() => void} work @param {number} ms */
    later(work, ms) {
      settle();
      timer = page.setTimeout(work, ms);
    },
    /** @param {string} url */
    connect(url) {
      letGo();
      try {
        socket = new page.WebSocket(url);
      } catch {
        return null;
      }
      socket.binaryType = "arraybuffer";
      return socket;
    },
  };
}
