import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemorySpool, openMemory, SpoolFullError } from "../../web/lib/spool-memory.js";

const bytes = (...values) => new Uint8Array(values);

test("reads within one piece and across pieces", async () => {
  const spool = createMemorySpool();
  await spool.append(0, bytes(0, 1, 2));
  await spool.append(0, bytes(3, 4));
  await spool.append(0, bytes(5, 6, 7));
  assert.deepEqual(Array.from(await spool.read(0, 1, 2)), [1, 2]);
  assert.deepEqual(Array.from(await spool.read(0, 2, 4)), [2, 3, 4, 5]);
  assert.deepEqual(Array.from(await spool.read(0, 6, 100)), [6, 7]);
  await assert.rejects(spool.read(0, 8, 1), RangeError);
  await assert.rejects(spool.read(1, 0, 1), RangeError);
});

test("forgets below a position, and the rest stays readable", async () => {
  const spool = createMemorySpool();
  await spool.append(0, bytes(0, 1, 2));
  await spool.append(0, bytes(3, 4));
  await spool.forget(0, 4);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 4, end: 5 }]);
  assert.equal(spool.held(), 1);
  assert.deepEqual(Array.from(await spool.read(0, 4, 9)), [4]);
  await assert.rejects(spool.read(0, 3, 1), RangeError);
  await spool.forget(0, 2);
  await spool.forget(7, 2);
  await spool.forget(0, 99);
  assert.equal(spool.held(), 0);
  await spool.append(0, bytes(5));
  assert.deepEqual(Array.from(await spool.read(0, 5, 1)), [5]);
});

test("a full spool keeps nothing of what does not fit, and a piece in use takes its memory", async () => {
  const spool = createMemorySpool({ limitBytes: 4 });
  await spool.append(0, bytes(1, 2, 3));
  await assert.rejects(spool.append(1, bytes(4, 5)), SpoolFullError);
  assert.equal(spool.held(), 3);
  assert.deepEqual(spool.holds(), [{ generation: 0, first: 0, end: 3 }]);
  await spool.forget(0, 2);
  await assert.rejects(spool.append(1, bytes(4, 5)), SpoolFullError);
  await spool.forget(0, 3);
  await spool.append(1, bytes(4, 5));
  assert.equal(spool.held(), 2);
});

test("a cabinet gives each session once, and has none of an earlier visit", async () => {
  const cabinet = openMemory();
  assert.equal(cabinet.lasting, false);
  const drawer = await cabinet.open("session-a", { create: true });
  assert.equal(await cabinet.open("session-a", { create: true }), null);
  assert.equal(await cabinet.open("session-b", { create: false }), null);
  assert.deepEqual(await cabinet.list(), []);
  await drawer.append(0, 0, bytes(1, 2));
  await drawer.clear();
  assert.equal(drawer.stored(), 0);
  assert.ok(await cabinet.open("session-a", { create: true }));
});
