// Choosing a kind of storage, finding what earlier visits left, and pages that share a device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore, SpoolFullError } from "../../web/lib/spool.js";
import { createDisk, createLockManager, createPage, pattern, workersOn } from "./spool-fakes.mjs";

const MIB = 1024 * 1024;

/** A device with one browser on it; each visit is a page. */
function createDevice({ quota = 10_000 * MIB, ...more } = {}) {
  const disk = createDisk();
  const locks = createLockManager();
  return {
    disk,
    locks,
    async visit(options = {}) {
      const { make, workers } = workersOn(disk);
      const page = createPage({ locks, estimate: async () => ({ quota, usage: disk.used() }), ...more });
      const store = await openStore(page, { makeWorker: make, ...options });
      return { store, page, workers };
    },
  };
}

test("the browser's own file system is chosen where it works", async () => {
  const { store } = await createDevice().visit();
  assert.equal(store.kind, "opfs");
  assert.equal(store.lasting, true);
  assert.deepEqual(await store.estimate(), { usedBytes: 64, quotaBytes: 10_000 * MIB, persisted: false });
  assert.equal(await store.persist(), false, "this browser cannot");
});

test("where nothing else works it is the page's memory, without waiting", async () => {
  const refuse = () => {
    throw new Error("no workers here");
  };
  for (const indexedDB of [undefined, { open: () => refuse() }]) {
    const store = await openStore(createPage({ indexedDB }), { makeWorker: refuse });
    assert.equal(store.kind, "memory");
    assert.equal(store.lasting, false);
    const spool = await store.create("session-a");
    assert.equal(spool.limitBytes, 256 * MIB);
    await spool.append(0, pattern(0, 10));
    assert.deepEqual(await spool.read(0, 0, 10), pattern(0, 10));
    assert.deepEqual(await store.sessions(), []);
    assert.equal(await store.adopt("session-a"), null);
    await assert.rejects(store.create("session-a"), /in use/);
  }
});

test("storage that is blocked does not throw", async () => {
  const page = createPage();
  Object.defineProperty(page, "indexedDB", {
    get() {
      throw new DOMException("The operation is insecure.", "SecurityError");
    },
  });
  const store = await openStore(page, { kinds: ["indexeddb", "memory"] });
  assert.equal(store.kind, "memory");
});

test("what a visit leaves, the next one finds and goes on with", async () => {
  const device = createDevice();
  const first = await device.visit();
  const spool = await first.store.create("session-a");
  await spool.note({ type: "session", name: "Lab" });
  await spool.append(0, pattern(0, 1000));
  await spool.append(0, pattern(1000, 1000));
  assert.equal(spool.kind, "opfs");
  assert.deepEqual(await first.store.sessions(), [], "its own are not left over");
  await spool.release();

  const second = await device.visit();
  const [left, ...others] = await second.store.sessions();
  assert.equal(others.length, 0);
  assert.equal(left.session, "session-a");
  assert.deepEqual(left.entries, [{ type: "session", name: "Lab" }]);
  assert.ok(left.bytes >= 2000 && left.bytes < 2100, `${left.bytes}`);
  assert.equal(left.busy, false);
  const adopted = await second.store.adopt("session-a");
  assert.deepEqual(adopted.entries(), left.entries);
  assert.deepEqual(adopted.holds(), [{ generation: 0, first: 0, end: 2000 }]);
  assert.deepEqual(await adopted.read(0, 500, 1000), pattern(500, 1000));
  await adopted.append(1, pattern(0, 5));
  await adopted.forget(0, 2000);
  await adopted.discard();
  assert.deepEqual(await second.store.sessions(), []);
  assert.equal(device.locks.names().length, 0);
  assert.equal(await second.store.adopt("session-a"), null, "there is none any more");
  assert.equal(device.locks.names().length, 0);
});

test("two pages cannot have the same session", async () => {
  const device = createDevice();
  const [one, other] = [await device.visit(), await device.visit()];
  const spool = await one.store.create("session-a");
  await spool.note({ type: "session" });
  const [left] = await other.store.sessions();
  assert.equal(left.busy, true);
  assert.equal(await other.store.adopt("session-a"), null);
  const waiting = other.store.adopt("session-a");
  await spool.append(0, pattern(0, 10));
  await spool.release();
  const adopted = await waiting;
  assert.deepEqual(adopted.holds(), [{ generation: 0, first: 0, end: 10 }]);
  assert.equal(await other.store.adopt("session-a"), null, "it has it already");
  await assert.rejects(spool.append(0, pattern(10, 1)), /released/);
});

test("a session that was begun and never written to is tidied away, unless a page has it", async () => {
  const device = createDevice();
  const { store } = await device.visit();
  await (await store.create("session-a")).release();
  await store.create("session-b");
  const other = await device.visit();
  assert.deepEqual(device.disk.names("localcamera/session-a"), ["log.jsonl"]);
  assert.deepEqual(await other.store.sessions(), []);
  assert.deepEqual(device.disk.names("localcamera/session-a"), []);
  assert.deepEqual(device.disk.names("localcamera/session-b"), ["log.jsonl"]);
});

test("a page that is put aside lets everything go at once", async () => {
  const device = createDevice();
  const { store, page, workers } = await device.visit();
  const spool = await store.create("session-a");
  await spool.append(0, pattern(0, 10));
  page.dispatch("pagehide", { persisted: false });
  await spool.append(0, pattern(10, 10));
  page.dispatch("pagehide", { persisted: true });
  assert.ok(workers[0].terminated);
  await assert.rejects(spool.append(0, pattern(20, 10)), /put aside/);
  await assert.rejects(store.create("session-b"), /put aside/);
  const adopted = await (await device.visit()).store.adopt("session-a");
  assert.deepEqual(adopted.holds(), [{ generation: 0, first: 0, end: 20 }]);
});

test("a lock that the browser takes back ends the spool", async () => {
  const device = createDevice();
  const { store } = await device.visit();
  const spool = await store.create("session-a");
  device.locks.steal(device.locks.names()[0]);
  await new Promise(setImmediate);
  await assert.rejects(spool.append(0, pattern(0, 10)), /another page/);
});

test("the limit follows what the browser has room for", async () => {
  const device = createDevice({ quota: 100_000 });
  const { store } = await device.visit();
  const spool = await store.create("session-a");
  const room = spool.limitBytes;
  assert.ok(room > 79_000 && room <= 80_000, `${room}`);
  await spool.append(0, pattern(0, 50_000));
  assert.equal(spool.limitBytes, room, "what waits is part of it");
  await assert.rejects(spool.append(0, pattern(50_000, 50_000)), SpoolFullError);
  await spool.append(1, pattern(0, 20_000));
  await spool.forget(0, 50_000);
  await spool.append(1, pattern(20_000, 50_000));
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 50_000, end: 50_000 }, { generation: 1, first: 0, end: 70_000 }]);
  await spool.discard();
  const next = await store.create("session-b");
  await next.append(0, pattern(0, 79_000));
});

/** IndexedDB that keeps what it is given, and cannot tell what it has. */
function forgetfulDatabase() {
  const kept = new Map();
  const request = (result) => {
    const asked = { result };
    setImmediate(() => asked.onsuccess && asked.onsuccess());
    return asked;
  };
  const store = {
    put: (value, key) => request(void kept.set(String(key), value)),
    get: (key) => request(kept.get(String(key))),
    getAll() {
      throw new DOMException("Internal error.", "DataError");
    },
  };
  const transaction = () => {
    const one = { error: null, objectStore: () => store, abort: () => setImmediate(() => one.onabort()) };
    // Behind the request, and what it leads to.
    setImmediate(() => setImmediate(() => one.oncomplete()));
    return one;
  };
  return { open: () => request({ transaction, close() {} }) };
}

test("an older kind that cannot say what it has does not hide what the chosen one has", async () => {
  const disk = createDisk();
  const locks = createLockManager();
  const visit = () => openStore(createPage({ locks, indexedDB: forgetfulDatabase() }), { makeWorker: workersOn(disk).make });
  const first = await visit();
  const spool = await first.create("session-a");
  await spool.append(0, pattern(0, 10));
  await spool.release();
  const [left] = await (await visit()).sessions();
  assert.equal(left.session, "session-a");
});
