import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoom, LOW_MS } from "../../web/capture/room.js";
import { AUDIO_BITS } from "../../web/capture/settings.js";

const MIB = 1024 * 1024;
const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp({ lasting = true, apple = false, quotaBytes = 10000 * MIB, usedBytes = 0 } = {}) {
  const world = { now: 0, quotaBytes, usedBytes, asked: 0, persisted: 0 };
  const store = {
    lasting,
    async estimate() {
      world.asked += 1;
      return { usedBytes: world.usedBytes, quotaBytes: world.quotaBytes, persisted: false };
    },
    async persist() {
      world.persisted += 1;
      throw new Error("refused");
    },
  };
  return { world, room: createRoom({ store: Promise.resolve(store), apple, now: () => world.now, onChange() {} }) };
}

const BITS = 2_500_000;
const bytesFor = (ms) => (ms * (BITS + AUDIO_BITS)) / 8000;

test("how long it lasts counts sound, too", () => {
  const { room } = setUp();
  assert.equal(Math.round(room.ms({ kind: "opfs", isLimitKnown: true, limitBytes: bytesFor(60_000) + 500, heldBytes: 500 }, BITS)), 60_000);
  assert.equal(room.ms({ kind: "opfs", isLimitKnown: true, limitBytes: 5, heldBytes: 9 }, BITS), 0);
});

test("less than a quarter of an hour is little, and memory is little only when most of it is used", () => {
  const { room } = setUp();
  const use = (ms, kind) => ({ kind, isLimitKnown: true, limitBytes: bytesFor(ms), heldBytes: 0 });
  assert.equal(room.isLow(use(LOW_MS - 1000, "opfs"), BITS), true);
  assert.equal(room.isLow(use(LOW_MS + 1000, "opfs"), BITS), false);
  assert.equal(room.isLow(use(LOW_MS - 1000, "memory"), BITS), false);
  assert.equal(room.isLow({ kind: "memory", isLimitKnown: true, limitBytes: 256 * MIB, heldBytes: 0.8 * 256 * MIB }, BITS), true);
});

test("where the browser tells no room, none is made up", () => {
  const { room } = setUp();
  const guess = { kind: "opfs", isLimitKnown: false, limitBytes: bytesFor(LOW_MS / 2), heldBytes: 0 };
  assert.equal(room.ms(guess, BITS), null);
  assert.equal(room.isLow(guess, BITS), false);
});

test("a spool that is full learns here of what was freed elsewhere on the device", async () => {
  const { world, room } = setUp({ quotaBytes: 1000 * MIB, usedBytes: 900 * MIB });
  const full = { kind: "opfs", limitBytes: 700 * MIB, heldBytes: 700 * MIB };
  assert.equal(room.bytes(full), 0);
  room.look();
  await settle();
  assert.equal(room.bytes(full), 0);
  world.usedBytes = 400 * MIB;
  world.now = 9999;
  room.look();
  await settle();
  assert.equal(world.asked, 1, "browsers work for an estimate");
  world.now = 10000;
  room.look();
  await settle();
  assert.equal(room.bytes(full), 500 * MIB);
  assert.equal(room.bytes({ ...full, kind: "memory" }), 0);
});

test("a browser that tells no quota leaves it to the spool", async () => {
  const { room } = setUp({ quotaBytes: 0 });
  room.look();
  await settle();
  assert.equal(room.bytes({ kind: "opfs", limitBytes: 70, heldBytes: 60 }), 10);
});

test("for how long what waits stays: memory, Safari, the others", async () => {
  for (const [about, keeps] of [[{ lasting: false }, "open"], [{ lasting: false, apple: true }, "open"], [{ apple: true }, "days"], [{}, "arrived"]]) {
    const { room } = setUp(about);
    await settle();
    assert.equal(room.keeps, keeps);
  }
});

test("lasting storage is asked for once, and a refusal is no fault", async () => {
  const { world, room } = setUp();
  room.persist();
  room.persist();
  await settle();
  assert.equal(world.persisted, 1);
});
