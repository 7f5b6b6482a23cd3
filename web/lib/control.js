/**
 * A connection to `/ws/control` that comes back by itself.
 *
 *   const control = createControl({ page: window, url: controlAddress(location), onOpen, onMessage, onClose });
 *   control.start();
 *   control.send(message)    false where there is no connection: nothing waits to be sent
 *   control.wake()           now is a good time to look whether the server is there; by itself when the network
 *                            comes back and when the page is seen again
 *   control.stop()           until the next start
 *
 * A connection whose other end has vanished stays open for minutes and says nothing: after a silence the server is
 * asked by a request (`ask`), which fails in time. What it answers counts as told.
 *
 * @module
 */

import { createBackoff } from "./backoff.js";
import { request } from "./request.js";

/** A handshake that takes longer will not come. */
const OPEN_MS = 10000;
/** Where anything records, something is told each second. */
const SILENCE_MS = 8000;
/** A server that takes connections and drops them at once is not asked again at once, whatever it had said. */
const STEADY_MS = 3000;
/** `WebSocket.OPEN` */
const OPEN = 1;

/** @typedef {Record<string, any> & { type?: string }} Message */

/**
 * What of a window is used.
 * @typedef {object} Page
 * @property {new (url: string) => WebSocket} WebSocket
 * @property {(work: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {(name: string, listener: (event: any) => void) => void} addEventListener
 * @property {(name: string, listener: (event: any) => void) => void} removeEventListener
 * @property {{ visibilityState: string, addEventListener(name: string, listener: () => void): void, removeEventListener(name: string, listener: () => void): void }} document
 */

/** @param {{ protocol: string, host: string }} place */
export function controlAddress({ protocol, host }) {
  return `${protocol === "http:" ? "ws" : "wss"}://${host}/ws/control`;
}

/**
 * @param {object} options
 * @param {Page} options.page
 * @param {string} options.url
 * @param {() => void} [options.onOpen] a new connection: the server knows nothing of what was said on earlier ones
 * @param {(message: Message) => void} options.onMessage
 * @param {() => void} [options.onClose] it is lost, or an attempt has failed
 * @param {() => Promise<Message[]>} [options.ask] rejects where the server cannot be reached; with a `status` where it has answered
 * @param {() => number} [options.random]
 */
export function createControl({ page, url, onOpen = () => {}, onMessage, onClose = () => {}, ask = reach, random }) {
  const backoff = createBackoff({ random });
  let isRunning = false;
  /** @type {WebSocket | null} */
  let socket = null;
  let isOpen = false;
  /** Messages so far: whether one has come in the meantime. */
  let told = 0;
  /** @type {any} */
  let timer = null;
  /** @type {any} */
  let steady = null;

  /** @param {() => void} work @param {number} ms */
  function later(work, ms) {
    page.clearTimeout(timer);
    timer = page.setTimeout(work, ms);
  }

  function letGo() {
    const old = socket;
    socket = null;
    isOpen = false;
    page.clearTimeout(steady);
    if (!old) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  function lost() {
    letGo();
    later(open, backoff.next());
    onClose();
  }

  /** @param {unknown} message */
  function heard(message) {
    if (message === null || typeof message !== "object") return;
    onMessage(/** @type {Message} */ (message));
  }

  /** @param {WebSocket} mine */
  async function doubt(mine) {
    const before = told;
    try {
      const messages = await ask();
      for (const message of messages) if (socket === mine) heard(message);
    } catch (error) {
      // It has spoken since, and is not doubted any more.
      if (socket !== mine || told !== before) return;
      // Also a status that says no has come from somebody.
      if (typeof (/** @type {{ status?: unknown }} */ (error).status) !== "number") return lost();
    }
    if (socket === mine) later(() => void doubt(mine), SILENCE_MS);
  }

  function open() {
    letGo();
    /** @type {WebSocket} */
    let mine;
    try {
      mine = new page.WebSocket(url);
    } catch {
      lost();
      return;
    }
    socket = mine;
    later(lost, OPEN_MS);
    mine.onopen = () => {
      isOpen = true;
      steady = page.setTimeout(() => backoff.reset(), STEADY_MS);
      later(() => void doubt(mine), SILENCE_MS);
      onOpen();
    };
    mine.onmessage = ({ data }) => {
      told += 1;
      later(() => void doubt(mine), SILENCE_MS);
      let message = null;
      try {
        message = JSON.parse(data);
      } catch {
        // Something newer than this page.
      }
      heard(message);
    };
    mine.onclose = lost;
  }

  function wake() {
    if (!isRunning) return;
    const mine = socket;
    if (mine && isOpen) later(() => void doubt(mine), 0);
    else open();
  }

  function seen() {
    if (page.document.visibilityState === "visible") wake();
  }

  /** Put aside and taken out again, with its connections closed. @param {{ persisted: boolean }} event */
  function shown({ persisted }) {
    if (persisted) wake();
  }

  return {
    start() {
      if (isRunning) return;
      isRunning = true;
      page.addEventListener("online", wake);
      page.addEventListener("pageshow", shown);
      page.document.addEventListener("visibilitychange", seen);
      open();
    },
    stop() {
      if (!isRunning) return;
      isRunning = false;
      page.removeEventListener("online", wake);
      page.removeEventListener("pageshow", shown);
      page.document.removeEventListener("visibilitychange", seen);
      page.clearTimeout(timer);
      letGo();
    },
    wake,
    /** @param {Message} message @returns {boolean} whether it is on its way */
    send(message) {
      const mine = socket;
      if (!mine || !isOpen || (mine.readyState !== undefined && mine.readyState !== OPEN)) return false;
      mine.send(JSON.stringify(message));
      return true;
    },
  };
}

/** Any answer shows that the server is there. @returns {Promise<Message[]>} */
async function reach() {
  await request("/health");
  return [];
}
