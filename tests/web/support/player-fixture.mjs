// A player in a page whose media, connections and sockets are fakes, and whose time is the test's.

import { createAddress } from "../../../web/live/address.js";
import { createPlayer } from "../../../web/live/player.js";
import { createServerClock } from "../../../web/live/server-clock.js";
import { createFakeMedia, fragment, initSegment, settle } from "./fake-media.mjs";
import { createFakeRtc } from "./fake-rtc.mjs";
import { createSockets } from "./fake-socket.mjs";
import { createWorld } from "./virtual-time.mjs";

export const VP8 = 'video/webm; codecs="vp8,opus"';
const START_MS = 1_700_000_000_000;
/** As the list tells of it. */
export const LIVE = { state: "live", mime: VP8, hasSound: true, hasPicture: true, bitrateBps: 1e6 };

export function fixture({ supported = () => true, kinds } = {}) {
  const world = createWorld(1);
  const media = createFakeMedia({ supported });
  const rtc = createFakeRtc();
  const sockets = createSockets();
  const timers = world.timers();
  const heard = new Map();
  const beat = () => world.at(50, beat);
  beat();
  let ticks = 0;
  const page = {
    ...media.page,
    ...rtc.page,
    WebSocket: sockets.Socket,
    document: { visibilityState: "visible" },
    performance: { now: world.now },
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
    setInterval(work, ms) {
      const mine = (ticks += 1);
      const turn = () => {
        if (ticks !== mine) return;
        work();
        world.at(ms, turn);
      };
      world.at(ms, turn);
      return mine;
    },
    clearInterval: () => (ticks += 1),
    addEventListener: (name, act) => heard.set(name, act),
    removeEventListener: (name) => heard.delete(name),
  };
  const seen = [];
  const still = {
    shown: false,
    keep() {
      this.shown = this.shown || media.video.readyState >= 2;
      seen.push("keep");
    },
    show() {},
    lift() {
      this.shown = false;
    },
    clear() {
      this.shown = false;
    },
    isShown() {
      return this.shown;
    },
  };
  const player = createPlayer({
    page, video: media.video, still, stream: () => "door", address: createAddress({ protocol: "https:", host: "x" }),
    clock: createServerClock({ progress: world.now }), fps: 10, onChange() {}, ...(kinds ? { kinds } : {}),
  });
  return {
    world, media, rtc, sockets, player, page, still, seen, heard,
    look: () => player.look(),
    /** Time passes; what plays is given its media. */
    async pass(ms, { frames = 5, audio = 100, bytes = true } = {}) {
      for (let at = 0; at < ms; at += 250) {
        const peer = rtc.last();
        if (bytes && peer && !peer.isClosed && peer.connectionState === "connected") peer.receive({ frames, audio });
        await world.run(() => false, 250);
        await settle(4);
      }
    },
    /** The newest socket speaks. */
    async socket({ generation = 1, from = 0, fragments = 2, mime = VP8 } = {}) {
      const socket = sockets.last();
      socket.onopen();
      socket.say({ type: "init", generation, mime, start_ms: START_MS, now_ms: START_MS });
      socket.onmessage({ data: initSegment() });
      for (let at = from; at < from + fragments; at += 1) socket.onmessage({ data: fragment(at, at + 1) });
      await settle();
    },
  };
}
