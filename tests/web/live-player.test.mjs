import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddress } from "../../web/live/address.js";
import { createPlayer } from "../../web/live/player.js";
import { createServerClock } from "../../web/live/server-clock.js";
import { createFakeMedia, fragment, initSegment, settle } from "./support/fake-media.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld } from "./support/virtual-time.mjs";

const VP8 = 'video/webm; codecs="vp8,opus"';
const SILENT = 'video/webm; codecs="vp8"';
const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0,opus"';
const START_MS = 1_700_000_000_000;

function fixture(options = {}) {
  const world = createWorld(1);
  const media = createFakeMedia(options);
  const sockets = createSockets();
  const timers = world.timers();
  let intervals = 0;
  const page = {
    ...media.page,
    document: { visibilityState: "visible" },
    WebSocket: sockets.Socket,
    performance: { now: world.now },
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
    setInterval(work, ms) {
      const mine = (intervals += 1);
      const turn = () => {
        if (intervals === mine) {
          work();
          world.at(ms, turn);
        }
      };
      world.at(ms, turn);
      return mine;
    },
    clearInterval: () => (intervals += 1),
  };
  const clock = createServerClock({ progress: world.now });
  const states = [];
  const player = createPlayer({
    page,
    video: media.video,
    still: { keep() {}, show() {}, lift() {}, clear() {}, isShown: () => false },
    stream: () => "door",
    address: createAddress({ protocol: "https:", host: "x" }),
    kinds: ["mse"],
    fps: 1,
    clock,
    onChange: () => states.push(player.look().state),
  });
  const binary = (bytes) => sockets.last().onmessage({ data: bytes });
  return {
    world,
    media,
    sockets,
    player,
    states,
    binary,
    /** Says an init segment and its first fragments, a second each. */
    async begin({ generation = 1, startMs = START_MS, mime = VP8, from = 0, fragments = 1 } = {}) {
      sockets.last().onopen();
      sockets.last().say({ type: "init", generation, mime, start_ms: startMs, now_ms: startMs + 1000 * (from + fragments) });
      binary(initSegment());
      for (let at = from; at < from + fragments; at += 1) binary(fragment(at, at + 1));
      await settle();
    },
    /** Time passes, and the element plays what it has. */
    async pass(ms, { each = () => {} } = {}) {
      for (let at = 0; at < ms; at += 250) {
        await world.run(() => false, 250);
        world.at(0, () => {});
        const { video } = media;
        const here = video.buffered.list.find(([start, end]) => video.currentTime >= start && video.currentTime < end);
        if (here && !video.paused) video.currentTime = Math.min(here[1], video.currentTime + 0.25 * video.playbackRate);
        each(at);
        await settle(6);
      }
    },
    state: () => player.look().state,
  };
}

/** `run` ends when nothing is planned any more: a clock that goes on needs a beat. */
function beating(options) {
  const all = fixture(options);
  const beat = () => all.world.at(50, beat);
  beat();
  return all;
}

test("it connects, shows the first picture at once, and knows how old it is", async () => {
  const { player, sockets, media, begin, pass, state } = beating();
  player.start({ mime: VP8 });
  assert.equal(state(), "connecting");
  assert.equal(sockets.last().url, "wss://x/ws/live/door");
  assert.equal(sockets.last().binaryType, "arraybuffer");
  await begin({ fragments: 2 });
  await pass(500);
  assert.equal(state(), "playing");
  assert.ok(media.video.currentTime > 1 && media.video.currentTime < 2);
  const { latencyMs } = player.look();
  assert.ok(latencyMs > 1500 && latencyMs < 2600, String(latencyMs));
});

test("a connection that breaks comes back after growing pauses, and goes on in the same source", async () => {
  const { player, sockets, media, begin, pass, state, world } = beating();
  player.start({ mime: VP8 });
  await begin({ fragments: 3 });
  await pass(500);
  const made = [];
  sockets.last().fail(1006);
  assert.equal(state(), "lost");
  for (let at = 0; at < 4; at += 1) {
    const before = sockets.made.length;
    const from = world.now();
    while (sockets.made.length === before) await pass(250);
    made.push(world.now() - from);
    sockets.last().fail(1006);
  }
  assert.ok(made[3] > made[0] * 2, made.join());
  await pass(6000);
  await begin({ from: 2, fragments: 3 });
  await pass(500);
  assert.equal(state(), "playing");
  assert.equal(media.sources.length, 1);
  assert.deepEqual(media.video.buffered.list, [[1, 6]]);
});

test("a server that stops is waited for; a device that stops, too, and its next recording is found", async () => {
  const { player, sockets, begin, pass, state, world } = beating();
  player.start({ mime: VP8 });
  await begin();
  sockets.last().fail(1012);
  assert.equal(state(), "lost");
  await world.run(() => sockets.made.length === 2, 1000);
  await begin();
  sockets.last().fail(1000);
  assert.equal(state(), "over");
  player.told(null);
  await world.run(() => sockets.made.length === 3, 5000);
  sockets.last().say({ error: "there is no stream door" });
  sockets.last().fail(4404);
  assert.deepEqual([state(), player.look().reason], ["refused", "there is no stream door"]);
  // The list knows first.
  player.told({ mime: VP8 });
  await world.run(() => sockets.made.length === 4, 10);
  await begin({ startMs: START_MS + 60_000 });
  await pass(750);
  assert.equal(state(), "playing");
});

test("a new generation goes on behind the old one, without a new source", async () => {
  const { player, media, begin, pass } = beating();
  player.start({ mime: VP8 });
  await begin({ fragments: 3 });
  await begin({ generation: 2, startMs: START_MS + 3500, fragments: 2 });
  await pass(4000);
  assert.equal(media.sources.length, 1);
  assert.deepEqual(media.video.buffered.list, [[1, 4], [4.5, 6.5]]);
  // The gap between the two is stepped over.
  assert.ok(media.video.currentTime > 4.5, String(media.video.currentTime));
});

test("a generation with other tracks needs a new source", async () => {
  const { player, media, begin, pass, state } = beating();
  player.start({ mime: VP8 });
  await begin({ fragments: 2 });
  await begin({ generation: 2, startMs: START_MS + 2000, mime: SILENT, fragments: 2 });
  await pass(750);
  assert.deepEqual(media.sources.map(({ buffer }) => buffer.mime), [VP8, SILENT]);
  assert.equal(state(), "playing");
});

test("after a skip it goes on behind the gap", async () => {
  const { player, media, begin, pass, binary, sockets } = beating();
  player.start({ mime: VP8 });
  await begin({ fragments: 2 });
  sockets.last().say({ type: "skipped", ms: 1500 });
  binary(fragment(3.5, 4.5));
  binary(fragment(4.5, 5.5));
  await pass(3000);
  assert.ok(media.video.currentTime > 4.5, String(media.video.currentTime));
});

test("media that cannot be decoded: another source, another connection, and nothing late into the old one", async () => {
  const { player, sockets, media, begin, pass, binary, state, world } = beating();
  const { warn } = console;
  console.warn = () => {};
  try {
    player.start({ mime: VP8 });
    await begin();
    const old = sockets.last();
    const late = old.onmessage;
    binary(new TextEncoder().encode("broken").buffer);
    await settle();
    assert.equal(state(), "connecting");
    assert.ok(old.closed);
    late({ data: fragment(1, 2) });
    await world.run(() => sockets.made.length === 2, 2000);
    await begin();
    await pass(500);
    assert.equal(state(), "playing");
    assert.equal(media.sources.length, 2);
    assert.ok(!media.sources[0].buffer.log.includes("append 1 2"));
  } finally {
    console.warn = warn;
  }
});

test("media that is broken again and again is said to be so, and tried again", async () => {
  const { player, sockets, begin, binary, pass, state, world } = beating();
  const { warn } = console;
  console.warn = () => {};
  try {
    player.start({ mime: VP8 });
    for (let at = 1; at <= 3; at += 1) {
      await begin({ fragments: 0 });
      binary(new TextEncoder().encode("broken").buffer);
      await settle();
      assert.equal(state(), at < 3 ? "connecting" : "failing");
      const before = sockets.made.length;
      await world.run(() => sockets.made.length > before, 6000);
    }
    await begin();
    await pass(500);
    assert.equal(state(), "playing");
  } finally {
    console.warn = warn;
  }
});

test("a connection that says nothing any more is replaced, unless it said why", async () => {
  const { player, sockets, begin, pass, binary } = beating();
  player.start({ mime: VP8 });
  await begin();
  sockets.last().say({ type: "state", state: "away", behind_ms: 1000 });
  await pass(15_000);
  assert.equal(sockets.made.length, 1);
  sockets.last().say({ type: "state", state: "live" });
  binary(fragment(16, 17));
  await pass(11_000);
  assert.equal(sockets.made.length, 2);
});

test("of a device that is away nothing is promised", async () => {
  const { player, sockets, pass, state, begin } = beating();
  player.start({ mime: VP8 });
  sockets.last().onopen();
  sockets.last().say({ type: "state", state: "away", behind_ms: 40_000 });
  await pass(500);
  assert.equal(state(), "waiting");
  await begin();
  await pass(500);
  assert.equal(state(), "playing");
});

test("what the browser cannot play is said by name, and nothing is asked for", async () => {
  const { player, sockets, state } = beating({ supported: (mime) => !mime.includes("hvc1") });
  player.start({ mime: HEVC });
  assert.equal(state(), "unsupported");
  assert.deepEqual(player.look().codecs, ["HEVC (H.265)"]);
  assert.equal(sockets.made.length, 0);
  player.told({ mime: VP8 });
  assert.equal(state(), "connecting");
  assert.equal(player.look().codecs.length, 0);
});

test("the other container is asked for where only that one plays, and not again when the server has refused it", async () => {
  const AV1 = 'video/webm; codecs="av01.0.04M.08,opus"';
  const { player, sockets, state, world } = beating({ supported: (mime) => mime.startsWith("video/mp4") });
  player.start({ mime: AV1 });
  await world.run(() => sockets.made.length === 1, 10);
  assert.equal(sockets.last().url, "wss://x/ws/live/door?container=mp4");
  sockets.last().say({ error: "the stream comes as webm, not as mp4" });
  sockets.last().fail(4404);
  await world.run(() => sockets.made.length === 2, 5000);
  assert.equal(sockets.last().url, "wss://x/ws/live/door");
  sockets.last().say({ type: "init", generation: 1, mime: AV1, start_ms: 0, now_ms: 0 });
  sockets.last().onmessage({ data: initSegment() });
  assert.equal(state(), "unsupported");
  assert.deepEqual(player.look().codecs, ["AV1", "Opus"]);
});

test("stopped, it has no connection, no source and no work left", async () => {
  const { player, sockets, media, begin, pass, state } = beating();
  player.start({ mime: VP8 });
  await begin();
  const socket = sockets.last();
  player.stop();
  assert.equal(state(), "off");
  assert.ok(socket.closed);
  assert.deepEqual(media.video.buffered.list, []);
  await pass(20_000);
  assert.equal(sockets.made.length, 1);
});

test("after the page was hidden it jumps to what is live", async () => {
  const { player, media, begin, binary } = beating();
  player.start({ mime: VP8 });
  await begin();
  for (let at = 1; at < 20; at += 1) binary(fragment(at, at + 1));
  await settle(80);
  media.video.paused = true;
  media.video.currentTime = 3;
  player.wake();
  assert.ok(media.video.currentTime > 18, String(media.video.currentTime));
  assert.equal(media.video.paused, false);
});

test("sound that needs a tap does not keep the picture", async () => {
  const { player, media, begin } = beating();
  media.video.muted = false;
  media.video.refusal = ({ muted }) => !muted;
  player.start({ mime: VP8 });
  await begin();
  assert.equal(media.video.muted, true);
  assert.equal(media.video.paused, false);
});

test("a managed source: remote playback is ruled out, and media waits until it is wanted", async () => {
  const { player, media, begin, pass, state } = beating({ managed: true });
  player.start({ mime: VP8 });
  await begin({ fragments: 2 });
  assert.equal(media.video.disableRemotePlayback, true);
  assert.deepEqual(media.last().buffer.log, []);
  media.last().tell("startstreaming");
  await settle();
  await pass(500);
  assert.equal(state(), "playing");
});
