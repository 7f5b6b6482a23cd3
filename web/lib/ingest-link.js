/**
 * The link to the server, which may come and go: one socket at a time, attempts with growing pauses, the server's
 * addresses in turn, and WSS or HTTPS. What is said over it is none of its business.
 *
 *   const link = createLink({ origins, clock, wanted, retryMs, onOpen, onText, onDown, onChange });
 *   link.connect();
 *   link.socket                    // null, or what to send to
 *   link.welcomed();               // the server is the right one, and talks
 *   link.hangUp(code, reason);     // it comes back by itself
 *   link.retire();                 // it does not
 *   link.retryNow();               // the network or the page is said to be back
 *   link.view()
 *
 * @module
 */

import { createBackoff } from "./backoff.js";
import { createHttpsSocket } from "./https-socket.js";
import { createTransportChoice, probeHealth } from "./ingest-transport.js";

/** @typedef {import("./ingest-transport.js").Transport} Transport */
/** @typedef {Pick<WebSocket, "bufferedAmount" | "close"> & { send(data: string | Uint8Array<ArrayBuffer>): void }} Sendable */
/** @typedef {WebSocket | import("./https-socket.js").HttpsSocket} Either */

export const SUBPROTOCOL = "localcamera.v1";
/** A connection attempt into nowhere takes minutes to fail by itself. */
const OPEN_MS = 8000;
/** A connection that ends sooner has not shown that the next attempt will do better. */
const STEADY_MS = 3000;
/** WebSocket close codes of a server that is there, and says when it wants to be asked again. */
const ASKED_TO_WAIT = [1012, 1013];
/** Those of a server that does not let this device in: a person has to do something first. */
const NOT_LET_IN = [4401, 4403];
const LET_IN_MS = 30_000;
const ABNORMAL = 1006;

/**
 * @typedef {object} LinkView
 * @property {"down" | "connecting" | "up"} link
 * @property {boolean} everUp whether the server has ever answered in this session
 * @property {number} attempts in vain since it was last up
 * @property {number | null} downSinceMs
 * @property {number} bufferedBytes
 * @property {Transport | null} transport
 * @property {string} origin
 */

/**
 * The address of the ingest endpoint.
 * @param {string} origin
 */
export const socketUrl = (origin) => `${origin.replace(/^http/, "ws")}/ws/ingest`;

/**
 * @param {object} options
 * @param {import("./origins.js").Origins} options.origins
 * @param {{ now(): number }} options.clock
 * @param {() => boolean} options.wanted whether there is anything left to say
 * @param {() => number} options.retryMs what the server asked for
 * @param {() => void} options.onOpen
 * @param {(text: string) => void} options.onText
 * @param {(close: { code: number, reason?: string }) => void} options.onDown
 * @param {() => void} options.onChange
 * @param {typeof WebSocket} [options.Socket]
 * @param {typeof createHttpsSocket} [options.openHttps]
 * @param {typeof probeHealth} [options.probe]
 */
export function createLink(options) {
  const { origins, clock, wanted, retryMs, onOpen, onText, onDown, onChange } = options;
  const { Socket = WebSocket, openHttps = createHttpsSocket, probe = probeHealth } = options;

  const backoff = createBackoff();
  const route = origins.route();
  const choice = createTransportChoice({ probe });
  /** @type {Either | null} */
  let socket = null;
  let state = /** @type {LinkView["link"]} */ ("down");
  let everUp = false;
  let retired = false;
  let origin = "";
  /** @type {Transport | null} */
  let transport = null;
  /** Whether the server has said anything on this connection. */
  let heard = false;
  let openingSinceMs = 0;
  let upSinceMs = 0;
  /** @type {number | null} */
  let downSinceMs = clock.now();
  /** @typedef {ReturnType<typeof setTimeout> | undefined} Timer */
  /** @type {Timer} */ let retryTimer;
  /** @type {Timer} */ let openTimer;

  /** @returns {Either} */
  function open() {
    if (transport === "https") return openHttps(origin);
    return new Socket(socketUrl(origin), [SUBPROTOCOL]);
  }

  function connect() {
    if (retired || socket || !wanted()) return;
    clearTimeout(retryTimer);
    // Where the server answers requests, it is not the address that is wrong.
    if (origin === "" || !choice.answers(origin)) origin = route.next();
    transport = choice.next(origin, clock.now());
    heard = false;
    state = "connecting";
    openingSinceMs = clock.now();
    /** @type {Either} */
    let mine;
    try {
      mine = open();
    } catch {
      // The browser refuses the address.
      dropped({ code: ABNORMAL });
      return;
    }
    socket = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => {
      if (socket !== mine) return;
      clearTimeout(openTimer);
      openTimer = undefined;
      onOpen();
    };
    mine.onmessage = (/** @type {{ data: unknown }} */ { data }) => {
      if (socket !== mine || typeof data !== "string") return;
      heard = true;
      onText(data);
    };
    mine.onclose = (/** @type {{ code: number, reason: string }} */ { code, reason }) => {
      if (socket === mine) dropped({ code, reason });
    };
    openTimer = setTimeout(() => hangUp(4408, "no answer"), OPEN_MS);
    onChange();
  }

  /** Takes the socket away from everybody. */
  function detach() {
    const gone = socket;
    socket = null;
    clearTimeout(retryTimer);
    clearTimeout(openTimer);
    openTimer = undefined;
    if (gone) gone.onopen = gone.onmessage = gone.onclose = null;
    return gone;
  }

  /** @param {{ code: number, reason?: string }} close */
  function dropped(close) {
    detach();
    const now = clock.now();
    const waiting = ASKED_TO_WAIT.includes(close.code);
    const isOutside = NOT_LET_IN.includes(close.code);
    if (state === "up") {
      downSinceMs = now;
      if (now - upSinceMs >= STEADY_MS) backoff.reset();
    } else if (isOutside) {
      // Another server may have this address now; one's own may be at the next.
      route.failed();
    } else if (!heard && !waiting && transport) {
      route.failed();
      choice.failed(origin, transport);
    }
    state = "down";
    onDown(close);
    if (!retired && wanted()) retryTimer = setTimeout(connect, isOutside ? LET_IN_MS : backoff.next(waiting ? retryMs() : 0));
    onChange();
  }

  /**
   * The closing handshake with a peer that is gone takes long: the connection counts as closed at once.
   * @param {number} code @param {string} reason
   */
  function hangUp(code, reason) {
    const gone = socket;
    if (!gone) return;
    dropped({ code, reason });
    try {
      gone.close(code, reason);
    } catch {
      // A socket that never opened cannot take a code of ours.
      gone.close();
    }
  }

  return {
    connect,
    hangUp,

    /** @returns {Sendable | null} */
    get socket() {
      return socket;
    },

    get origin() {
      return origin;
    },

    get isUp() {
      return state === "up";
    },

    welcomed() {
      state = "up";
      everUp = true;
      downSinceMs = null;
      upSinceMs = clock.now();
      route.worked();
      if (transport) choice.worked(origin, transport);
    },

    retire() {
      retired = true;
      state = "down";
      const gone = detach();
      if (gone) gone.close();
    },

    retryNow() {
      // Timers stand still with the page: an attempt may be older than it is allowed to get.
      if (openTimer !== undefined && clock.now() - openingSinceMs >= OPEN_MS) hangUp(4408, "no answer");
      if (retired || socket) return;
      backoff.reset();
      connect();
    },

    /** @returns {LinkView} */
    view() {
      return {
        link: state,
        everUp,
        attempts: state === "up" ? 0 : backoff.attempts,
        downSinceMs,
        bufferedBytes: socket ? socket.bufferedAmount : 0,
        transport,
        origin,
      };
    },
  };
}

/** @typedef {ReturnType<typeof createLink>} Link */
