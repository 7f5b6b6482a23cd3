import assert from "node:assert/strict";
import { test } from "node:test";
import { createOtherTab } from "../../web/capture/other-tab.js";
import { createLockManager } from "./spool-fakes.mjs";

const turn = () => new Promise(setImmediate);
/** What the signs of life say of tabs whose timers are starved: a lock beside them counts. */
const isAlive = (session, locked) => locked.some((one) => one !== session);

test("a tab that records is known by its lock, and its own is not another tab's", async () => {
  const locks = createLockManager();
  const [one, other] = [createOtherTab({ locks, isAlive }), createOtherTab({ locks, isAlive })];
  one.tick("a");
  await turn();
  one.tick("a");
  other.tick(null);
  await turn();
  assert.deepEqual([one.records("a"), other.records(null)], [false, true]);
  // Another recording has another lock.
  one.tick("b");
  await turn();
  assert.deepEqual(locks.names(), ["localcamera.records.b"]);
  one.tick(null);
  await turn();
  other.tick(null);
  await turn();
  assert.equal(other.records(null), false);
  assert.deepEqual(locks.names(), []);
});

test("a lock that no sign of life goes with says nothing", async () => {
  const locks = createLockManager();
  createOtherTab({ locks, isAlive }).tick("a");
  const otherTab = createOtherTab({ locks, isAlive: () => false });
  await turn();
  await otherTab.look();
  assert.equal(otherTab.records(null), false);
});

test("without locks, and where they are refused, the sign of life says it", async () => {
  const refusing = { request: () => Promise.reject(new Error("SecurityError")), query: () => Promise.reject(new Error("SecurityError")) };
  for (const locks of [undefined, refusing]) {
    let alive = true;
    const otherTab = createOtherTab({ locks, isAlive: (_session, locked) => alive && locked.length === 0 });
    otherTab.tick("a");
    await otherTab.look();
    assert.equal(otherTab.records("a"), true);
    alive = false;
    otherTab.tick(null);
    await turn();
    assert.equal(otherTab.records(null), false);
  }
});

test("what a browser said once does not hold when it says nothing more", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const held = { held: [{ name: "localcamera.records.a" }] };
  for (const fails of [() => Promise.reject(new Error("InvalidStateError")), () => new Promise(() => {})]) {
    let query = async () => held;
    const otherTab = createOtherTab({ locks: { request: async () => {}, query: () => query() }, isAlive });
    await otherTab.look();
    assert.equal(otherTab.records(null), true);
    query = fails;
    otherTab.tick(null);
    await turn();
    t.mock.timers.tick(2000);
    await turn();
    assert.equal(otherTab.records(null), false);
  }
});

test("a look tells what holds then, also when a question was under way", async () => {
  const answers = [];
  const otherTab = createOtherTab({ locks: { request: async () => {}, query: () => new Promise((resolve) => answers.push(resolve)) }, isAlive });
  otherTab.tick(null);
  await turn();
  let looked = false;
  const looks = Promise.all([otherTab.look(), otherTab.look()]).then(() => (looked = true));
  answers[0]({ held: [{ name: "localcamera.records.a" }] });
  await turn();
  assert.deepEqual([looked, answers.length], [false, 2], "the two share one more question");
  answers[1]({ held: [] });
  await looks;
  assert.equal(otherTab.records(null), false);
});

test("a browser that does not answer is asked once at a time", async () => {
  let asked = 0;
  const otherTab = createOtherTab({ locks: { request: async () => {}, query: () => new Promise(() => (asked += 1)) }, isAlive });
  for (let at = 0; at < 5; at += 1) {
    otherTab.tick(null);
    await turn();
  }
  assert.equal(asked, 1);
});
