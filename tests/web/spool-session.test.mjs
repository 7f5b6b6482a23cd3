import assert from "node:assert/strict";
import { test } from "node:test";
import { createLimit, SpoolFullError } from "../../web/lib/spool-limit.js";
import { createSessionSpool } from "../../web/lib/spool-session.js";
import { pattern } from "./spool-fakes.mjs";

const MIB = 1024 * 1024;

/** A drawer that tells what it was asked, with failures on demand. */
function createDrawer({ found = [], entries = [] } = {}) {
  const content = new Map(found.map(({ generation, end }) => [generation, pattern(0, end)]));
  const drawer = {
    entries,
    found,
    inMemory: false,
    asked: [],
    running: 0,
    fail: null,
    bytes: found.reduce((sum, { first, end }) => sum + end - first, 0),
    async step(what) {
      drawer.asked.push(what);
      assert.equal(drawer.running, 0, "one operation at a time");
      drawer.running += 1;
      await new Promise(setImmediate);
      drawer.running -= 1;
      const failure = drawer.fail && drawer.fail(what);
      if (failure) throw failure;
    },
    async append(generation, position, bytes) {
      await drawer.step(`append ${generation} ${position} ${bytes.length}`);
      const before = content.get(generation) || new Uint8Array(0);
      const next = new Uint8Array(position + bytes.length);
      next.set(before.subarray(0, position));
      next.set(bytes, position);
      content.set(generation, next);
      drawer.bytes += bytes.length;
    },
    note: (entry) => drawer.step(`note ${entry.type}`),
    async read(generation, position, length) {
      await drawer.step(`read ${generation} ${position} ${length}`);
      return content.get(generation).slice(position, position + length);
    },
    async free(generation, below, all) {
      await drawer.step(`free ${generation} ${below}${all ? " all" : ""}`);
      return false;
    },
    stored: () => drawer.bytes,
    clear: () => drawer.step("clear"),
    close: () => drawer.step("close"),
  };
  return drawer;
}

function createSpool({ drawer = createDrawer(), limitBytes = 1024 * MIB } = {}) {
  const lock = { released: 0, release: () => (lock.released += 1) };
  const limit = createLimit({ fixedBytes: limitBytes });
  return { drawer, lock, limit, spool: createSessionSpool({ session: "session-a", kind: "opfs", drawer, limit, lock }) };
}

test("operations go one after another, and one that fails does not spoil the next", async () => {
  const { spool, drawer } = createSpool();
  drawer.fail = (what) => (what === "append 0 3 2" ? new Error("the disk coughs") : null);
  const all = [
    spool.note({ type: "generation" }),
    spool.append(0, pattern(0, 3)),
    spool.append(0, pattern(3, 2)),
    spool.append(0, pattern(3, 4)),
    spool.append(1, pattern(0, 1)),
  ].map((promise) => promise.then(() => "done", (error) => error.message));
  assert.deepEqual(await Promise.all(all), ["done", "done", "the disk coughs", "done", "done"]);
  assert.deepEqual(drawer.asked.slice(0, 5), ["note generation", "append 0 0 3", "append 0 3 2", "append 0 3 4", "append 1 0 1"]);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 0, end: 7 }, { generation: 1, first: 0, end: 1 }]);
  assert.equal(spool.held(), 8);
  assert.deepEqual(await spool.read(0, 2, 100), pattern(2, 5));
});

test("the log is what it was told, and what an earlier visit left", async () => {
  const { spool, drawer } = createSpool({ drawer: createDrawer({ entries: [{ type: "session" }] }) });
  const entry = { type: "alive", atMs: 5, nothing: undefined };
  await spool.note(entry);
  entry.atMs = 6;
  assert.deepEqual(spool.entries(), [{ type: "session" }, { type: "alive", atMs: 5 }]);
  drawer.fail = () => new DOMException("x", "QuotaExceededError");
  await assert.rejects(spool.note({ type: "stop" }), SpoolFullError);
  assert.equal(spool.entries().length, 2);
});

test("live media is not read back from the device", async () => {
  const { spool, drawer } = createSpool();
  for (let at = 0; at < 10; at += 1) {
    await spool.append(0, pattern(at * 300_000, 300_000));
    assert.deepEqual(await spool.read(0, at * 300_000, 65_536), pattern(at * 300_000, 65_536));
  }
  assert.ok(!drawer.asked.some((what) => what.startsWith("read")));
});

test("catching up asks the device once per MiB, also while live media arrives", async () => {
  const end = 5 * MIB + 123;
  const { spool, drawer } = createSpool({ drawer: createDrawer({ found: [{ generation: 0, first: 0, end }] }) });
  let position = 0;
  while (position < end) {
    const bytes = await spool.read(0, position, 65_536);
    assert.deepEqual(bytes, pattern(position, bytes.length));
    assert.ok(bytes.length > 0 && bytes.length <= 65_536);
    position += bytes.length;
    if (position % (3 * 65_536) === 0) {
      await spool.append(1, pattern(0, 10));
      await spool.read(1, 0, 10);
    }
  }
  assert.equal(drawer.asked.filter((what) => what.startsWith("read")).length, 6);
});

test("two readings at once of the same place ask the device once", async () => {
  const { spool, drawer } = createSpool({ drawer: createDrawer({ found: [{ generation: 0, first: 0, end: 1000 }] }) });
  const [one, other] = await Promise.all([spool.read(0, 0, 100), spool.read(0, 100, 100)]);
  assert.deepEqual(one, pattern(0, 100));
  assert.deepEqual(other, pattern(100, 100));
  assert.deepEqual(drawer.asked, ["read 0 0 1000"]);
});

test("what is forgotten cannot be read, and is freed in the background", async () => {
  const { spool, drawer } = createSpool();
  await spool.append(0, pattern(0, 100));
  await spool.forget(0, 40);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 40, end: 100 }]);
  assert.equal(spool.held(), 60);
  await assert.rejects(spool.read(0, 39, 10), RangeError);
  await assert.rejects(spool.read(0, 100, 10), RangeError);
  assert.deepEqual(await spool.read(0, 40, 10), pattern(40, 10));
  await spool.forget(0, 20);
  await spool.forget(7, 20);
  await spool.forget(0, 1000);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 100, end: 100 }], "its length is still known");
  await spool.append(0, pattern(100, 5));
  assert.deepEqual(await spool.read(0, 100, 10), pattern(100, 5));
  assert.deepEqual(drawer.asked.filter((what) => what.startsWith("free")), ["free 0 40", "free 0 100"]);
});

test("when the next generation begins, what the earlier one kept is looked through again", async () => {
  const { spool, drawer } = createSpool();
  await spool.append(0, pattern(0, 100));
  await spool.forget(0, 100);
  await spool.append(1, pattern(0, 100));
  await spool.note({ type: "alive" });
  await spool.note({ type: "alive" });
  assert.equal(drawer.asked.filter((what) => what === "free 0 100").length, 2);
});

test("a freeing that fails is tried again with the next", async () => {
  const { spool, drawer } = createSpool();
  await spool.append(0, pattern(0, 100));
  drawer.fail = (what) => (what === "free 0 40" ? new Error("busy") : null);
  await spool.forget(0, 40);
  await spool.note({ type: "alive" });
  await spool.forget(0, 50);
  await spool.note({ type: "alive" });
  assert.ok(drawer.asked.includes("free 0 50"));
});

test("released, it frees first what is forgotten", async () => {
  const { spool, drawer } = createSpool();
  let files = 3;
  drawer.free = async () => {
    files -= 1;
    return files > 0;
  };
  await spool.append(0, pattern(0, 100));
  await spool.forget(0, 100);
  await spool.release();
  assert.equal(files, 0);
  assert.equal(drawer.asked[drawer.asked.length - 1], "close");
});

test("when it is full nothing is kept, and later there is room again", async () => {
  const { spool, drawer } = createSpool({ limitBytes: 100 });
  drawer.free = async (generation, below, all) => {
    drawer.asked.push(`free ${generation} ${below}${all ? " all" : ""}`);
    if (all) drawer.bytes -= below;
    return false;
  };
  await spool.append(0, pattern(0, 60));
  await assert.rejects(spool.append(1, pattern(0, 41)), SpoolFullError);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 0, end: 60 }]);
  await spool.append(1, pattern(0, 40));
  await spool.forget(0, 60);
  await spool.append(1, pattern(40, 60));
  assert.equal(spool.held(), 100);
  assert.equal(spool.limitBytes, 100);
  assert.ok(drawer.asked.includes("free 0 60 all"), "room that is needed is made");
});

test("a browser's own word for full is ours, too", async () => {
  const { spool, drawer } = createSpool();
  await spool.append(0, pattern(0, 10));
  drawer.fail = () => new DOMException("x", "QuotaExceededError");
  await assert.rejects(spool.append(0, pattern(10, 10)), SpoolFullError);
  drawer.fail = null;
  await spool.append(0, pattern(10, 3));
  assert.deepEqual(await spool.read(0, 0, 100), pattern(0, 13));
});

test("what the browser refuses is tried again when something could be freed for it", async () => {
  const { spool, drawer } = createSpool();
  await spool.append(0, pattern(0, 60));
  await spool.forget(0, 60);
  drawer.fail = (what) => (what.startsWith("append") && drawer.bytes > 0 ? new DOMException("x", "QuotaExceededError") : null);
  drawer.free = async (_generation, below, all) => {
    if (all) drawer.bytes -= below;
    return false;
  };
  await spool.append(1, pattern(0, 10));
  assert.deepEqual(await spool.read(1, 0, 10), pattern(0, 10));
});

test("released or discarded, it lets the lock go and takes nothing more", async () => {
  for (const [end, asked] of [["release", "close"], ["discard", "clear"]]) {
    const { spool, drawer, lock } = createSpool();
    const appended = spool.append(0, pattern(0, 10));
    const ended = spool[end]();
    const late = spool.append(0, pattern(10, 10));
    await appended;
    await ended;
    await assert.rejects(late, /session/);
    await assert.rejects(spool.read(0, 0, 1), /session/);
    await assert.rejects(spool.note({}), /session/);
    await spool.forget(0, 10);
    assert.equal(drawer.asked[drawer.asked.length - 1], asked);
    assert.equal(lock.released, 1);
    if (end === "release") continue;
    assert.equal(spool.held(), 0);
    assert.deepEqual(spool.holds(), []);
  }
});

test("abandoned, it ends at once, whatever is under way", async () => {
  const { spool, lock } = createSpool();
  const first = spool.append(0, pattern(0, 10));
  const second = spool.append(0, pattern(10, 10));
  await Promise.resolve();
  spool.abandon("the page was put aside");
  assert.equal(lock.released, 1);
  await first;
  await assert.rejects(second, /put aside/);
});
