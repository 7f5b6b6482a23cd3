// The browser's own file system, with a fake of it: the page's side, the worker's side, and what a crash leaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openOpfs } from "../../web/lib/spool-opfs.js";
import { ROLL_BYTES } from "../../web/lib/spool-files.js";
import { HEADER_BYTES } from "../../web/lib/spool-record.js";
import { createDisk, pattern, workersOn } from "./spool-fakes.mjs";

const SESSION = "session-a";

/** One visit of a page. @param {ReturnType<typeof createDisk>} disk */
async function visit(disk, { locks = true } = {}) {
  const { make, workers } = workersOn(disk);
  const cabinet = await openOpfs({ makeWorker: make, locks, withinMs: 5000 });
  return { cabinet, workers };
}

/** @param {import("../../web/lib/spool-session.js").Drawer} drawer everything that is here of a generation */
async function contentOf(drawer, generation) {
  const { first, end } = drawer.found.find((range) => range.generation === generation) || { first: 0, end: 0 };
  const bytes = new Uint8Array(end - first);
  for (let position = first; position < end; ) {
    const part = await drawer.read(generation, position, 100_000);
    assert.ok(part.length > 0);
    bytes.set(part, position - first);
    position += part.length;
  }
  return { first, end, bytes };
}

for (const asynchronous of [false, true]) {
  test(`what is appended is there after a reload${asynchronous ? ", with the handles of Safari before 16.4" : ""}`, async () => {
    const disk = createDisk({ asynchronous });
    const { cabinet } = await visit(disk);
    const drawer = await cabinet.open(SESSION, { create: true });
    await drawer.note({ type: "session", name: "Labör" });
    await drawer.append(0, 0, pattern(0, 1000));
    await drawer.append(0, 1000, pattern(1000, 500));
    await drawer.append(1, 0, pattern(0, 7));
    await drawer.append(0, 1500, pattern(1500, 1));
    await drawer.note({ type: "stop" });
    assert.equal(drawer.stored(), 1508);
    await drawer.close();

    const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
    assert.deepEqual(again.entries, [{ type: "session", name: "Labör" }, { type: "stop" }]);
    assert.deepEqual(again.found, [{ generation: 0, first: 0, end: 1501 }, { generation: 1, first: 0, end: 7 }]);
    assert.deepEqual((await contentOf(again, 0)).bytes, pattern(0, 1501));
    assert.deepEqual(await again.read(0, 999, 3), pattern(999, 3));
    await again.append(1, 7, pattern(7, 5));
    assert.deepEqual(await again.read(1, 0, 100), pattern(0, 12));
  });
}

test("nothing resolves before it is flushed", async () => {
  const disk = createDisk();
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  for (const work of [() => drawer.note({ a: 1 }), () => drawer.append(0, 0, pattern(0, 10)), () => drawer.append(0, 10, pattern(10, 10))]) {
    const before = disk.flushes;
    await work();
    assert.ok(disk.flushes > before);
  }
  disk.onFlush = () => {
    throw new DOMException("the disk coughs", "UnknownError");
  };
  await assert.rejects(drawer.append(0, 20, pattern(20, 10)), /coughs/);
  disk.onFlush = null;
  await drawer.append(0, 20, pattern(20, 4));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual((await contentOf(again, 0)).bytes, pattern(0, 24));
});

/** A visit that ends at its nth write, of which a share is written. @returns how far it got, and what its end left */
async function killedAt(fatal, share, powerCut) {
  const lengths = [400, 30, 1, 2000];
  const disk = createDisk();
  const { cabinet, workers } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  let writes = 0;
  disk.onWrite = (_name, bytes) => {
    writes += 1;
    return writes <= fatal ? undefined : Math.floor(bytes.length * share);
  };
  disk.afterWrite = () => {
    if (writes > fatal) workers[0].terminate();
  };
  let resolved = 0;
  let notes = 0;
  let finished = false;
  void (async () => {
    for (const length of lengths) {
      await drawer.append(0, resolved, pattern(resolved, length));
      resolved += length;
      await drawer.note({ resolved });
      notes += 1;
    }
    finished = true;
  })().catch(() => {});
  // A dead page hears nothing of how it ended.
  while (!workers[0].terminated && !finished) await new Promise(setImmediate);
  cabinet.letGo();
  disk.onWrite = disk.afterWrite = null;
  if (powerCut) disk.powerCut(powerCut);
  return { disk, resolved, notes, finished };
}

for (const [name, powerCut] of [["killed", null], ["with the power cut", {}], ["with the power cut and zeros left", { zeros: true }]]) {
  test(`${name} at any write, a session holds whole appends, and every one that had resolved`, async () => {
    let finished = false;
    for (let fatal = 0; !finished; fatal += 1) {
      for (const share of [0, 0.5, 1]) {
        const end = await killedAt(fatal, share, powerCut);
        const { disk, resolved, notes } = end;
        finished = end.finished;
        const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
        const content = await contentOf(again, 0);
        assert.equal(content.first, 0);
        assert.ok(content.end >= resolved, `write ${fatal}: ${content.end} of ${resolved}`);
        assert.ok([0, 400, 430, 431, 2431].includes(content.end), `write ${fatal}: half an append: ${content.end}`);
        assert.deepEqual(content.bytes, pattern(0, content.end));
        assert.ok(again.entries.length >= notes);
        assert.deepEqual(again.entries.map((entry) => entry.resolved), [400, 430, 431, 2431].slice(0, again.entries.length));

        await again.append(0, content.end, pattern(content.end, 50));
        await again.note({ resolved: -1 });
        await again.close();
        const third = await (await visit(disk)).cabinet.open(SESSION, { create: false });
        assert.deepEqual((await contentOf(third, 0)).bytes, pattern(0, content.end + 50), "what was torn is overwritten");
        assert.equal(third.entries[third.entries.length - 1].resolved, -1);
      }
    }
  });
}

test("a full disk keeps nothing of the append that did not fit, and takes the next that does", async () => {
  const disk = createDisk({ quotaBytes: 3000 });
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 1000));
  const before = disk.used();
  await assert.rejects(drawer.append(0, 1000, pattern(1000, 5000)), { name: "QuotaExceededError" });
  await assert.rejects(drawer.note({ text: "x".repeat(5000) }), { name: "QuotaExceededError" });
  assert.equal(disk.used(), before);
  // Some browsers write what fits, and say how much it was.
  disk.onWrite = (_name, bytes) => Math.min(bytes.length, 100);
  await drawer.append(0, 1000, pattern(1000, 250));
  disk.onWrite = (_name, bytes) => (bytes.length > HEADER_BYTES ? 0 : undefined);
  await assert.rejects(drawer.append(0, 1250, pattern(1250, 250)), { name: "QuotaExceededError" });
  disk.onWrite = null;
  await drawer.append(0, 1250, pattern(1250, 10));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual((await contentOf(again, 0)).bytes, pattern(0, 1260));
});

test("a browser that says that it wrote, and did not, is found out", async () => {
  const disk = createDisk();
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 1000));
  for (const kept of [0, 0.5]) {
    disk.forgetful = kept;
    await assert.rejects(drawer.append(0, 1000, pattern(1000, 200_000)), { name: "QuotaExceededError" });
    await assert.rejects(drawer.note({ type: "stop" }), { name: "QuotaExceededError" });
    disk.forgetful = false;
    await drawer.note({ kept });
  }
  await drawer.append(0, 1000, pattern(1000, 100));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual(again.entries, [{ kept: 0 }, { kept: 0.5 }]);
  assert.deepEqual((await contentOf(again, 0)).bytes, pattern(0, 1100));
});

test("media is spread over files, which go when the server has everything in them", async () => {
  const disk = createDisk();
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  const length = ROLL_BYTES / 4 + 1000;
  for (let at = 0; at < 10; at += 1) await drawer.append(0, at * length, pattern(at * length, length));
  assert.deepEqual(disk.names(`localcamera/${SESSION}`), [
    "g0_0000000000000000.part", "g0_0000000004198304.part", "g0_0000000008396608.part", "log.jsonl",
  ]);
  assert.equal(await drawer.free(0, 4 * length - 1, false), false);
  assert.equal(disk.names(`localcamera/${SESSION}`).length, 4);
  assert.equal(await drawer.free(0, 9 * length, false), true, "one file at a time");
  assert.equal(await drawer.free(0, 9 * length, false), false);
  assert.deepEqual(disk.names(`localcamera/${SESSION}`), ["g0_0000000008396608.part", "log.jsonl"]);
  assert.equal(drawer.stored(), 2 * length);
  assert.equal(await drawer.free(0, 10 * length, false), false);
  assert.equal(drawer.stored(), 2 * length, "the newest generation goes on in its last file");
  await drawer.append(0, 10 * length, pattern(10 * length, 10));
  await drawer.close();

  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual(again.found, [{ generation: 0, first: 8 * length, end: 10 * length + 10 }]);
  const { bytes } = await contentOf(again, 0);
  assert.deepEqual(bytes, pattern(8 * length, 2 * length + 10));
});

test("a generation whose bytes have all gone is still known by its length, and goes on there", async () => {
  const disk = createDisk();
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 5000));
  await drawer.append(1, 0, pattern(0, 10));
  await drawer.free(0, 5000, false);
  assert.deepEqual(disk.names(`localcamera/${SESSION}`), ["g0_0000000000005000.part", "g1_0000000000000000.part", "log.jsonl"]);
  assert.equal(drawer.stored(), 10);
  await drawer.free(1, 10, true);
  assert.equal(drawer.stored(), 0);
  assert.equal(await drawer.free(1, 10, true), false);
  await drawer.append(1, 10, pattern(10, 5));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual(again.found, [{ generation: 0, first: 5000, end: 5000 }, { generation: 1, first: 10, end: 15 }]);
  assert.deepEqual((await contentOf(again, 1)).bytes, pattern(10, 5));
});

test("leftovers are listed without reading media, also while another page has them open", async () => {
  const disk = createDisk();
  const one = await visit(disk, { locks: false });
  const drawer = await one.cabinet.open(SESSION, { create: true });
  await drawer.note({ type: "session" });
  await drawer.append(0, 0, pattern(0, 100));
  await drawer.append(2, 0, pattern(0, 50));
  const other = await visit(disk, { locks: false });
  await (await other.cabinet.open("session-b", { create: true })).close();
  const list = (await other.cabinet.list()).sort((a, b) => a.session.localeCompare(b.session));
  assert.deepEqual(list, [
    { session: SESSION, entries: [{ type: "session" }], bytes: 150, busy: true, empty: false },
    { session: "session-b", entries: [], bytes: 0, busy: false, empty: true },
  ]);
  await other.cabinet.remove("session-b");
  assert.deepEqual((await other.cabinet.list()).map(({ session }) => session), [SESSION]);
});

test("without Web Locks the open log says whose a session is", async (t) => {
  const disk = createDisk();
  const one = await visit(disk, { locks: false });
  const drawer = await one.cabinet.open(SESSION, { create: true });
  const other = await visit(disk, { locks: false });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const clock = t.mock.method(performance, "now", () => 0);
  const tried = async () => {
    clock.mock.mockImplementation(() => 0);
    const opened = other.cabinet.open(SESSION, { create: false });
    await new Promise(setImmediate);
    clock.mock.mockImplementation(() => 3000);
    t.mock.timers.tick(50);
    return opened;
  };
  assert.equal(await tried(), null);
  one.workers[0].die();
  await drawer.append(0, 0, pattern(0, 10));
  assert.equal(await tried(), null, "the worker that took over has it open, too");
  t.mock.timers.reset();
  one.workers[1].terminate();
  assert.ok(await other.cabinet.open(SESSION, { create: false }), "the browser closes it with the page");
  assert.equal(await other.cabinet.open("session-c", { create: false }), null, "there is none");
});

test("handles that the browser closes are opened again", async () => {
  const disk = createDisk();
  const { cabinet, workers } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 100));
  await drawer.note({ a: 1 });
  workers[0].storage.closeHandles();
  await drawer.append(0, 100, pattern(100, 100));
  workers[0].storage.closeHandles();
  await drawer.note({ a: 2 });
  workers[0].storage.closeHandles();
  assert.deepEqual(await drawer.read(0, 0, 1000), pattern(0, 200));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  assert.deepEqual(again.entries, [{ a: 1 }, { a: 2 }]);
  assert.deepEqual((await contentOf(again, 0)).bytes, pattern(0, 200));
});

test("a worker that dies refuses what is pending, and its successor goes on", async () => {
  const disk = createDisk();
  const { cabinet, workers } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 100));
  // It reached the device, and nobody was told.
  workers[0].onmessage = () => {};
  const pending = drawer.append(0, 100, pattern(100, 100));
  await new Promise(setImmediate);
  workers[0].die();
  await assert.rejects(pending, /has died/);
  await drawer.append(0, 100, pattern(500, 30));
  assert.equal(workers.length, 2);
  assert.deepEqual(await drawer.read(0, 90, 10), pattern(90, 10));
  await drawer.close();
  const again = await (await visit(disk)).cabinet.open(SESSION, { create: false });
  const { end, bytes } = await contentOf(again, 0);
  assert.equal(end, 130);
  assert.deepEqual(bytes.subarray(100), pattern(500, 30), "the refused append does not stand before it");
});

test("a worker that dies twice without an answer stays dead", async () => {
  const { cabinet, workers } = await visit(createDisk());
  workers[0].die();
  const first = cabinet.list();
  workers[1].deaf = true;
  workers[1].die();
  await assert.rejects(first, /has died/);
  await assert.rejects(cabinet.list(), /successor/);
});

test("a worker that says nothing for half a minute is dead", async (t) => {
  const { cabinet, workers } = await visit(createDisk());
  t.mock.timers.enable({ apis: ["setTimeout"] });
  workers[0].deaf = true;
  const listed = cabinet.list();
  t.mock.timers.tick(10_000);
  assert.equal(workers[0].asked[workers[0].asked.length - 1].op, "ping");
  t.mock.timers.tick(10_000);
  t.mock.timers.tick(10_000);
  await assert.rejects(listed, /does not answer/);
  assert.deepEqual(await cabinet.list(), []);
});

test("a file system that keeps nothing, or never answers, is no cabinet", async (t) => {
  const disk = createDisk();
  disk.forgetful = 0;
  await assert.rejects(visit(disk), /does not keep/);
  disk.onWrite = () => {
    throw new DOMException("x", "SecurityError");
  };
  await assert.rejects(visit(disk), /does not keep/);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { make, workers } = workersOn(createDisk());
  const opened = openOpfs({
    makeWorker: () => Object.assign(make(), { deaf: true }),
    locks: true,
    withinMs: 5000,
  });
  t.mock.timers.tick(5000);
  await assert.rejects(opened, /does not keep/);
  assert.ok(workers[0].terminated);
});

test("discarded, nothing of it stays", async () => {
  const disk = createDisk();
  const { cabinet } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.note({ a: 1 });
  await drawer.append(0, 0, pattern(0, 10));
  await drawer.clear();
  assert.deepEqual(await cabinet.list(), []);
  assert.equal(disk.names(`localcamera/${SESSION}`).length, 0);
});

test("a worker that answers, though not what a recording waits for, is replaced after a minute", async (t) => {
  const disk = createDisk();
  const { cabinet, workers } = await visit(disk);
  const drawer = await cabinet.open(SESSION, { create: true });
  await drawer.append(0, 0, pattern(0, 10));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { postMessage } = workers[0];
  workers[0].postMessage = (message, transfer) => {
    if (message.op !== "append") postMessage(message, transfer);
  };
  const refused = assert.rejects(drawer.append(0, 10, pattern(10, 10)), /forgotten/);
  for (let tick = 1; tick <= 6; tick += 1) {
    assert.equal(workers.length, 1);
    t.mock.timers.tick(10_000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  t.mock.timers.reset();
  await refused;
  await drawer.append(0, 10, pattern(10, 10));
  assert.equal(workers.length, 2);
  assert.deepEqual(await drawer.read(0, 0, 20), pattern(0, 20));
});
