import assert from "node:assert/strict";
import { test } from "node:test";
import { isAliveElsewhere } from "../../web/capture/life.js";
import { createTurn } from "../../web/capture/remote-turn.js";

const may = (turn, now, more = {}) => turn.mayConnect({ other: false, inSession: false, visible: true, focused: true, now, ...more });

test("a tab that nobody looks at comes back once it is, or once the one that took over has been gone a while", () => {
  const turn = createTurn();
  assert.equal(may(turn, 0, { other: true }), false);
  assert.equal(may(turn, 0), true);
  turn.taken(0);
  assert.equal(may(turn, 1000), false);
  assert.equal(may(turn, 2000, { visible: false }), false);
  assert.equal(may(turn, 90_000, { visible: false }), false, "a hidden tab could not do anything");
  assert.equal(may(turn, 91_000), true);
  turn.taken(100_000);
  assert.equal(may(turn, 159_000), false);
  assert.equal(may(turn, 160_000), true);
});

test("of two windows that are seen, the one that is used has the connection, and keeps it", () => {
  const turn = createTurn();
  may(turn, 0);
  turn.taken(0);
  for (let now = 500; now < 3_600_000; now += 500) assert.equal(may(turn, now, { focused: false }), false);
  assert.equal(may(turn, 3_600_000), true, "somebody came to it");
});

test("a tab that records has the connection back within seconds, unless the other records, too", () => {
  const turn = createTurn();
  turn.taken(0);
  assert.equal(may(turn, 9000, { inSession: true }), false);
  assert.equal(may(turn, 10_000, { inSession: true, visible: false }), true);
  assert.equal(may(turn, 10_000, { inSession: true, other: true }), false);
});

test("another tab is known to record by its signs of life", () => {
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
    key: (index) => Array.from(kept.keys())[index] ?? null,
    get length() {
      return kept.size;
    },
  };
  const alive = (session, more = {}) => kept.set(`localcamera.alive.${session}`, JSON.stringify({ handedMs: 10_000, ...more }));
  assert.equal(isAliveElsewhere(null, null, 0), false);
  kept.set("localcamera.name", "x");
  alive("a");
  assert.equal(isAliveElsewhere(storage, null, 12_000), true);
  assert.equal(isAliveElsewhere(storage, "a", 12_000), false, "its own");
  assert.equal(isAliveElsewhere(storage, null, 16_000), false, "long gone");
  alive("a", { aliveMs: 15_000 });
  assert.equal(isAliveElsewhere(storage, null, 16_000), true, "its camera gives nothing");
  assert.equal(isAliveElsewhere(storage, null, 75_000, ["a"]), true, "its timers come once a minute, and its lock is held");
  assert.equal(isAliveElsewhere(storage, null, 75_000, ["b"]), false, "the lock is another one's");
  assert.equal(isAliveElsewhere(storage, "a", 75_000, ["a"]), false, "its own lock");
  assert.equal(isAliveElsewhere(storage, null, 240_000, ["a"]), false, "it hangs, and keeps its lock");
  alive("a", { stopping: true });
  assert.equal(isAliveElsewhere(storage, null, 12_000, ["a"]), false, "stopped");
  kept.set("localcamera.alive.b", "{");
  assert.equal(isAliveElsewhere(storage, null, 12_000), false);
});
