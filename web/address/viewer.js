/**
 * The pictures of an address, over `/ws/stream`: one connection, as long as somebody looks.
 *
 *   const viewer = createViewer({ page: window, base: location, onImage, onChange });
 *   viewer.show("rtsp://viewer:secret@192.168.1.20/stream1");  viewer.stop();  viewer.wake();
 *   viewer.look()     { state, reason, code, picturesPerSecond, bitrateBps }
 *
 * What the server refuses is not asked for again by itself: a camera may lock who knocks too often with a wrong password.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { createLine } from "../lib/line.js";
import { createNewestPicture } from "../lib/newest-picture.js";
import { createRate } from "../lib/picture-rate.js";
import { createMeter } from "../live/meter.js";

/** For a name that is looked up slowly, and a camera that answers slowly. */
const FIRST_MS = 40_000;
/** The server gives up on one that shows nothing for 20 s, and says so. */
const SILENCE_MS = 30_000;
const STEADY_MS = 10_000;
const OVER = 1000;
const REFUSED = 4404;

/** @typedef {"off" | "connecting" | "playing" | "lost" | "refused" | "over"} ViewerState */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {{ protocol: string, host: string }} options.base
 * @param {(image: HTMLImageElement) => void} options.onImage
 * @param {() => void} options.onChange
 */
export function createViewer({ page, base, onImage, onChange }) {
  const now = () => page.performance.now();
  const backoff = createBackoff();
  const meter = createMeter();
  const line = createLine(page);
  const rate = createRate();
  /** @type {ViewerState} */
  let state = "off";
  let reason = "";
  /** @type {string | null} */
  let code = null;
  let url = "";
  let openedMs = 0;
  const pictures = createNewestPicture({
    page,
    onImage(image) {
      if (now() - openedMs > STEADY_MS) backoff.reset();
      onImage(image);
      become("playing");
    },
  });

  /** @param {ViewerState} next */
  function become(next) {
    if (next === state) return;
    state = next;
    onChange();
  }

  function letGo() {
    line.letGo();
    pictures.clear();
    meter.reset();
    rate.over();
  }

  function lost() {
    letGo();
    become("lost");
    line.later(connect, backoff.next());
  }

  /** @param {string} text */
  function hear(text) {
    try {
      const told = JSON.parse(text);
      const { error = null, code: named = null } = told !== null && typeof told === "object" ? told : {};
      if (typeof error === "string") reason = error;
      if (typeof named === "string") code = named;
    } catch {
      // Something newer than this page.
    }
  }

  /** @param {ViewerState} next */
  function end(next) {
    letGo();
    become(next);
  }

  function connect() {
    letGo();
    reason = "";
    code = null;
    const mine = line.connect(`${base.protocol === "http:" ? "ws" : "wss"}://${base.host}/ws/stream?rtsp_url=${encodeURIComponent(url)}`);
    if (!mine) return lost();
    openedMs = now();
    line.later(lost, FIRST_MS);
    mine.onmessage = ({ data }) => {
      if (typeof data === "string") return hear(data);
      line.later(lost, SILENCE_MS);
      const at = now();
      meter.count(data.byteLength, at);
      rate.came(at);
      pictures.take(data);
    };
    mine.onclose = ({ code: closing, reason: said }) => {
      if (reason === "" && closing === REFUSED) reason = said;
      // Whatever the code: an error that was told is the end.
      if (reason !== "" || closing === REFUSED) end("refused");
      else if (closing === OVER) end("over");
      else lost();
    };
  }

  return {
    /** @param {string} address with user and password */
    show(address) {
      url = address;
      backoff.reset();
      state = "off";
      become("connecting");
      connect();
    },
    stop() {
      url = "";
      end("off");
    },
    /** The network is back, or the page is seen again. */
    wake() {
      if (state === "lost") connect();
    },
    look() {
      return { state, reason, code, picturesPerSecond: rate.perSecond(), bitrateBps: meter.rate(now()) };
    },
  };
}
