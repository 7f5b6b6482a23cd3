/**
 * The path over a WebSocket into a media source: connects, plays at the live edge, and comes back from whatever ends it.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { createLine } from "../lib/line.js";
import { createChase } from "./chase.js";
import { inContainer, parseMime } from "./codecs.js";
import { createConversation } from "./conversation.js";
import { createMedia } from "./media.js";
import { createMeter } from "./meter.js";
import { containerFor, inability, otherThan } from "./paths.js";
import { playVideo } from "./playing-video.js";

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

/** @typedef {import("./path.js").PathState} PathState */

/**
 * @param {import("./path.js").PathOptions & { able: import("./paths.js").Abilities }} options
 * @returns {import("./path.js").Path}
 */
export function createMsePath({ page, video, stream, address, clock, listed, able, on }) {
  const now = () => page.performance.now();
  const backoff = createBackoff();
  const seldom = createBackoff({ firstMs: 1000, longestMs: SELDOM_MS });
  const meter = createMeter();
  const line = createLine(page);
  let chase = createChase();
  const media = createMedia({
    page,
    video,
    now,
    onOpen: on.covers,
    onAppended: (endS) => {
      chase.arrived(endS);
      tick();
    },
    onFault: (why) => trouble(`media: ${why}`),
    onStarved: () => again(0),
  });

  /** @type {PathState | "off"} */
  let state = "off";
  /** @type {string[]} */
  let codecs = [];
  let reason = "";
  /** @type {import("./codecs.js").Container | null} */
  let container = null;
  let generation = -1;
  let openedMs = 0;
  let heardMs = 0;
  let isAwaited = false;
  /** The server says that nothing is coming at the moment. */
  let isHeldUp = false;
  /** The server has refused the other container. */
  let isAsItIs = false;
  /** Sources that failed one soon after the other. */
  let troubles = 0;
  let hasShown = false;
  let canJump = false;

  /** @param {PathState} next */
  function become(next) {
    if (next === state) return;
    state = next;
    on.change();
  }

  /** @param {number} waitMs */
  function again(waitMs) {
    line.letGo();
    meter.reset();
    isHeldUp = false;
    line.later(connect, waitMs);
  }

  /** The buffer cannot go on: a new source, and a connection that begins with a key frame. @param {string} why */
  function trouble(why) {
    console.warn(`localcamera: ${why}`);
    if (state === "off") return;
    on.covers();
    media.close(true);
    chase = createChase();
    if (now() - openedMs > STEADY_MS) {
      troubles = 0;
      backoff.reset();
    }
    troubles += 1;
    if (troubles >= MANY_TROUBLES && on.failed({ code: "decode" })) return;
    become(troubles < MANY_TROUBLES ? "connecting" : "failing");
    again(backoff.next());
  }

  /** @param {string | null} mime the stream's own @returns {"same" | "other" | "none"} the container that can be played, compared with the one in use */
  function choose(mime) {
    const found = containerFor(mime, { ...able, isAsItIs });
    if (found === null) {
      const why = inability("mse", mime, { ...able, isAsItIs }) || { code: /** @type {const} */ ("browser") };
      line.letGo();
      if (on.failed(why)) return "none";
      media.close();
      codecs = why.codecs || [];
      become("unsupported");
      return "none";
    }
    const isSame = found.container === container;
    container = found.container;
    return isSame ? "same" : "other";
  }

  /**
   * Each generation is asked for anew: what comes in a container that had to be asked for may be playable in its own.
   * @param {import("./conversation.js").Init} init
   */
  function chooseAt({ mime, generation: next }) {
    const isNew = next !== generation && generation !== -1;
    generation = next;
    if (isNew) isAsItIs = false;
    if (container === null || !able.isTypeSupported || !able.isTypeSupported(mime)) return choose(mime);
    const parsed = isNew ? parseMime(mime) : null;
    const own = parsed && parsed.container === container ? inContainer(parsed, otherThan(container)) : null;
    if (own === null || !able.isTypeSupported(own)) return "same";
    container = null;
    return "other";
  }

  function connect() {
    if (state === "off") return;
    const conversation = createConversation();
    const mine = line.connect(address.live(stream(), container));
    if (!mine) return line.later(connect, backoff.next());
    openedMs = heardMs = now();
    line.later(() => lost(), OPEN_MS);
    mine.onopen = line.settle;
    mine.onmessage = ({ data }) => {
      heardMs = now();
      if (typeof data !== "string" && now() - openedMs > JOINING_MS) meter.count(data.byteLength, now());
      follow(typeof data === "string" ? conversation.text(data) : conversation.binary(data));
    };
    mine.onclose = ({ code }) => follow(conversation.closed(code));
  }

  function lost() {
    if (now() - openedMs > STEADY_MS && heardMs - openedMs > STEADY_MS) backoff.reset();
    become("lost");
    again(backoff.next());
  }

  /** @param {import("./conversation.js").Init} init @param {ArrayBuffer} bytes */
  function begin(init, bytes) {
    const isNew = init.generation !== generation;
    const choice = chooseAt(init);
    if (choice === "other") again(0);
    if (choice !== "same") return;
    isAwaited = true;
    if (state === "lost" || state === "over" || state === "refused") become("connecting");
    media.begin(init, bytes);
    playVideo(video);
    if (isNew) on.generation();
  }

  /** @param {import("./conversation.js").Step | null} step */
  function follow(step) {
    if (!step) return;
    switch (step.do) {
      case "clock":
        clock.heard(step.nowMs);
        break;
      case "init":
        begin(step.init, step.bytes);
        break;
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
        line.letGo();
        isAwaited = false;
        reason = step.do === "refused" ? step.reason : "";
        if (step.do === "refused" && container !== null) isAsItIs = true;
        container = null;
        become(step.do);
        line.later(connect, seldom.next());
        break;
      case "again":
      case "nonsense":
        lost();
        break;
    }
  }

  function tick() {
    if (state === "off" || state === "unsupported") return;
    const nowMs = now();
    if (line.isUp() && isAwaited && nowMs - heardMs > SILENCE_MS) lost();
    // What is still in the element is not this path's.
    const ranges = media.isOpen() ? media.ranges() : [];
    const decision = chase.look({ ranges, timeS: video.currentTime, nowMs, isPlaying: !video.paused, isSeeking: video.seeking });
    if (decision.isStuck) return trouble("the picture stands still");
    if (decision.seekToS !== null) video.currentTime = decision.seekToS;
    if (video.playbackRate !== decision.rate) video.playbackRate = decision.rate;
    canJump = ranges.length > 0 && (video.paused || decision.behindS > OFFER_JUMP_S);
    if (state !== "lost" && state !== "over" && state !== "refused") become(stateNow(decision.behindS));
    if (!hasShown && media.isOpen() && video.readyState >= 2) {
      hasShown = true;
      on.picture();
    }
  }

  /** @param {number} behindS @returns {PathState} */
  function stateNow(behindS) {
    if (!media.isOpen() || video.readyState < 2) {
      if (troubles >= MANY_TROUBLES) return "failing";
      // Of a device that is away there is nothing to come; a jump lasts a moment.
      return isHeldUp || (video.seeking && state !== "connecting") ? "waiting" : "connecting";
    }
    if (video.paused) return "paused";
    return video.readyState < 3 && behindS < 0.2 ? "waiting" : "playing";
  }

  /** @param {string | null} mime */
  function open(mime) {
    state = "connecting";
    container = null;
    generation = -1;
    isAsItIs = isHeldUp = isAwaited = hasShown = false;
    troubles = 0;
    backoff.reset();
    codecs = [];
    if (choose(mime) !== "none") connect();
  }

  const mimeListed = () => {
    const entry = listed();
    return (entry && entry.mime) || null;
  };

  function toLive() {
    const place = chase.toLive(media.ranges());
    if (place !== null && place > video.currentTime + WORTH_A_JUMP_S) video.currentTime = place;
    if (state !== "off") playVideo(video);
  }

  return {
    start() {
      if (state === "off") open(mimeListed());
    },
    stop(handsOver = false) {
      if (state === "off") return;
      state = "off";
      line.letGo();
      media.close(handsOver);
      meter.reset();
      chase = createChase();
    },
    show() {},
    told(isOther) {
      if (!isOther) return;
      if (state === "unsupported") {
        open(mimeListed());
        on.change();
      } else if (state === "over" || state === "refused") {
        again(0);
      }
    },
    wake() {
      if (state === "off" || state === "unsupported") return;
      if (!line.isUp()) again(0);
      toLive();
    },
    toLive,
    tick,
    look() {
      const shownMs = media.wallMs();
      const clockMs = clock.now();
      return {
        state: state === "off" ? "connecting" : state,
        codecs,
        reason,
        latencyMs: shownMs === null || clockMs === null ? null : Math.max(0, clockMs - shownMs),
        bitrateBps: meter.rate(now()),
        canJump,
        isHeard: true,
        missingSound: null,
      };
    },
  };
}
