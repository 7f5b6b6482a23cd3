/**
 * The path of single pictures, for what plays nothing else: decoded on the server, drawn above the video. Without sound.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { createLine } from "../lib/line.js";
import { createNewestPicture } from "../lib/newest-picture.js";
import { createMeter } from "./meter.js";

const OPEN_MS = 10000;
/** Pictures come several times a second, and a decoder takes a moment to begin. */
const SILENCE_MS = 8000;
const STEADY_MS = 5000;
const SELDOM_MS = 4000;
const OVER = 1000;
const REFUSED = 4404;

/** @typedef {import("./path.js").PathState} PathState */

/**
 * @param {import("./path.js").PathOptions & { fps: number, still: { show(image: HTMLImageElement): void } }} options
 * @returns {import("./path.js").Path}
 */
export function createJpegPath({ page, stream, address, listed, fps, still, on }) {
  const now = () => page.performance.now();
  const backoff = createBackoff();
  const seldom = createBackoff({ firstMs: 1000, longestMs: SELDOM_MS });
  const meter = createMeter();
  const line = createLine(page);
  const pictures = createNewestPicture({ page, onImage: shown });

  /** @type {PathState | "off"} */
  let state = "off";
  let reason = "";
  let openedMs = 0;
  let heardMs = 0;
  let hasShown = false;

  /** @param {PathState} to */
  function become(to) {
    if (to === state) return;
    state = to;
    on.change();
  }

  function letGo() {
    line.letGo();
    pictures.clear();
  }

  const isLive = () => {
    const entry = listed();
    return !entry || entry.state === undefined || entry.state === "live";
  };

  /** @param {HTMLImageElement} image */
  function shown(image) {
    if (!hasShown) {
      hasShown = true;
      on.picture();
    }
    still.show(image);
    seldom.reset();
    if (now() - openedMs > STEADY_MS) backoff.reset();
    become("playing");
  }

  function lost() {
    letGo();
    meter.reset();
    become("lost");
    line.later(connect, backoff.next());
  }

  /** @param {string} text */
  function refused(text) {
    letGo();
    // While the device is away there are no pictures, which is said elsewhere.
    if (!isLive()) become("waiting");
    else if (on.failed({ code: "server", text })) return;
    else {
      reason = text;
      become("refused");
    }
    line.later(connect, seldom.next());
  }

  function connect() {
    if (state === "off") return;
    letGo();
    const mine = line.connect(address.jpeg(stream(), fps));
    if (!mine) return line.later(connect, backoff.next());
    openedMs = heardMs = now();
    let said = "";
    line.later(lost, OPEN_MS);
    mine.onopen = line.settle;
    mine.onmessage = ({ data }) => {
      heardMs = now();
      if (typeof data === "string") said = errorOf(data);
      else {
        meter.count(data.byteLength, heardMs);
        pictures.take(data);
      }
    };
    mine.onclose = ({ code, reason: closing }) => {
      if (code === REFUSED) return refused(said || closing || "");
      if (code !== OVER) return lost();
      letGo();
      become("over");
      line.later(connect, seldom.next());
    };
  }

  return {
    start() {
      if (state !== "off") return;
      state = "connecting";
      hasShown = false;
      backoff.reset();
      connect();
    },
    stop() {
      if (state === "off") return;
      state = "off";
      letGo();
      meter.reset();
    },
    show() {},
    tick() {
      if (!line.isUp() || state === "off" || now() - heardMs <= SILENCE_MS) return;
      if (isLive()) lost();
      else become("waiting");
    },
    told(isOther) {
      if (isOther && (state === "over" || state === "refused")) line.later(connect, 0);
    },
    wake() {
      if (state !== "off" && !line.isUp()) line.later(connect, 0);
    },
    toLive() {},
    look() {
      const shown = state === "off" ? "connecting" : state;
      // A picture says nothing of when it was captured.
      return { state: shown, codecs: [], reason, latencyMs: null, bitrateBps: meter.rate(now()), canJump: false, isHeard: false, missingSound: "pictures" };
    },
  };
}

/** @param {string} text */
function errorOf(text) {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}
