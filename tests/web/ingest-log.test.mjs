// What createIngest leaves in the spool's log, and what it makes of what an earlier visit left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createIngest } from "../../web/lib/ingest.js";
import { readLog } from "../../web/lib/ingest-restore.js";
import { createOrigins } from "../../web/lib/origins.js";
import { createSteadyClock } from "../../web/lib/steady-clock.js";
import { createDisk } from "./support/fake-spool.mjs";
import { createSockets, welcome } from "./support/fake-socket.mjs";
import { pageTime } from "./support/page-time.mjs";

const START = 1.7e12;

function setUp(t, { disk = createDisk(), now } = {}) {
  const world = pageTime(t);
  const sockets = createSockets();
  const wall = { set: 0 };
  const spool = disk.open();
  const told = [];
  const origins = createOrigins({ own: "https://own:1" });
  const clock = createSteadyClock({ wall: () => START + world.now() + wall.set, progress: now || world.now });
  const ingest = createIngest({
    identity: { device: "device-0001", name: "x", session: "session-0001", startedMs: START, client: "test" },
    spool,
    clock,
    origins,
    Socket: sockets.Socket,
    onRestart: (generation, message) => told.push(["restart", generation, message]),
    onOver: (why) => told.push([why]),
  });
  t.after(() => ingest.close());
  /** A connection whose server stands there. */
  const connect = async (positions, more) => {
    ingest.connect();
    sockets.last().open();
    await world.settle();
    sockets.last().say(welcome(positions, more));
    await world.settle();
    return sockets.last();
  };
  return { world, sockets, spool, disk, ingest, clock, wall, told, origins, connect };
}

const about = { mime: "video/webm", startedMs: START, reason: "start" };

test("the log gets what a later visit needs, in order", async (t) => {
  const { ingest, disk } = setUp(t);
  const g = ingest.begin(about);
  void ingest.append(g, new Uint8Array(10), { handedMs: START + 1000 });
  ingest.event("muted", { detail: "camera" });
  ingest.gap({ startMs: START + 5.4, endMs: START + 900, reason: "hidden" });
  void ingest.append(g, new Uint8Array(5), { handedMs: START + 2000 });
  ingest.end(g);
  ingest.stop();
  await ingest.settled();
  assert.deepEqual(disk.log, [
    { type: "generation", generation: 0, ...about, offsetMs: null },
    { type: "clock", message: { type: "clock", generation: 0, end: 10, at_ms: START + 1000 } },
    { type: "event", message: { type: "event", event: "muted", at_ms: START, generation: 0, detail: "camera" } },
    { type: "event", message: { type: "event", event: "gap", start_ms: START + 5, end_ms: START + 900, reason: "hidden" } },
    { type: "end", generation: 0, bytes: 15 },
    { type: "stop", generations: [{ generation: 0, bytes: 15 }] },
  ]);
});

test("nothing is said before the log has it", async (t) => {
  const holds = [];
  const disk = createDisk({ delay: () => new Promise((resolve) => holds.push(resolve)) });
  const { ingest, connect, world } = setUp(t, { disk });
  const socket = await connect();
  void ingest.append(ingest.begin(about), new Uint8Array(10), { handedMs: START });
  ingest.event("muted");
  const seen = [];
  for (let step = 0; step < 8; step += 1) {
    await world.settle();
    seen.push(`${disk.log.map(({ type }) => type)} ${disk.held()}: ${socket.types.slice(1)}`);
    const next = holds.shift();
    if (next) next();
  }
  assert.deepEqual(Array.from(new Set(seen)), [
    " 0: ",
    "generation 0: generation",
    "generation 10: generation",
    "generation 10: generation,chunk",
    "generation,clock 10: generation,chunk,clock",
    "generation,clock,event 10: generation,chunk,clock,event",
  ]);
});

test("a clock at most every ten seconds and generation", async (t) => {
  const { ingest, disk } = setUp(t);
  for (const generation of [ingest.begin(about), ingest.begin(about)]) {
    for (let second = 0; second <= 21; second += 1) {
      await ingest.append(generation, new Uint8Array(1), { handedMs: START + second * 1000 });
    }
    await ingest.append(generation, new Uint8Array(1));
  }
  await ingest.settled();
  const clocks = disk.log.filter(({ type }) => type === "clock").map(({ message }) => [message.generation, message.end, message.at_ms - START]);
  assert.deepEqual(clocks, [[0, 1, 0], [0, 11, 10000], [0, 21, 20000], [1, 1, 0], [1, 11, 10000], [1, 21, 20000]]);
});

test("a generation that cannot be noted keeps nothing, and does not stand in the way of the next", async (t) => {
  const { ingest, spool, disk, connect } = setUp(t);
  const socket = await connect();
  spool.failures.note = 2;
  const first = ingest.begin(about);
  await assert.rejects(ingest.append(first, new Uint8Array(10)), /note fails/);
  ingest.end(first);
  const second = ingest.begin(about);
  await ingest.append(second, new Uint8Array(20));
  ingest.stop();
  await ingest.settled();
  assert.deepEqual(spool.holds(), [{ generation: 1, first: 0, end: 20 }]);
  assert.deepEqual(socket.types.slice(1), ["generation", "generation_end", "generation", "chunk", "generation_end", "stop"]);
});

test("a log read back: lengths, events, clocks, holes, and what the spool cannot find any more", () => {
  const entries = [
    { type: "session", session: "s", startedMs: 1 },
    { type: "generation", generation: 0, mime: "a", startedMs: 1, reason: "start", offsetMs: 7 },
    { type: "end", generation: 0, bytes: 100 },
    { type: "generation", generation: 1, mime: "b", startedMs: 2, reason: "camera", offsetMs: null },
    { type: "end", generation: 1, bytes: 80 },
    { type: "generation", generation: 3, mime: "c", startedMs: 3, reason: "error" },
    { type: "event", message: { type: "event", event: "mark" } },
    { type: "clock", message: { type: "clock", generation: 1, end: 5, at_ms: 9 } },
    { type: "alive", atMs: 5 },
    { type: "weather", sun: true },
  ];
  const left = readLog(entries, [{ generation: 1, first: 30, end: 60 }, { generation: 3, first: 0, end: 20 }]);
  assert.deepEqual(left.generations.map(({ mime, first, total, readable }) => [mime, first, total, readable]), [
    ["a", 100, 100, null],
    ["b", 30, 80, 60],
    ["", 0, 0, null],
    ["c", 0, 20, null],
  ]);
  assert.deepEqual(left.events, [{ type: "event", event: "mark" }]);
  assert.deepEqual(left.clocks, [{ generation: 1, end: 5, at_ms: 9 }]);
  assert.equal(left.stopped, false);
  assert.equal(left.generations[0].offsetMs, 7);
  assert.equal(readLog(entries.concat({ type: "stop", generations: [] }), []).stopped, true);
});

test("a later visit delivers what is left and goes on behind it", async (t) => {
  const disk = createDisk();
  const before = setUp(t, { disk });
  await before.ingest.append(before.ingest.begin(about), new Uint8Array(50));
  before.ingest.event("mark", { detail: "one" });
  await before.ingest.settled();
  before.ingest.close();

  const { ingest, spool, connect } = setUp(t, { disk });
  ingest.restore(spool.entries());
  assert.equal(ingest.view().totalBytes, 50);
  const g = ingest.begin(about);
  assert.equal(g, 1);
  await ingest.append(g, new Uint8Array(5));
  const socket = await connect([{ generation: 0, received: 20, durable: 10, ended: false }], { resumed: true });
  assert.deepEqual(socket.sent[0].holds, [{ generation: 0, first: 0, end: 50 }, { generation: 1, first: 0, end: 5 }]);
  assert.deepEqual(socket.types.slice(1), ["generation", "generation", "event", "chunk", "chunk", "generation_end"]);
  assert.deepEqual(socket.sent.filter(({ type }) => type === "chunk").map(({ data }) => data.length - 16), [5, 30]);
  assert.deepEqual(spool.holds()[0], { generation: 0, first: 10, end: 50 });
});

test("a session that was stopped is stopped again by whoever finds it", async (t) => {
  const disk = createDisk();
  const before = setUp(t, { disk });
  await before.ingest.append(before.ingest.begin(about), new Uint8Array(50));
  before.ingest.stop();
  await before.ingest.settled();
  before.ingest.close();

  const { ingest, spool, connect, told, world } = setUp(t, { disk });
  ingest.restore(spool.entries());
  const socket = await connect();
  assert.deepEqual(socket.types.slice(1), ["generation", "chunk", "generation_end", "stop"]);
  assert.deepEqual(socket.sent[4].generations, [{ generation: 0, bytes: 50 }]);
  socket.say({ type: "summary", session: "session-0001", folder: "f", files: [] });
  await world.settle();
  assert.deepEqual(told, [["finished"]]);
  assert.equal(spool.held(), 0);
});

test("what nobody can use any more makes room for what is recorded now", async (t) => {
  const disk = createDisk({ limitBytes: 100 });
  const { ingest, spool, sockets, world, told } = setUp(t, { disk });
  const first = ingest.begin(about);
  await ingest.append(first, new Uint8Array(90));
  ingest.connect();
  const greet = async (positions) => {
    sockets.last().open();
    sockets.last().say(welcome(positions));
    await world.settle();
  };
  await greet([]);
  sockets.last().say({ type: "ack", generation: 0, received: 90, durable: 30, credit_bytes: 1 << 20 });
  await world.settle();
  sockets.last().fail();
  await world.pass(6000);
  await greet([]);
  assert.deepEqual(told, [["restart", 0, ""]]);
  assert.equal(spool.held(), 60, "its server may come back");
  const second = ingest.begin(about);
  await ingest.append(second, new Uint8Array(30));
  assert.equal(spool.held(), 90);
  await ingest.append(second, new Uint8Array(40));
  assert.deepEqual(spool.holds().map(({ first: from, end }) => end - from), [0, 70]);
  await assert.rejects(ingest.append(second, new Uint8Array(40)), { name: "SpoolFullError" });
});

test("a server that cannot write is asked again after retry_ms, and what was recorded meanwhile arrives", async (t) => {
  const { ingest, sockets, world, connect } = setUp(t);
  const g = ingest.begin(about);
  await ingest.append(g, new Uint8Array(5000));
  await connect([], { retry_ms: 60000 });
  sockets.last().say({ type: "ack", generation: 0, received: 5000, durable: 5000, credit_bytes: 1 << 20 });
  await world.settle();
  sockets.last().fail();
  await world.pass(6000);
  sockets.last().open();
  sockets.last().say({ type: "error", code: "storage", message: "The disk is full." });
  sockets.last().fail(1013);
  const since = world.now();
  await ingest.append(g, new Uint8Array(700));
  assert.deepEqual(ingest.view().problem, { code: "storage", message: "The disk is full." });
  const { length } = sockets.made;
  while (sockets.made.length === length) await world.pass(500);
  assert.ok(world.now() - since >= 30000, `${world.now() - since} ms`);
  sockets.last().open();
  sockets.last().say(welcome([{ generation: 0, received: 5000, durable: 5000, ended: false }]));
  await world.settle();
  assert.equal(sockets.last().sent.find(({ type }) => type === "chunk").data.length - 16, 700);
  assert.equal(ingest.view().problem, null);
});

test("the server's clock is measured by the welcome, and goes into what begins and happens after it", async (t) => {
  const { ingest, sockets, world, disk, origins } = setUp(t);
  ingest.begin(about);
  ingest.event("muted");
  ingest.connect();
  sockets.last().open();
  await world.pass(40);
  sockets.last().say(welcome([], { now_ms: START + 5020, addresses: ["https://host.local:1"] }));
  await world.settle();
  ingest.begin(about);
  ingest.gap({ startMs: START, endMs: START + 10, reason: "muted" });
  await ingest.settled();
  const noted = disk.log.map(({ type, offsetMs, message }) => [type, type === "event" ? message.offset_ms : offsetMs]);
  assert.deepEqual(noted, [["generation", null], ["event", undefined], ["generation", 5000], ["event", 5000]]);
  assert.deepEqual(sockets.last().sent.filter(({ type }) => type === "generation").map(({ offset_ms }) => offset_ms), [undefined, 5000]);
  assert.deepEqual(origins.all(), ["https://own:1", "https://host.local:1"]);
});

test("a clock that leapt is measured anew, once a minute at most", async (t) => {
  const { ingest, sockets, world, wall, clock, connect } = setUp(t);
  const g = ingest.begin(about);
  await connect([], { now_ms: START + 700 });
  await ingest.append(g, new Uint8Array(1));
  assert.equal(clock.offsetMs(), 700);
  wall.set = 3_600_000;
  await ingest.append(g, new Uint8Array(1));
  assert.deepEqual(sockets.made[0].closed, { code: 4410, reason: "the clock leapt" });
  assert.equal(clock.offsetMs(), null);
  await world.pass(6000);
  sockets.last().open();
  await world.settle();
  assert.equal(sockets.last().sent[0].now_ms, START + world.now() + 3_600_000);
  sockets.last().say(welcome([{ generation: 0, received: 2, durable: 2 }], { now_ms: START + world.now() + 700 }));
  await world.settle();
  // It was set, not asleep: the times after it are right all the same.
  assert.equal(clock.offsetMs(), 700 - 3_600_000);
  wall.set = 0;
  await ingest.append(g, new Uint8Array(1));
  assert.equal(sockets.last().closed, null);
});

test("a page that stood still: retryNow finds the silence at once, and connects", async (t) => {
  const { ingest, sockets, world, connect } = setUp(t);
  const socket = await connect();
  await ingest.append(ingest.begin(about), new Uint8Array(10));
  await world.settle();
  assert.equal(socket.types.includes("chunk"), true);
  world.timers.drop();
  await world.pass(60000);
  assert.equal(sockets.made.length, 1);
  ingest.retryNow();
  assert.deepEqual(socket.closed, { code: 4408, reason: "the server is silent" });
  assert.equal(sockets.made.length, 2);
  assert.deepEqual([ingest.view().link, ingest.view().transport, ingest.view().origin], ["connecting", "wss", "https://own:1"]);
});

test("a hello that comes late, from a connection that was given up, does not end the recording", async (t) => {
  const { ingest, sockets, world, told } = setUp(t);
  await ingest.append(ingest.begin(about), new Uint8Array(10));
  ingest.connect();
  sockets.last().open();
  await world.pass(16000);
  assert.deepEqual(sockets.made[0].closed, { code: 4408, reason: "the server is silent" });
  sockets.last().open();
  sockets.last().say(welcome());
  await world.settle();
  // The server reads the first one's hello only now.
  const { length } = sockets.made;
  sockets.last().say({ type: "error", code: "session_in_use", message: "taken over" });
  sockets.last().fail(4409);
  await world.pass(1000);
  assert.equal(sockets.made.length, length + 1);
  sockets.last().open();
  sockets.last().say(welcome());
  await world.settle();
  assert.deepEqual(sockets.last().types, ["hello", "generation", "chunk"]);
  assert.deepEqual(told, []);
});

test("a damaged entry is passed over, and fills no memory", () => {
  const damaged = [
    { type: "generation", generation: 4e9, mime: "video/webm" },
    { type: "end", generation: 4e9, bytes: 1 },
    { type: "clock", message: null },
    { type: "event", message: 7 },
    { type: "stop", generations: { length: 2 } },
    { type: "stop", generations: [null, 3, { generation: 4e9, bytes: 1 }] },
    null,
  ];
  const left = readLog([...damaged, { type: "generation", generation: 0, mime: "video/mp4", startedMs: 5, reason: "start" }], []);
  assert.deepEqual(left.generations.map(({ mime }) => mime), ["video/mp4"]);
  assert.deepEqual([left.events, left.clocks, left.stopped], [[], [], true]);
});
