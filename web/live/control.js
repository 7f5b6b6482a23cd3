/**
 * The list of streams, kept up to date over `/ws/control`.
 *
 *   const control = createControl({ url, Socket: WebSocket, ask, clock, timers: window, progress, onChange });
 *   control.start();
 *   control.state()       { link: "connecting" | "up" | "lost", streams, sinceMs }
 *   control.retryNow()    the network is back, or the page is seen again
 *
 * A connection whose other end has vanished stays open for minutes and says nothing: after a silence the server is
 * asked for the same list by a request, which fails in time.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { parseList } from "./streams.js";

/** A handshake that takes longer will not come. */
const OPEN_MS = 10000;
/** The list is told again each second while anything is live. */
const SILENCE_MS = 8000;

/** @typedef {import("./streams.js").Stream} Stream */
/** @typedef {{ link: "connecting" | "up" | "lost", streams: Stream[] | null, sinceMs: number }} ControlState `streams`: null before the first list */
/** @typedef {{ setTimeout(work: () => void, ms: number): any, clearTimeout(timer: any): void }} Timers */

/**
 * @param {object} options
 * @param {string} options.url
 * @param {new (url: string) => WebSocket} options.Socket
 * @param {() => Promise<unknown>} options.ask the list by a request
 * @param {{ heard(nowMs: number): void }} options.clock
 * @param {Timers} options.timers
 * @param {() => number} options.progress ms that never run backwards
 * @param {() => void} options.onChange
 * @param {() => number} [options.random]
 */
export function createControl({ url, Socket, ask, clock, timers, progress, onChange, random }) {
  const backoff = createBackoff({ random });
  /** @type {ControlState["link"]} */
  let link = "connecting";
  /** @type {Stream[] | null} */
  let streams = null;
  let heardMs = 0;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {any} */
  let timer = null;

  /** @param {() => void} work @param {number} ms */
  function later(work, ms) {
    timers.clearTimeout(timer);
    timer = timers.setTimeout(work, ms);
  }

  /** @param {unknown} message */
  function heard(message) {
    const list = parseList(message);
    if (!list) return;
    if (list.nowMs !== null) clock.heard(list.nowMs);
    streams = list.streams;
    heardMs = progress();
    link = "up";
    backoff.reset();
    onChange();
  }

  function letGo() {
    const old = socket;
    socket = null;
    if (!old) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  function lost() {
    letGo();
    link = "lost";
    onChange();
    later(open, backoff.next());
  }

  /** @param {WebSocket} mine */
  async function doubt(mine) {
    try {
      const message = await ask();
      if (socket !== mine) return;
      heard(message);
      later(() => void doubt(mine), SILENCE_MS);
    } catch {
      if (socket === mine) lost();
    }
  }

  function open() {
    letGo();
    /** @type {WebSocket} */
    let mine;
    try {
      mine = new Socket(url);
    } catch {
      lost();
      return;
    }
    socket = mine;
    later(lost, OPEN_MS);
    mine.onopen = () => later(() => void doubt(mine), SILENCE_MS);
    mine.onmessage = ({ data }) => {
      later(() => void doubt(mine), SILENCE_MS);
      try {
        heard(JSON.parse(data));
      } catch {
        // Something newer than this page.
      }
    };
    mine.onclose = lost;
  }

  return {
    start: open,
    retryNow() {
      if (link === "up" && socket) {
        const mine = socket;
        later(() => void doubt(mine), 0);
      } else if (timer !== null) {
        open();
      }
    },
    /** @returns {ControlState} */
    state: () => ({ link, streams, sinceMs: progress() - heardMs }),
  };
}
