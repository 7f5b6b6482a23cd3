import assert from "node:assert/strict";
import { test } from "node:test";
import { createStorageFull } from "../../web/capture/storage-full.js";

const MIB = 1024 * 1024;

function setUp({ limitBytes = 1000 * MIB } = {}) {
  const world = { now: 0, room: 0, wentOn: 0 };
  const full = createStorageFull({
    now: () => world.now,
    roomBytes: () => world.room,
    limitBytes: () => limitBytes,
    goOn: () => {
      world.wentOn += 1;
    },
  });
  const tickUntil = (ms) => {
    for (; world.now <= ms; world.now += 500) full.tick();
  };
  return { world, full, tickUntil };
}

test("it goes on by itself when there is room worth a file", () => {
  const { world, full, tickUntil } = setUp();
  full.began();
  tickUntil(60000);
  world.room = 16 * MIB - 1;
  tickUntil(120000);
  assert.ok(full.isFull);
  world.room = 16 * MIB;
  tickUntil(121000);
  assert.equal(world.wentOn, 1);
  assert.equal(full.isFull, false);
});

test("where little may wait at all, a quarter of it is worth it", () => {
  const { world, full, tickUntil } = setUp({ limitBytes: 8 * MIB });
  full.began();
  world.room = 2 * MIB;
  tickUntil(10000);
  assert.equal(world.wentOn, 1);
});

test("a browser that knows of room where there is none is asked less and less often", () => {
  const { world, full, tickUntil } = setUp();
  world.room = 500 * MIB;
  let at = 0;
  const waits = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    full.began();
    const before = world.now;
    while (full.isFull) tickUntil((at += 500));
    waits.push(world.now - before);
  }
  assert.ok(waits.every((wait, index) => index === 0 || wait >= waits[index - 1]), String(waits));
  assert.ok(waits[0] < 4000 && waits[6] >= 60000 && waits[6] < 62000, String(waits));
  // Once it has worked for a while, the next time is a first time.
  world.now += 60000;
  full.began();
  tickUntil(world.now + 3000);
  assert.equal(full.isFull, false);
});

test("a recording that ends no longer waits for room", () => {
  const { world, full, tickUntil } = setUp();
  full.began();
  full.forget();
  world.room = 100 * MIB;
  tickUntil(10000);
  assert.equal(world.wentOn, 0);
});
