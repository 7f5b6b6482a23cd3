/**
 * The path by WebRTC: a connection that is watched from its beginning, and given up where it does not give what it should.
 *
 * What it brings is put into an empty element at once, and into another one when it has been decoded, so that what was
 * there is seen until then.
 *
 * @module
 */

import { createBackoff } from "../lib/backoff.js";
import { playVideo } from "./playing-video.js";
import { countersOf, createWatch } from "./rtc-watch.js";
import { offer } from "./whep.js";

/** How often the browser is asked for its counters: it takes some milliseconds each time. */
const ASK_MS = 500;
/** Until the first picture somebody waits for each of them. */
const ASK_SOON_MS = 50;
/** An answer is made without asking anybody else. */
const ANSWER_MS = 6000;
/** A connection that has lasted for so long was ended for a reason that is over: another begins at once. */
const STEADY_MS = 5000;
/** A stream that is over may begin again; the list tells when, where it is heard. */
const SELDOM_MS = 15_000;
/** No delay is so long; clocks that disagree say so. */
const LONGEST_DELAY_MS = 30_000;

/** @typedef {import("./path.js").PathState} PathState */
/** @typedef {import("./choice.js").Why} Why */

/** How a state follows from a reason, where no other path takes over. @type {Record<string, PathState>} */
const STATES = { server: "refused", decode: "failing" };

/**
 * @param {import("./path.js").PathOptions & { isHidden: () => boolean }} options `isHidden`: another path has the element
 * @returns {import("./path.js").Path}
 */
export function createWebRtcPath({ page, video, stream, address, clock, listed, isHidden, on }) {
  const now = () => page.performance.now();
  const backoff = createBackoff();
  const seldom = createBackoff({ firstMs: 2000, longestMs: SELDOM_MS });

  /** @type {PathState | "off"} */
  let state = "off";
  let reason = "";
  /** @type {RTCPeerConnection | null} */
  let peer = null;
  /** @type {MediaStream | null} */
  let media = null;
  /** @type {(() => void) | null} */
  let end = null;
  /** @type {any} */
  let timer = null;
  let beganMs = 0;
  let askedMs = 0;
  /** Its counters have been asked for. @type {RTCPeerConnection | null} */
  let asked = null;
  let watch = createWatch(0);
  let isDecoded = false;
  /** @type {string | null} */
  let missingSound = null;
  /** From the capture of the picture that was painted last to its painting. @type {number | null} */
  let pictureDelayMs = null;

  /** @param {PathState} next */
  function become(next) {
    if (next === state) return;
    state = next;
    on.change();
  }

  /** @param {() => void} work @param {number} ms */
  function later(work, ms) {
    page.clearTimeout(timer);
    timer = page.setTimeout(work, ms);
  }

  /** The server learns it at once; it would find out by itself only after its patience. */
  function letGo() {
    page.clearTimeout(timer);
    if (end) end();
    end = null;
    const old = peer;
    peer = asked = null;
    if (!old) return;
    old.ontrack = old.onconnectionstatechange = null;
    old.close();
  }

  const hasPicture = () => {
    const entry = listed();
    return !entry || entry.hasPicture !== false;
  };

  /** Whether media of the stream comes to the server, as far as anybody knows. */
  function isFlowing() {
    const entry = listed();
    return !entry || entry.state === undefined || entry.state === "live";
  }

  /** @param {Why} why */
  function fail(why) {
    letGo();
    if (on.failed(why)) return;
    reason = why.text || "";
    become(STATES[why.code] || "lost");
    later(() => void connect(), backoff.next());
  }

  /** There is no such stream, or no longer. */
  function over() {
    letGo();
    become("over");
    later(() => void connect(), seldom.next());
  }

  /** The server has ended it: the stream is over, or goes on in a way that takes another offer. */
  function ended() {
    const lastedMs = now() - beganMs;
    letGo();
    if (lastedMs < STEADY_MS) return fail({ code: "closed" });
    on.covers();
    become("waiting");
    later(() => void connect(), 0);
  }

  async function connect() {
    letGo();
    beganMs = now();
    watch = createWatch(beganMs);
    isDecoded = false;
    pictureDelayMs = null;
    missingSound = null;
    /** @type {RTCPeerConnection} */
    let mine;
    try {
      mine = new page.RTCPeerConnection();
    } catch {
      return fail({ code: "browser" });
    }
    peer = mine;
    const tracks = new page.MediaStream();
    media = tracks;
    mine.ontrack = ({ track, transceiver }) => {
      tracks.addTrack(track);
      const transport = transceiver.receiver.transport;
      // The server's goodbye. The connection's own state does not know it in every browser.
      if (transport) transport.onstatechange = () => peer === mine && transport.state === "closed" && ended();
    };
    mine.onconnectionstatechange = () => {
      if (peer !== mine) return;
      if (mine.connectionState === "failed") fail({ code: isDecoded ? "silent" : "no_route" });
      else if (mine.connectionState === "closed") ended();
    };
    const abort = new page.AbortController();
    const slow = page.setTimeout(() => abort.abort(), ANSWER_MS);
    try {
      mine.addTransceiver("video", { direction: "recvonly" });
      mine.addTransceiver("audio", { direction: "recvonly" });
      await mine.setLocalDescription(await mine.createOffer());
      if (peer !== mine) return;
      const { sdp } = /** @type {RTCSessionDescription} */ (mine.localDescription);
      const fetch = (/** @type {string} */ url, /** @type {RequestInit} */ how) => page.fetch(url, how);
      const answer = await offer({ fetch, url: address.whep(stream()), sdp, signal: abort.signal, headers: address.headers });
      if (answer.refusal !== null) {
        if (peer !== mine) return;
        const { status, text } = answer.refusal;
        return status === 404 ? over() : fail({ code: "server", text: text || String(status) });
      }
      // Left in the meantime: what the server has begun for it can be ended only now that it has a name.
      if (peer !== mine) return answer.end();
      end = answer.end;
      missingSound = answer.missingSound;
      beganMs = now();
      watch = createWatch(beganMs);
      await mine.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      seldom.reset();
      // The group of pictures that is sent on joining comes now: an element that gets the stream later waits for the device's next chunk.
      if (peer === mine && !isHidden() && video.readyState < 2) attach();
    } catch (error) {
      if (peer !== mine) return;
      console.warn(`localcamera: WebRTC: ${error}`);
      fail({ code: "lost" });
    } finally {
      page.clearTimeout(slow);
    }
  }

  /** Puts it into the element. */
  function attach() {
    if (!media || video.srcObject === media) return;
    on.covers();
    video.srcObject = media;
    // Otherwise it would be loaded when the stream is taken away.
    video.removeAttribute("src");
    video.playbackRate = 1;
    playVideo(video);
    painted(media);
  }

  /** Each picture tells when it was captured, where the browser knows. @param {MediaStream} mine */
  function painted(mine) {
    const element = /** @type {any} */ (video);
    if (typeof element.requestVideoFrameCallback !== "function") return;
    element.requestVideoFrameCallback((/** @type {number} */ _, /** @type {{ captureTime?: number }} */ about) => {
      if (media !== mine || video.srcObject !== mine) return;
      if (typeof about.captureTime === "number") pictureDelayMs = now() - about.captureTime;
      painted(mine);
    });
  }

  async function ask() {
    const mine = peer;
    if (!mine || asked === mine) return;
    asked = mine;
    askedMs = now();
    try {
      const reports = await mine.getStats();
      if (peer !== mine || state === "off") return;
      watch.seen(countersOf(/** @type {any} */ (reports).values()), now(), clock.now());
      if (!isDecoded && watch.isShown(hasPicture())) {
        isDecoded = true;
        on.picture();
        if (!isHidden()) attach();
        tick();
      }
    } catch {
      // It has just been closed.
    } finally {
      if (asked === mine) asked = null;
    }
  }

  function tick() {
    if (state === "off" || !peer) return;
    const nowMs = now();
    if (end && nowMs - askedMs >= (isDecoded ? ASK_MS : ASK_SOON_MS)) void ask();
    if (!end) return;
    const isVisible = page.document.visibilityState !== "hidden";
    const isConnected = peer.connectionState === "connected";
    const why = watch.verdict(nowMs, { isConnected, isFlowing: isFlowing(), hasPicture: hasPicture(), isVisible });
    if (why) return fail(why);
    if (isDecoded && nowMs - beganMs > STEADY_MS) backoff.reset();
    if (state !== "over") become(stateNow(nowMs));
    else if (isDecoded) become("connecting");
  }

  /** @param {number} nowMs @returns {PathState} */
  function stateNow(nowMs) {
    if (!isDecoded || isHidden()) return "connecting";
    if (video.readyState < 2) return state === "waiting" ? "waiting" : "connecting";
    if (video.paused) return "paused";
    return watch.isSilent(nowMs) ? "waiting" : "playing";
  }

  /** @returns {number | null} */
  function latencyMs() {
    const delays = [pictureDelayMs, watch.delayMs()].filter((delay) => delay !== null && delay > -500 && delay < LONGEST_DELAY_MS);
    return delays.length > 0 ? Math.max(0, /** @type {number} */ (delays[0])) : null;
  }

  /** Leaves, and comes back by itself where the page is kept and shown again. */
  function onLeave() {
    if (state === "off" || !peer) return;
    letGo();
    later(() => void connect(), 0);
  }

  return {
    start() {
      if (state !== "off") return;
      state = "connecting";
      backoff.reset();
      page.addEventListener("pagehide", onLeave);
      void connect();
    },
    stop(handsOver = false) {
      if (state === "off") return;
      state = "off";
      page.removeEventListener("pagehide", onLeave);
      letGo();
      if (!handsOver && media !== null && video.srcObject === media) video.srcObject = null;
      media = null;
    },
    show() {
      if (isDecoded) attach();
    },
    told(isOther) {
      if (isOther && (state === "over" || state === "refused")) later(() => void connect(), 0);
    },
    wake() {
      if (state === "off") return;
      if (!peer) later(() => void connect(), 0);
      else if (video.srcObject === media) playVideo(video);
    },
    toLive() {
      if (state !== "off" && video.srcObject === media) playVideo(video);
    },
    tick,
    look() {
      return {
        state: state === "off" ? "connecting" : state,
        codecs: [],
        reason,
        latencyMs: isDecoded ? latencyMs() : null,
        bitrateBps: watch.bitrateBps(now()),
        canJump: isDecoded && video.paused && video.srcObject === media,
        isHeard: watch.isHeard(),
        missingSound: missingSound || (watch.isSoundless(now()) ? "unknown" : null),
      };
    },
  };
}
