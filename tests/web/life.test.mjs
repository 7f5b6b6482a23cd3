import assert from "node:assert/strict";
import { test } from "node:test";
import { createLife, forget, forgetOthers, isAliveElsewhere, recall } from "../../web/capture/life.js";

function smallStorage() {
  const kept = new Map();
  return {
    getItem: (key) => (kept.has(key) ? kept.get(key) : null),
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: (key) => void kept.delete(key),
    key: (index) => Array.from(kept.keys())[index] || null,
    get length() {
      return kept.size;
    },
  };
}

function setUp({ storage = smallStorage() } = {}) {
  const noted = [];
  const clock = { time: 1000, now: () => clock.time };
  const open = [];
  const spool = { session: "s1", note: async (entry) => void noted.push(entry) };
  return { noted, clock, storage, open, life: createLife({ spool, storage, clock, ongoing: () => open.slice() }) };
}

test("a recording that gets no media shows that it goes on", () => {
  const { clock, storage, life } = setUp();
  life.handed(900);
  for (clock.time = 2000; clock.time < 600_000; clock.time += 500) {
    life.tick();
    assert.equal(isAliveElsewhere(storage, null, clock.time), true);
  }
  assert.equal(recall(storage, "s1").handedMs, 900, "what was handed over is another matter");
});

test("the log hears of it at once and then every five seconds, the small storage every time", () => {
  const { noted, clock, storage, life, open } = setUp();
  life.handed(900);
  for (clock.time = 2000; clock.time < 6000; clock.time += 1000) life.handed(clock.time - 100);
  assert.deepEqual(noted, [{ type: "alive", atMs: 1000, handedMs: 900, ongoing: [] }]);
  assert.deepEqual(recall(storage, "s1"), { handedMs: 4900, stopping: false });
  open.push({ startMs: 5200, reason: "muted" });
  clock.time = 6000;
  life.tick();
  assert.deepEqual(noted[1], { type: "alive", atMs: 6000, handedMs: 4900, ongoing: open });
});

test("after Stop was pressed it is no recording that could go on", async () => {
  const { noted, clock, storage, life } = setUp();
  const done = life.stopping();
  assert.equal(recall(storage, "s1").stopping, true, "known before the log has it");
  await done;
  clock.time = 90000;
  life.handed(89000);
  life.tick();
  assert.deepEqual(noted, [{ type: "stopping", atMs: 1000 }]);
  assert.equal(recall(storage, "s1").stopping, true);
});

test("storage that is full, broken or absent is no reason not to record", async () => {
  const refusing = { ...smallStorage(), setItem() { throw new Error("full"); } };
  const { life } = setUp({ storage: refusing });
  life.handed(1);
  await life.stopping();
  const none = setUp({ storage: null });
  none.life.handed(1);
  assert.equal(recall(null, "s1"), null);
  const odd = smallStorage();
  odd.setItem("localcamera.alive.s1", "{");
  assert.equal(recall(odd, "s1"), null);
});

test("what is over is forgotten, and so is what is no longer on the device", () => {
  const storage = smallStorage();
  for (const session of ["a", "b", "c"]) storage.setItem(`localcamera.alive.${session}`, '{"handedMs":1}');
  storage.setItem("localcamera.device", "x");
  forget(storage, "a");
  forgetOthers(storage, ["c"]);
  assert.deepEqual(["a", "b", "c"].map((session) => recall(storage, session) !== null), [false, false, true]);
  assert.equal(storage.getItem("localcamera.device"), "x");
});
