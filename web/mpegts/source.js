/**
 * Where JSMpeg gets its bytes from: `/ws/mpegts/{stream}`, with what is to be known of the connection.
 *
 *   const source = createSource({ page: window, url, stats, on });
 *   new JSMpeg.Player(url, { source: source.Source, … });
 *   source.wake();
 *
 * JSMpeg brings a source of its own, which tells nothing, takes texts for pictures, and knocks every 5 s whatever is said.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { createLine } from "../lib/line.js";

/** The server starts an encoder for the first viewer. */
const FIRST_MS = 20_000;
const SILENCE_MS = 8000;
const STEADY_MS = 10_000;
const SELDOM_MS = 5000;
const OVER = 1000;
const REFUSED = 4404;

/** @typedef {"connecting" | "waiting" | "playing" | "lost" | "refused" | "over" | "stopped"} SourceState */
/** @typedef {{ state(state: SourceState, about: { code?: number, reason?: string, retryMs?: number }): void, text(text: string): void }} On */

/**
 * @param {object} options
 * @param {Pick<Window & typeof globalThis, "WebSocket" | "setTimeout" | "clearTimeout" | "performance">} options.page
 * @param {string} options.url
 * @param {ReturnType<typeof import("./stats.js").createStats>} options.stats
 * @param {On} options.on
 * @param {() => number} [options.random]
 */
export function createSource({ page, url, stats, on, random }) {
  const now = () => page.performance.now();
  const backoff = createBackoff({ random });
  const seldom = createBackoff({ firstMs: 1000, longestMs: SELDOM_MS, random });
  const line = createLine(page);
  /** @type {SourceState} */
  let state = "stopped";
  /** @type {{ write(bytes: ArrayBuffer): void } | null} */
  let destination = null;
  let openedMs = 0;
  let said = "";
  /** As JSMpeg looks at it. */
  const source = { established: false, completed: false, progress: 0, streaming: true, connect, start, resume() {}, destroy: stop };

  /** @param {SourceState} next @param {{ code?: number, reason?: string, retryMs?: number }} [about] */
  function become(next, about = {}) {
    state = next;
    on.state(next, about);
  }

  function letGo() {
    line.letGo();
    stats.paused(now());
  }

  /** @param {SourceState} next @param {ReturnType<typeof createBackoff>} pause @param {{ code?: number, reason?: string }} [about] */
  function again(next, pause, about = {}) {
    letGo();
    const retryMs = pause.next();
    become(next, { ...about, retryMs });
    line.later(open, retryMs);
  }

  /** @param {string} text */
  function hear(text) {
    try {
      const { error } = JSON.parse(text);
      if (typeof error === "string") said = error;
    } catch {
      // Something newer than this page.
    }
    on.text(text);
  }

  function open() {
    letGo();
    said = "";
    const mine = line.connect(url);
    if (!mine) return again("lost", backoff);
    become("connecting");
    openedMs = now();
    const silent = () => again("lost", backoff, { reason: "silent" });
    line.later(silent, FIRST_MS);
    mine.onopen = () => become("waiting");
    mine.onmessage = ({ data }) => {
      if (typeof data === "string") return hear(data);
      const at = now();
      stats.took(data.byteLength, at);
      if (at - openedMs > STEADY_MS) backoff.reset();
      seldom.reset();
      line.later(silent, SILENCE_MS);
      source.established = true;
      source.progress = 1;
      if (state !== "playing") become("playing");
      if (destination) destination.write(data);
    };
    mine.onclose = ({ code, reason }) => {
      const about = { code, reason: said || reason || "" };
      if (code === REFUSED || said !== "") again("refused", seldom, about);
      else if (code === OVER) again("over", seldom, about);
      else again("lost", backoff, about);
    };
  }

  /** @param {{ write(bytes: ArrayBuffer): void }} to */
  function connect(to) {
    destination = to;
  }

  function start() {
    if (state !== "stopped") return;
    backoff.reset();
    open();
  }

  function stop() {
    if (state === "stopped") return;
    letGo();
    become("stopped");
  }

  return {
    /** For `new`, as JSMpeg calls it. */
    Source: function Source() {
      return source;
    },
    start,
    stop,
    /** The network is back, or the page is seen again. */
    wake() {
      if (state === "lost" || state === "over" || state === "refused") open();
    },
  };
}
