import assert from "node:assert/strict";
import { test } from "node:test";
import { createRate } from "../../web/lib/picture-rate.js";
import { createLog } from "../../web/mpegts/log.js";
import { createSource } from "../../web/mpegts/source.js";
import { createStats } from "../../web/mpegts/stats.js";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld } from "./support/virtual-time.mjs";

test("what has come, over several connections", () => {
  const stats = createStats();
  assert.deepEqual(stats.look(5), { bytes: 0, messages: 0, packets: 0, durationMs: 0, averageBps: null });
  stats.took(1880, 1000);
  stats.took(1880, 3000);
  assert.deepEqual(stats.look(3000), { bytes: 3760, messages: 2, packets: 20, durationMs: 2000, averageBps: null });
  stats.paused(3000);
  assert.equal(stats.look(60_000).durationMs, 2000, "the time without a connection does not count");
  stats.took(188, 60_000);
  assert.deepEqual([stats.look(61_000).durationMs, stats.look(61_000).packets], [3000, 21]);
});

test("the data rate is without what comes at once at first, on each connection", () => {
  const stats = createStats();
  stats.took(200_000, 0);
  for (let at = 100; at <= 6000; at += 100) stats.took(10_000, at);
  assert.equal(stats.look(2500).averageBps, null, "too early");
  assert.equal(stats.look(6000).averageBps, 800_000);
  stats.paused(6000);
  assert.equal(stats.look(90_000).averageBps, 800_000);
  stats.took(200_000, 90_000);
  for (let at = 90_100; at <= 94_000; at += 100) stats.took(10_000, at);
  assert.equal(stats.look(94_000).averageBps, 800_000);
});

test("pictures per second, too", () => {
  const rate = createRate();
  for (let at = 0; at < 30; at += 1) rate.came(at);
  assert.equal(rate.perSecond(), null, "kept ones");
  for (let at = 0; at < 60; at += 1) rate.came(at * 100);
  assert.equal(rate.perSecond(), 10);
  rate.over();
  assert.equal(rate.perSecond(), null);
  rate.came(60_000);
  assert.equal(rate.perSecond(), null, "another connection begins with what was kept");
});

test("the log has a time on each line, and an end", () => {
  const log = createLog();
  const said = [];
  for (let at = 0; at < 400; at += 1) said.push(log.add(`line ${at}`, 0));
  const lines = log.text().split("\n");
  assert.deepEqual([lines, log.count()], [said.slice(-300), 300]);
  assert.match(lines[299], /^\d\d:\d\d:\d\d {2}line 399$/);
});

function fixture() {
  const world = createWorld(1);
  const sockets = createSockets();
  const timers = world.timers();
  const states = [];
  const texts = [];
  const written = [];
  const page = { WebSocket: sockets.Socket, performance: { now: world.now }, setTimeout: timers.setTimeout, clearTimeout: timers.clearTimeout };
  const made = createSource({
    page,
    url: "wss://server/ws/mpegts/door",
    stats: createStats(),
    on: { state: (state, about) => states.push(about.reason ? `${state}: ${about.reason}` : state), text: (text) => texts.push(text) },
    random: () => 0.5,
  });
  // As JSMpeg does.
  const source = new made.Source("ignored", {});
  source.connect({ write: (bytes) => written.push(bytes.byteLength) });
  const media = (bytes) => sockets.last().onmessage({ data: new ArrayBuffer(bytes) });
  return { world, sockets, states, texts, written, made, source, media };
}

test("JSMpeg gets the bytes, and texts are not taken for them", () => {
  const { sockets, states, texts, written, source, media } = fixture();
  assert.deepEqual([source.streaming, source.established], [true, false]);
  source.start();
  sockets.last().open();
  sockets.last().say({ type: "hello" });
  assert.equal(source.established, false);
  media(1316);
  media(188);
  assert.deepEqual([written, texts, source.established, states], [[1316, 188], ['{"type":"hello"}'], true, ["connecting", "waiting", "playing"]]);
});

test("a connection that is lost or silent comes back; one that is refused, with its reason, seldom", async () => {
  const { world, sockets, states, source, media } = fixture();
  source.start();
  media(188);
  sockets.last().fail(1006);
  assert.ok(await world.run(() => sockets.made.length === 2, 1000));
  media(188);
  assert.ok(await world.run(() => sockets.made.length === 3, 20_000));
  sockets.last().say({ error: "no stream of this name" });
  sockets.last().fail(4404);
  assert.deepEqual(states.slice(2), ["lost", "connecting", "playing", "lost: silent", "connecting", "refused: no stream of this name"]);
  const before = world.now();
  for (let attempt = 4; attempt < 9; attempt += 1) {
    assert.ok(await world.run(() => sockets.made.length === attempt, 10_000), `attempt ${attempt}`);
    sockets.last().fail(4404, "no stream of this name");
  }
  assert.ok(world.now() - before > 6000, `five attempts within ${world.now() - before} ms`);
});

test("stopped is stopped, and begins again when asked", async () => {
  const { world, sockets, states, made, source, media } = fixture();
  source.start();
  media(188);
  made.stop();
  assert.notEqual(sockets.last().closed, null);
  made.wake();
  assert.ok(!(await world.run(() => sockets.made.length > 1, 600_000)));
  made.start();
  assert.deepEqual([sockets.made.length, states.slice(-2)], [2, ["stopped", "connecting"]]);
  source.destroy();
  assert.equal(states[states.length - 1], "stopped");
});
