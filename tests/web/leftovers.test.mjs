import assert from "node:assert/strict";
import { test } from "node:test";
import { createLeftovers } from "../../web/capture/leftovers.js";
import { RESUME_MS } from "../../web/capture/left-behind.js";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const settle = () => new Promise((resolve) => setImmediate(resolve));

function recorded(session, { startedMs = NOW - 60 * MINUTE, aliveMs = startedMs, stopped = true, bytes = 1000 } = {}) {
  const entries = [
    { type: "session", session, startedMs, name: `camera of ${session}` },
    { type: "generation", generation: 0, mime: "video/webm", startedMs, reason: "start" },
    { type: "alive", atMs: aliveMs, handedMs: aliveMs },
  ];
  if (stopped) entries.push({ type: "stop", generations: [{ generation: 0, bytes }] });
  return { session, entries, bytes, busy: false };
}

/** A device with these sessions on it, and a server that answers when the test says so. */
function setUp(sessions, { storage = null, unreadable = [], lasting = true } = {}) {
  const world = { now: NOW, discarded: [], released: [], adopted: [], pauses: [], deliveries: [] };
  let kept = sessions;
  const store = {
    lasting,
    async sessions() {
      return kept.filter(({ session }) => !world.adopted.includes(session));
    },
    async adopt(session) {
      if (unreadable.includes(session)) throw new DOMException("The device does not give it back.", "NotReadableError");
      const found = kept.find((one) => one.session === session);
      if (!found || found.busy) return null;
      world.adopted.push(session);
      return {
        session,
        entries: () => found.entries,
        async discard() {
          world.discarded.push(session);
          kept = kept.filter((one) => one !== found);
        },
        async release() {
          world.released.push(session);
          world.adopted = world.adopted.filter((one) => one !== session);
        },
      };
    },
  };
  const deliver = (options) => {
    const delivery = {
      options,
      calls: [],
      view: { waitingBytes: 1000, link: "up", problem: null, isPartly: false, lostBytes: 0, origin: "https://camera.local:5001" },
      over: (why, summary = null) => options.onOver(why, "", summary),
    };
    world.deliveries.push(delivery);
    return {
      restore: () => delivery.calls.push("restore"),
      stop: () => delivery.calls.push("stop"),
      connect: () => delivery.calls.push("connect"),
      retryNow: () => delivery.calls.push("retryNow"),
      close: () => delivery.calls.push("close"),
      view: () => delivery.view,
    };
  };
  const leftovers = createLeftovers({
    store: Promise.resolve(store),
    device: { id: "d", key: "k", name: "now" },
    client: "test",
    clock: { now: () => world.now },
    origins: {},
    storage,
    busy: () => false,
    onChange() {},
    deliver,
    pause: async (ms) => void world.pauses.push(ms),
  });
  return { world, leftovers, add: (...more) => void (kept = kept.concat(more)) };
}

const SUMMARY = (session) => ({ session, folder: "client_1", files: [{ file: "a.webm", url: "/api/sessions/s/files/a.webm", generation: 0, start_ms: 1, duration_ms: 2, bytes: 3 }] });

test("what earlier visits left is delivered, oldest first, one at a time, under its own name", async () => {
  const { world, leftovers } = setUp([recorded("b", { startedMs: NOW - 2 * MINUTE }), recorded("a", { startedMs: NOW - 9 * MINUTE })]);
  await leftovers.look();
  await settle();
  assert.equal(world.deliveries.length, 1);
  const [first] = world.deliveries;
  assert.equal(first.options.identity.session, "a");
  assert.equal(first.options.identity.name, "camera of a");
  assert.equal(first.options.identity.startedMs, NOW - 9 * MINUTE);
  assert.equal(first.options.isBackground(), true);
  assert.deepEqual(first.calls, ["restore", "connect"]);
  assert.deepEqual(leftovers.state().behind, 1);
  assert.deepEqual(leftovers.state().underway.waitingBytes, 1000);

  first.over("finished", SUMMARY("a"));
  await settle();
  assert.deepEqual(world.discarded, ["a"]);
  assert.equal(world.deliveries[1].options.identity.session, "b");
  const [arrived] = leftovers.state().arrived;
  assert.equal(arrived.summary.files[0].url, "https://camera.local:5001/api/sessions/s/files/a.webm");
  world.deliveries[1].over("finished", SUMMARY("b"));
  await settle();
  assert.equal(leftovers.state().underway, null);
  assert.equal(leftovers.state().arrived.length, 2);
  leftovers.told();
  assert.deepEqual(leftovers.state().arrived, []);
});

test("progress is measured from what waited at first", async () => {
  const { world, leftovers } = setUp([recorded("a", { bytes: 4000 })]);
  await leftovers.look();
  await settle();
  world.deliveries[0].view = { ...world.deliveries[0].view, waitingBytes: 3000, link: "down", problem: { code: "storage", message: "full" } };
  const { underway } = leftovers.state();
  assert.equal(underway.waitingBytes, 3000);
  assert.equal(underway.wholeBytes, 4000);
  assert.equal(underway.link, "down");
  assert.equal(underway.problem, "full");
});

test("what the server could not take is kept in mind, not on the device", async () => {
  const { world, leftovers } = setUp([recorded("a")]);
  await leftovers.look();
  await settle();
  Object.assign(world.deliveries[0].view, { isPartly: true, lostBytes: 12345 });
  world.deliveries[0].over("finished", SUMMARY("a"));
  await settle();
  assert.deepEqual(world.discarded, ["a"]);
  const [arrived] = leftovers.state().arrived;
  assert.equal(arrived.partly, true);
  assert.equal(arrived.lostBytes, 12345);
});

test("a session that another connection has stays on the device, and is not fought for", async () => {
  const { world, leftovers } = setUp([recorded("a")]);
  await leftovers.look();
  await settle();
  world.deliveries[0].over("session_in_use");
  await settle();
  assert.deepEqual(world.released, ["a"]);
  assert.deepEqual(world.discarded, []);
  world.now += MINUTE;
  leftovers.tick();
  await settle();
  assert.equal(world.deliveries.length, 1);
});

test("one that was interrupted a moment ago waits; what else there is goes", async () => {
  const { world, leftovers } = setUp([recorded("fresh", { aliveMs: NOW - MINUTE, stopped: false }), recorded("old", { startedMs: NOW - 90 * MINUTE })]);
  await leftovers.look();
  await settle();
  assert.equal(leftovers.interrupted.session, "fresh");
  assert.deepEqual(world.adopted, ["fresh", "old"]);
  assert.deepEqual(world.deliveries.map(({ options }) => options.identity.session), ["old"]);
  const taken = leftovers.take();
  assert.equal(taken.spool.session, "fresh");
  assert.equal(leftovers.take(), null, "it is taken once");
});

test("given up, it is ended where it was interrupted", async () => {
  const { world, leftovers } = setUp([recorded("fresh", { aliveMs: NOW - MINUTE, stopped: false })]);
  await leftovers.look();
  leftovers.giveUp();
  await settle();
  assert.equal(leftovers.interrupted, null);
  assert.deepEqual(world.adopted, ["fresh"], "it is not adopted a second time");
  assert.deepEqual(world.deliveries[0].calls, ["restore", "stop", "connect"]);
});

test("nobody comes for a quarter of an hour: it ends by itself", async () => {
  const { world, leftovers } = setUp([recorded("fresh", { aliveMs: NOW - MINUTE, stopped: false })]);
  await leftovers.look();
  world.now = NOW - MINUTE + RESUME_MS;
  leftovers.tick();
  assert.ok(leftovers.interrupted);
  world.now += 1;
  leftovers.tick();
  await settle();
  assert.equal(leftovers.interrupted, null);
  assert.equal(world.deliveries.length, 1);
});

test("what another tab records is left alone, and looked at again when that tab may be gone", async () => {
  const other = { ...recorded("other", { aliveMs: NOW, stopped: false }), busy: true };
  const another = { ...recorded("another", { aliveMs: NOW - 5000, stopped: false }), busy: true };
  const { world, leftovers } = setUp([other, another]);
  await leftovers.look();
  assert.ok(world.pauses.length >= 3, "a page that has just been reloaded lets go a moment later");
  assert.equal(leftovers.interrupted, null);
  other.busy = another.busy = false;
  world.now += MINUTE;
  leftovers.tick();
  await settle();
  assert.equal(leftovers.interrupted, null, "it was interrupted elsewhere");
  assert.deepEqual(world.deliveries, [], "and may be gone on with there");
  world.now += RESUME_MS;
  leftovers.tick();
  await settle();
  await settle();
  assert.equal(world.deliveries.length, 1);
  assert.equal(leftovers.state().behind, 1);
});

test("of two that were interrupted the newer may go on, the older ends", async () => {
  const { world, leftovers } = setUp([
    recorded("newer", { aliveMs: NOW - 1000, stopped: false }),
    recorded("older", { aliveMs: NOW - 9000, stopped: false }),
  ]);
  await leftovers.look();
  await settle();
  assert.equal(leftovers.interrupted.session, "newer");
  assert.deepEqual(world.deliveries.map(({ options }) => options.identity.session), ["older"]);
});

test("a page that was reloaded gets its session although the one before still held it", async () => {
  const mine = { ...recorded("mine", { aliveMs: NOW - 1000, stopped: false }), busy: true };
  const { world, leftovers } = setUp([mine]);
  world.pauses.push = function push(ms) {
    mine.busy = false;
    return Array.prototype.push.call(this, ms);
  };
  await leftovers.look();
  assert.equal(leftovers.interrupted.session, "mine");
});

test("what the small storage knows is newer than the log", async () => {
  const told = { "localcamera.alive.a": JSON.stringify({ handedMs: NOW - 2000, stopping: false }), "localcamera.alive.b": JSON.stringify({ handedMs: NOW - 3000, stopping: true }) };
  const storage = { getItem: (key) => told[key] || null, removeItem: (key) => delete told[key], setItem() {}, length: 2, key: (index) => Object.keys(told)[index] };
  const { world, leftovers } = setUp(
    [recorded("a", { aliveMs: NOW - 6000, stopped: false }), recorded("b", { aliveMs: NOW - 4000, stopped: false })],
    { storage },
  );
  await leftovers.look();
  await settle();
  assert.equal(leftovers.interrupted.session, "a");
  assert.equal(leftovers.interrupted.handedMs, NOW - 2000);
  assert.deepEqual(world.deliveries.map(({ options }) => options.identity.session), ["b"], "Stop had been pressed");
  world.deliveries[0].over("finished", SUMMARY("b"));
  await settle();
  assert.deepEqual(Object.keys(told), ["localcamera.alive.a"]);
});

test("sessions in which nothing was recorded are cleared away", async () => {
  const nothing = { session: "n", entries: [{ type: "session", session: "n", startedMs: NOW - 9 * MINUTE }], bytes: 0, busy: false };
  const { world, leftovers } = setUp([nothing]);
  await leftovers.look();
  await settle();
  assert.deepEqual(world.discarded, ["n"]);
  assert.deepEqual(world.deliveries, []);
});

test("what was stopped just now, and let go, is found at once", async () => {
  const { world, leftovers, add } = setUp([]);
  leftovers.tick();
  await settle();
  assert.equal(world.deliveries.length, 0);
  await leftovers.look();
  add(recorded("stopped"));
  leftovers.soon();
  leftovers.tick();
  await settle();
  await settle();
  assert.equal(world.deliveries.length, 1);
});

test("what this page left while it was open is found, too", async () => {
  const { world, leftovers, add } = setUp([]);
  await leftovers.look();
  add(recorded("later"));
  world.now += 29_000;
  leftovers.tick();
  await settle();
  assert.equal(world.deliveries.length, 0);
  world.now += 1000;
  leftovers.tick();
  await settle();
  await settle();
  assert.equal(world.deliveries.length, 1);
});

test("a session is delivered under the id of the device that recorded it", async () => {
  const found = recorded("a");
  found.entries[0].deviceId = "device-then";
  const { world, leftovers } = setUp([found, recorded("b", { startedMs: NOW - 2 * MINUTE })]);
  await leftovers.look();
  await settle();
  assert.equal(world.deliveries[0].options.identity.device, "device-then");
  world.deliveries[0].over("finished", SUMMARY("a"));
  await settle();
  assert.equal(world.deliveries[1].options.identity.device, "d", "an older log does not tell");
});

test("one that cannot be opened keeps no other one waiting", async () => {
  const broken = { session: "z", entries: [{ type: "session", session: "z", startedMs: NOW }], bytes: 0, busy: false };
  const torn = recorded("y", { startedMs: NOW - 3 * MINUTE, stopped: false, aliveMs: NOW });
  for (const bad of [broken, torn]) {
    const { world, leftovers } = setUp([bad, recorded("a")], { unreadable: [bad.session] });
    await leftovers.look();
    await settle();
    assert.deepEqual(world.deliveries.map(({ options }) => options.identity.session), ["a"]);
    assert.equal(leftovers.interrupted, null);
  }
});

test("one that cannot be opened is tried again at a later look", async () => {
  const unreadable = ["a"];
  const { world, leftovers } = setUp([recorded("a")], { unreadable });
  await leftovers.look();
  await settle();
  assert.equal(world.deliveries.length, 0);
  unreadable.pop();
  world.now += MINUTE;
  leftovers.tick();
  await settle();
  await settle();
  assert.equal(world.deliveries.length, 1);
});

test("one that could not go on after all is offered again, and what other tabs left is not", async () => {
  const { world, leftovers, add } = setUp([recorded("mine", { aliveMs: NOW - 1000, stopped: false })]);
  await leftovers.look();
  await leftovers.take().spool.release();
  add(recorded("other", { aliveMs: NOW - 500, stopped: false }));
  world.now += MINUTE;
  leftovers.tick();
  await settle();
  assert.equal(leftovers.interrupted.session, "mine");
  assert.deepEqual(world.deliveries, []);
});

test("what is told of recordings that this visit cannot see stays", async () => {
  const told = { "localcamera.alive.unseen": "{}" };
  const storage = { getItem: (key) => told[key] || null, removeItem: (key) => delete told[key], setItem() {}, length: 1, key: (index) => Object.keys(told)[index] };
  await setUp([], { storage, lasting: false }).leftovers.look();
  assert.deepEqual(Object.keys(told), ["localcamera.alive.unseen"]);
});

test("what waits behind is counted as it is now, not as it was", async () => {
  const { world, leftovers } = setUp([recorded("a", { startedMs: NOW - 9 * MINUTE, bytes: 5000 }), recorded("b", { startedMs: NOW - 2 * MINUTE })]);
  await leftovers.look();
  await settle();
  world.deliveries[0].view.waitingBytes = 300;
  leftovers.tick();
  world.now += 2 * MINUTE;
  leftovers.tick();
  await settle();
  assert.equal(leftovers.state().behindBytes, 300);
});

test("one that makes no headway lets the others pass, and comes again", async () => {
  const { world, leftovers } = setUp([recorded("a", { startedMs: NOW - 9 * MINUTE }), recorded("b", { startedMs: NOW - 2 * MINUTE })]);
  await leftovers.look();
  await settle();
  const delivering = () => world.deliveries[world.deliveries.length - 1];
  leftovers.tick();
  world.now += 1.9 * MINUTE;
  world.deliveries[0].view.waitingBytes = 999;
  leftovers.tick();
  world.now += 1.9 * MINUTE;
  leftovers.tick();
  assert.equal(delivering().options.identity.session, "a", "it goes on, however slowly");
  world.now += 0.2 * MINUTE;
  leftovers.tick();
  await settle();
  assert.deepEqual(world.deliveries[0].calls, ["restore", "connect", "close"]);
  assert.equal(delivering().options.identity.session, "b");
  delivering().over("finished", SUMMARY("b"));
  await settle();
  assert.equal(delivering().options.identity.session, "a");
  assert.deepEqual(world.adopted, ["a", "b"], "nobody else gets it meanwhile");
  world.now += 60 * MINUTE;
  leftovers.tick();
  assert.deepEqual(delivering().calls, ["restore", "connect"], "there is nobody to let pass");
});
