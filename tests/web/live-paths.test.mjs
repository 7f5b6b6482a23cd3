// The player among its paths: which it takes, when it leaves one, and what is seen meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddress } from "../../web/live/address.js";
import { createPlayer } from "../../web/live/player.js";
import { createWords } from "../../web/live/words.js";
import { createServerClock } from "../../web/live/server-clock.js";
import { createFakeMedia, fragment, initSegment, settle } from "./support/fake-media.mjs";
import { createFakeRtc } from "./support/fake-rtc.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld } from "./support/virtual-time.mjs";

const VP8 = 'video/webm; codecs="vp8,opus"';
const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0,opus"';
const START_MS = 1_700_000_000_000;
const LIVE = { state: "live", mime: VP8, hasSound: true, hasPicture: true, bitrateBps: 1e6 };

function fixture({ supported = () => true, kinds } = {}) {
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

test("WebRTC comes first, into an empty element before its first picture; leaving ends it at the server", async () => {
  const { player, rtc, sockets, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(250, { bytes: false });
  assert.deepEqual(rtc.requests, ["POST /whep/door"]);
  assert.ok(media.video.srcObject, "the pictures that are sent on joining find it");
  assert.equal(look().state, "connecting");
  await pass(1000);
  assert.deepEqual([look().kind, look().state, sockets.made.length], ["webrtc", "playing", 0]);
  player.stop();
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
  assert.ok(rtc.last().isClosed);
  assert.equal(media.video.srcObject, null);
});

test("a server without it is left at once, and asked again after a pause, while the picture goes on", async () => {
  const { player, rtc, sockets, media, look, pass, socket, seen } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  assert.equal(sockets.last().url, "wss://x/ws/live/door");
  await socket();
  media.video.currentTime = 1.2;
  await pass(500);
  assert.deepEqual([look().kind, look().state], ["mse", "playing"]);
  assert.deepEqual(look().against, [{ kind: "webrtc", why: { code: "server", text: "it said 503" } }]);
  seen.length = 0;
  const [made] = sockets.made;
  for (let at = 0; rtc.made.length < 2 && at < 40; at += 1) {
    made.onmessage({ data: fragment(2 + at, 3 + at) });
    await pass(500);
    media.video.currentTime += 0.5;
  }
  assert.equal(rtc.made.length, 2, "it was tried again");
  await pass(1000);
  assert.equal(look().kind, "webrtc");
  assert.ok(seen.includes("keep"), "the old picture stayed in the meantime");
  assert.ok(made.closed);
});

test("what gives nothing for 4 s is left, and ended at the server", async () => {
  const { player, rtc, sockets, look, pass } = fixture();
  player.start(LIVE);
  await pass(3500, { bytes: false });
  assert.equal(sockets.made.length, 0);
  await pass(1500, { bytes: false });
  assert.equal(look().kind, "mse");
  assert.equal(look().against[0].why.code, "no_route");
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
  // The next stream of this server is not made to wait for the same.
  player.stop();
  player.start(LIVE);
  await pass(250);
  assert.equal(look().kind, "mse");
});

test("media that stops is left, while the old picture stays and nothing is said for a moment", async () => {
  const { player, media, look, pass, still } = fixture();
  player.start(LIVE);
  await pass(6000);
  await pass(8500, { bytes: false });
  assert.equal(look().kind, "mse");
  assert.ok(still.shown);
  assert.equal(look().state, "waiting");
  await pass(3500);
  assert.equal(look().state, "connecting");
  player.stop();
  assert.equal(media.video.srcObject, null, "the next camera does not begin with this one's picture");
});

test("a device that is silent is no reason to leave", async () => {
  const { player, look, pass } = fixture();
  player.start(LIVE);
  await pass(3000);
  player.told({ ...LIVE, state: "away", bitrateBps: 0 });
  await pass(60_000, { bytes: false });
  assert.deepEqual([look().kind, look().state], ["webrtc", "waiting"]);
});

test("the list calls a device live for 5 s after it has stalled, and that is no reason to leave either", async () => {
  const { player, rtc, look, pass } = fixture();
  player.start(LIVE);
  await pass(5000);
  for (let at = 0; at < 5; at += 1) {
    // Its bit rate stays as it was.
    for (let said = 0; said < 6; said += 1) {
      player.told({ ...LIVE });
      await pass(1000, { bytes: false });
    }
    player.told({ ...LIVE, state: "away" });
    await pass(20_000, { bytes: false });
    player.told({ ...LIVE });
    await pass(1000, { bytes: false });
    await pass(3000);
  }
  assert.deepEqual([look().kind, look().state, rtc.made.length], ["webrtc", "playing", 1]);
});

test("a goodbye of the server: another offer at once; a stream that is over is waited for", async () => {
  const { player, rtc, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(6000);
  rtc.answers.push(201, 404, 404);
  const before = media.video.srcObject;
  rtc.last().goodbye();
  await pass(500, { bytes: false });
  assert.equal(media.video.srcObject, before, "the old picture is seen until there is a new one");
  await pass(1000);
  assert.equal(rtc.made.length, 2);
  assert.notEqual(media.video.srcObject, before);
  assert.deepEqual([look().kind, look().state], ["webrtc", "playing"]);
  await pass(6000);
  rtc.last().goodbye();
  await pass(250);
  assert.deepEqual([look().kind, look().state], ["webrtc", "over"]);
  const offers = rtc.made.length;
  player.told(null);
  player.told(LIVE);
  await pass(1500);
  assert.ok(rtc.made.length > offers);
});

test("a connection that ends again and again makes no storm", async () => {
  const { player, rtc, look, pass } = fixture();
  player.start(LIVE);
  await pass(1000);
  rtc.last().goodbye();
  await pass(1000);
  assert.equal(look().kind, "mse");
  await pass(9000);
  assert.equal(rtc.made.length, 1);
});

test("leaving the page tells the server; a page that is shown again connects anew", async () => {
  const { player, rtc, heard, pass, look } = fixture();
  player.start(LIVE);
  await pass(1000);
  heard.get("pagehide")();
  assert.equal(rtc.requests[1], "DELETE /whep/door/1 keepalive");
  await pass(1500);
  assert.equal(rtc.requests[2], "POST /whep/door");
  assert.equal(look().state, "playing");
});

test("a picture that the engine has paused goes on; one that a person has paused does not", async () => {
  const { player, media, look, pass, page } = fixture();
  player.start(LIVE);
  await pass(5000);
  media.video.paused = true;
  await pass(500);
  assert.deepEqual([media.video.paused, look().state], [false, "playing"]);
  page.document.pictureInPictureElement = media.video;
  media.video.paused = true;
  await pass(5000);
  assert.equal(look().state, "paused");
  page.document.pictureInPictureElement = null;
  // By the engine, with nobody there.
  media.video.muted = false;
  await pass(5000);
  assert.equal(look().state, "playing");
  media.video.muted = true;
  player.toggleSound();
  media.video.tell("seeked");
  await pass(250);
  media.video.paused = true;
  media.video.tell("pause");
  await pass(5000);
  assert.equal(look().state, "playing", "who listens has not paused it in the middle of a jump");
  media.video.paused = true;
  media.video.tell("pause");
  await pass(5000);
  assert.equal(look().state, "paused");
});

test("sound that the engine turns on is not heard, and the picture goes on; what a person turns on is heard", async () => {
  const { player, media, pass, page } = fixture();
  const { video } = media;
  const turnOn = () => {
    video.muted = false;
    video.tell("volumechange");
  };
  const heard = () => !video.muted && video.volume === 1;
  // As WebKitGTK does it: it turns on what it pauses then, since nobody has asked for it.
  video.refusal = ({ muted, volume }) => !muted && volume > 0;
  player.start(LIVE);
  await pass(1000);
  turnOn();
  assert.deepEqual([video.muted, video.volume], [true, 0]);
  video.paused = true;
  await pass(3000);
  assert.equal(video.paused, false);
  video.refusal = null;
  player.toggleSound();
  video.tell("volumechange");
  assert.ok(heard(), "by the button");
  player.stop();
  video.muted = true;
  player.start(LIVE);
  turnOn();
  assert.ok(video.muted, "the next stream begins without sound");
  page.document.pictureInPictureElement = video;
  turnOn();
  assert.ok(heard(), "in the small window");
  page.document.pictureInPictureElement = null;
  player.stop();
  video.muted = true;
  player.start(LIVE);
  video.tell("contextmenu");
  turnOn();
  assert.ok(heard(), "in the browser's menu");
});

test("a path whose picture stays paused whatever is done gives way; one that waits for a tap does not", async () => {
  const { player, media, look, pass } = fixture({ kinds: ["webrtc", "jpeg"] });
  player.start(LIVE);
  await pass(5000);
  media.video.refusal = () => true;
  media.video.paused = true;
  await pass(15_000);
  assert.deepEqual([look().kind, look().state], ["webrtc", "paused"]);
  media.video.play = () => Promise.resolve();
  await pass(15_000);
  assert.equal(look().kind, "jpeg");
});

test("who wants sound gets it where the quicker path has none", async () => {
  const { player, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(5000, { audio: 0 });
  assert.equal(look().kind, "webrtc", "without sound anyway");
  media.video.muted = false;
  await pass(4000, { audio: 0 });
  assert.equal(look().kind, "mse");
  assert.equal(look().against[0].why.code, "no_sound");
  assert.equal(media.video.muted, false);
});

/** Plays by WebSocket, with the sound on, until WebRTC is tried beside it. */
async function listening(made) {
  const { rtc, player, media, sockets, pass, socket, look } = made;
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  media.video.muted = false;
  let at = 2;
  const go = async (ms, how) => {
    for (let gone = 0; gone < ms; gone += 500) {
      if (sockets.made[0].onmessage) sockets.made[0].onmessage({ data: fragment(at, (at += 1)) });
      await pass(500, how);
      media.video.currentTime += 0.5;
    }
  };
  while (rtc.made.length < 2) await go(500, { bytes: false });
  assert.deepEqual([look().kind, media.video.srcObject], ["mse", null]);
  return go;
}

test("who listens keeps the sound until the better path has it", async () => {
  const made = fixture();
  const go = await listening(made);
  await go(3000, { audio: 0 });
  assert.deepEqual([made.look().kind, made.media.video.srcObject], ["mse", null], "its picture is no reason yet");
  await go(1000);
  assert.equal(made.look().kind, "webrtc");
  assert.ok(made.media.video.srcObject);
});

test("a better path that says that it has no sound is dropped unseen, and not tried again", async () => {
  const made = fixture();
  made.rtc.headers.set("localcamera-sound", "missing; reason=no_ffmpeg");
  const go = await listening(made);
  made.seen.length = 0;
  await go(60_000, { audio: 0 });
  assert.deepEqual([made.look().kind, made.sockets.made.length, made.rtc.made.length, made.seen], ["mse", 1, 2, []]);
  assert.equal(made.look().against[0].why.code, "no_sound");
  assert.ok(made.rtc.last().isClosed);
});

test("sound that only does not come, or that is too much for the server now, is looked for again", async () => {
  for (const said of ["missing; reason=too_many", "converted"]) {
    const made = fixture();
    made.rtc.headers.set("localcamera-sound", said);
    const go = await listening(made);
    await go(90_000, { audio: 0 });
    assert.deepEqual([made.look().kind, made.sockets.made.length], ["mse", 1], said);
    assert.ok(made.rtc.made.length > 2, said);
  }
});

test("a better path that shows nothing is dropped after a while", async () => {
  const made = fixture();
  const go = await listening(made);
  made.rtc.last().isMute = true;
  made.player.told({ ...LIVE, state: "away" });
  await go(19_000, { bytes: false });
  assert.ok(!made.rtc.last().isClosed);
  await go(2000, { bytes: false });
  assert.ok(made.rtc.made[1].isClosed);
  assert.equal(made.look().kind, "mse");
});

test("while the device is silent nothing is tried beside the path that waits for it", async () => {
  const { player, rtc, pass, socket, media } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  media.video.currentTime = 1.2;
  player.told({ ...LIVE, state: "away" });
  await pass(25_000, { bytes: false });
  assert.equal(rtc.made.length, 1);
});

test("an offer that is left before its answer is ended when the answer comes", async () => {
  const { player, rtc, pass } = fixture();
  rtc.hold();
  player.start(LIVE);
  await pass(250, { bytes: false });
  player.stop();
  rtc.release();
  await pass(250, { bytes: false });
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
});

test("an offer that nobody answers is given up", async () => {
  const { warn } = console;
  console.warn = () => {};
  try {
    const { player, rtc, look, pass } = fixture();
    rtc.hold();
    player.start(LIVE);
    await pass(7000, { bytes: false });
    assert.equal(look().kind, "mse");
  } finally {
    console.warn = warn;
  }
});

test("counters that one connection never tells are asked of the next one", async () => {
  const { player, rtc, look, pass } = fixture({ kinds: ["webrtc"] });
  player.start(LIVE);
  await pass(250, { bytes: false });
  rtc.last().isMute = true;
  for (let at = 0; rtc.made.length < 2 && at < 40; at += 1) await pass(250);
  await pass(2000);
  assert.deepEqual([rtc.made.length, look().state], [2, "playing"]);
});

test("a page that nobody sees tries nothing beside what it has", async () => {
  const { player, rtc, pass, page, socket } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  page.document.visibilityState = "hidden";
  await pass(60_000);
  assert.equal(rtc.made.length, 1);
});

test("single pictures where nothing else plays, and what is missing by name where there are none either", async () => {
  const { player, sockets, look, pass } = fixture({ supported: (mime) => !mime.includes("hvc1") });
  player.start({ ...LIVE, mime: HEVC });
  await pass(250);
  assert.equal(sockets.last().url, "wss://x/ws/jpeg/door?fps=10");
  assert.deepEqual(look().against.map(({ kind, why }) => [kind, why.code]), [["webrtc", "codec"], ["mse", "codec"]]);
  sockets.last().say({ error: "pictures need ffmpeg, which is not installed on the server" });
  sockets.last().fail(4404);
  assert.deepEqual([look().state, look().codecs], ["unsupported", ["HEVC (H.265)"]]);
});

test("a server that closes without a sentence is not quoted", async () => {
  const { player, sockets, look, pass } = fixture({ kinds: ["jpeg"] });
  const words = createWords({ t: (key, { why = "", text = "" } = {}) => [key, why, text].filter(Boolean).join(" ") });
  player.start(LIVE);
  await pass(250);
  sockets.last().fail(4404);
  await pass(250);
  const refused = (text) => words.why({ ...look(), against: [{ kind: "jpeg", why: { code: "server", text } }] });
  assert.equal(refused(""), "live.why.jpeg live.why.server_refuses");
  assert.equal(refused("no ffmpeg"), "live.why.jpeg live.why.server no ffmpeg");
  assert.deepEqual([look().state, look().reason], ["refused", ""]);
  await pass(5000);
  sockets.last().fail(4404, "it is full");
  assert.equal(look().reason, "it is full");
});

test("media that cannot be decoded again and again gives way to single pictures", async () => {
  const { warn } = console;
  console.warn = () => {};
  try {
    const { player, sockets, look, pass, world } = fixture({ kinds: ["mse", "jpeg"] });
    player.start(LIVE);
    for (let at = 0; at < 3; at += 1) {
      const socket = sockets.last();
      socket.onopen();
      socket.say({ type: "init", generation: 1, mime: VP8, start_ms: 0, now_ms: 0 });
      socket.onmessage({ data: initSegment() });
      socket.onmessage({ data: new TextEncoder().encode("broken").buffer });
      await settle();
      const before = sockets.made.length;
      await world.run(() => sockets.made.length > before || look().kind === "jpeg", 6000);
    }
    await pass(250);
    assert.equal(look().kind, "jpeg");
    assert.match(sockets.last().url, /\/ws\/jpeg\//);
  } finally {
    console.warn = warn;
  }
});
