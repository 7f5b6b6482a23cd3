/**
 * One stream in one video element: connects, plays at the live edge, and comes back from whatever ends it.
 *
 *   const player = createPlayer({ page: window, video, address, clock, onChange });
 *   player.start(entry); player.stop();
 *   player.told(entry)      what the list says now; `null` where it does not name the stream
 *   player.toLive()         jump; also after the page was hidden
 *   player.look()           what there is to say of it
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { createChase } from "./chase.js";
import { createConversation } from "./conversation.js";
import { createMedia, mediaSources } from "./media.js";
import { createMeter } from "./meter.js";
import { pickPath } from "./paths.js";

const TICK_MS = 250;
const OPEN_MS = 10000;
/** Fragments are two seconds long at most: a live stream that says nothing for so long has lost its connection. */
const SILENCE_MS = 6000;
/** So long without trouble, and the next trouble is a new one. */
const STEADY_MS = 5000;
/** Once may be a damaged fragment; as often as this it is said. */
const MANY_TROUBLES = 3;
/** A stream that is over may begin again, and only the list knows when. */
const SELDOM_MS = 4000;
/** The group of pictures that comes on joining says nothing about the stream's bit rate. */
const JOINING_MS = 1000;
/** A jump is seen and heard. */
const WORTH_A_JUMP_S = 0.5;
/** More than what is jumped by itself: only somebody who is held up is so far behind. */
const OFFER_JUMP_S = 6;

/** @typedef {"off" | "connecting" | "playing" | "waiting" | "paused" | "failing" | "lost" | "over" | "refused" | "unsupported"} PlayerState */
/**
 * @typedef {object} Look
 * @property {PlayerState} state
 * @property {string[]} codecs that this browser lacks
 * @property {string} reason the server's, where it refused
 * @property {number | null} latencyMs
 * @property {number | null} bitrateBps
 * @property {boolean} canJump the picture is not where it could be
 */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {HTMLVideoElement} options.video
 * @param {(container: import("./codecs.js").Container | null) => string} options.address of the stream's socket
 * @param {{ heard(nowMs: number): void, now(): number | null }} options.clock the server's
 * @param {() => void} options.onChange
 */
export function createPlayer({ page, video, address, clock, onChange }) {
  const now = () => page.performance.now();
  const sources = mediaSources(page);
  const able = { isTypeSupported: sources ? (/** @type {string} */ mime) => sources.Source.isTypeSupported(mime) : null };
  const backoff = createBackoff();
  const seldom = createBackoff({ firstMs: 1000, longestMs: SELDOM_MS });
  const meter = createMeter();
  let chase = createChase();
  const media = createMedia({
    page,
    video,
    now,
    onAppended: (endS) => {
      chase.arrived(endS);
      tick();
    },
    onFault: (why) => trouble(`media: ${why}`),
    onStarved: () => again(0),
  });

  /** @type {PlayerState} */
  let state = "off";
  /** @type {string[]} */
  let codecs = [];
  let reason = "";
  /** What the list last said. @type {{ mime: string | null } | null} */
  let listed = null;
  /** @type {import("./codecs.js").Container | null} */
  let container = null;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {any} */
  let timer = null;
  /** @type {any} */
  let ticking = null;
  let openedMs = 0;
  let heardMs = 0;
  let isAwaited = false;
  /** The server says that nothing is coming at the moment. */
  let isHeldUp = false;
  /** The server has refused the other container. */
  let isAsItIs = false;
  /** Sources that failed one soon after the other. */
  let troubles = 0;
  let canJump = false;

  /** @param {PlayerState} next */
  function become(next) {
    if (next === state) return;
    state = next;
    onChange();
  }

  /** @param {() => void} work @param {number} ms */
  function later(work, ms) {
    page.clearTimeout(timer);
    timer = page.setTimeout(work, ms);
  }

  function letGo() {
    page.clearTimeout(timer);
    const old = socket;
    socket = null;
    if (!old) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  /** @param {number} waitMs */
  function again(waitMs) {
    letGo();
    meter.reset();
    isHeldUp = false;
    later(connect, waitMs);
  }

  /** The buffer cannot go on: a new source, and a connection that begins with a key frame. @param {string} why */
  function trouble(why) {
    console.warn(`localcamera: ${why}`);
    if (state === "off") return;
    media.close();
    chase = createChase();
    if (now() - openedMs > STEADY_MS) {
      troubles = 0;
      backoff.reset();
    }
    troubles += 1;
    become(troubles < MANY_TROUBLES ? "connecting" : "failing");
    again(backoff.next());
  }

  /** @param {string | null} mime @returns {"same" | "other" | "none"} the path that carries it, compared with the one in use */
  function choose(mime) {
    const path = pickPath(mime, { ...able, isAsItIs });
    if (path.kind === "none") {
      letGo();
      media.close();
      codecs = path.codecs;
      become("unsupported");
      return "none";
    }
    const isSame = path.container === container;
    container = path.container;
    return isSame ? "same" : "other";
  }

  function connect() {
    if (state === "off") return;
    letGo();
    const conversation = createConversation();
    let mine;
    try {
      mine = new page.WebSocket(address(container));
    } catch {
      later(connect, backoff.next());
      return;
    }
    socket = mine;
    openedMs = heardMs = now();
    mine.binaryType = "arraybuffer";
    later(() => lost(), OPEN_MS);
    mine.onopen = () => page.clearTimeout(timer);
    mine.onmessage = ({ data }) => {
      heardMs = now();
      if (typeof data !== "string") meterBytes(data.byteLength);
      follow(typeof data === "string" ? conversation.text(data) : conversation.binary(data));
    };
    mine.onclose = ({ code }) => follow(conversation.closed(code));
  }

  /** @param {number} bytes */
  function meterBytes(bytes) {
    if (now() - openedMs > JOINING_MS) meter.count(bytes, now());
  }

  function lost() {
    if (now() - openedMs > STEADY_MS && heardMs - openedMs > STEADY_MS) backoff.reset();
    become("lost");
    again(backoff.next());
  }

  /** @param {import("./conversation.js").Step | null} step */
  function follow(step) {
    if (!step) return;
    switch (step.do) {
      case "clock":
        clock.heard(step.nowMs);
        break;
      case "init": {
        const { mime } = step.init;
        // What the server repackaged as asked needs no further choice.
        if (container === null || !able.isTypeSupported || !able.isTypeSupported(mime)) {
          const choice = choose(mime);
          if (choice === "other") again(0);
          if (choice !== "same") return;
        }
        isAwaited = true;
        if (state === "lost" || state === "over" || state === "refused") become("connecting");
        media.begin(step.init, step.bytes);
        play();
        break;
      }
      case "append":
        isAwaited = true;
        isHeldUp = false;
        seldom.reset();
        media.append(step.bytes, step.isKey);
        break;
      case "state":
        if (state === "lost") become("connecting");
        // Silence is what it promises now.
        isAwaited = step.state === "live";
        isHeldUp = !isAwaited;
        break;
      case "skipped":
        break;
      case "over":
      case "refused":
        letGo();
        isAwaited = false;
        reason = step.do === "refused" ? step.reason : "";
        if (step.do === "refused" && container !== null) isAsItIs = true;
        container = null;
        become(step.do);
        later(connect, seldom.next());
        break;
      case "again":
      case "nonsense":
        lost();
        break;
    }
  }

  function play() {
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || video.muted) return;
      // Sound needs a tap, the picture does not.
      video.muted = true;
      video.play().catch(() => {});
    });
  }

  function tick() {
    if (state === "off" || state === "unsupported") return;
    const nowMs = now();
    if (socket && isAwaited && nowMs - heardMs > SILENCE_MS) lost();
    const ranges = media.ranges();
    const decision = chase.look({ ranges, timeS: video.currentTime, nowMs, isPlaying: !video.paused, isSeeking: video.seeking });
    if (decision.isStuck) return trouble("the picture stands still");
    if (decision.seekToS !== null) video.currentTime = decision.seekToS;
    if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
    canJump = ranges.length > 0 && (video.paused || decision.behindS > OFFER_JUMP_S);
    if (state !== "lost" && state !== "over" && state !== "refused") become(stateNow(decision.behindS));
  }

  /** @param {number} behindS @returns {PlayerState} */
  function stateNow(behindS) {
    if (video.readyState < 2) {
      if (troubles >= MANY_TROUBLES) return "failing";
      // Of a device that is away there is nothing to come; a jump lasts a moment.
      return isHeldUp || (video.seeking && state !== "connecting") ? "waiting" : "connecting";
    }
    if (video.paused) return "paused";
    return video.readyState < 3 && behindS < 0.2 ? "waiting" : "playing";
  }

  /** @param {string | null} mime */
  function begin(mime) {
    state = "connecting";
    container = null;
    isAsItIs = false;
    troubles = 0;
    backoff.reset();
    codecs = [];
    if (choose(mime) !== "none") connect();
  }

  function toLive() {
    const place = chase.toLive(media.ranges());
    if (place !== null && place > video.currentTime + WORTH_A_JUMP_S) video.currentTime = place;
    if (state !== "off") play();
  }

  return {
    /** @param {{ mime: string | null } | null} entry as the list says */
    start(entry) {
      if (state !== "off") return;
      listed = entry;
      ticking = page.setInterval(tick, TICK_MS);
      // Asked within the tap that opened the view, it is allowed for what comes later, too.
      play();
      begin(entry ? entry.mime : null);
      onChange();
    },
    stop() {
      if (state === "off") return;
      page.clearInterval(ticking);
      letGo();
      media.close();
      meter.reset();
      chase = createChase();
      container = null;
      become("off");
    },
    /** @param {{ mime: string | null } | null} entry */
    told(entry) {
      const isNew = entry !== null && (listed === null || listed.mime !== entry.mime);
      listed = entry;
      if (!entry || !isNew) return;
      if (state === "unsupported") {
        begin(entry.mime);
        onChange();
      } else if (state === "over" || state === "refused") {
        again(0);
      }
    },
    /** The network is back, or the page is seen again. */
    wake() {
      if (state === "off" || state === "unsupported") return;
      if (!socket) again(0);
      toLive();
    },
    toLive,
    tick,
    /** @returns {Look} */
    look() {
      const shownMs = media.wallMs();
      const clockMs = clock.now();
      return {
        state,
        codecs,
        reason,
        latencyMs: shownMs === null || clockMs === null ? null : Math.max(0, clockMs - shownMs),
        bitrateBps: meter.rate(now()),
        canJump,
      };
    },
  };
}
