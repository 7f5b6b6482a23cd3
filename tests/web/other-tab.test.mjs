import assert from "node:assert/strict";
import { test } from "node:test";
import { createOtherTab } from "../../web/capture/other-tab.js";
import { createLockManager } from "./spool-fakes.mjs";

const turn = () => new Promise(setImmediate);

test("a tab that records is known by its lock, also when its timers give no sign of life", async () => {
  const locks = createLockManager();
  const silent = { locks, isAlive: () => false };
  const [one, other] = [createOtherTab(silent), createOtherTab(silent)];
  one.tick(true);
  await turn();
  one.tick(true);
  other.tick(false);
  await turn();
  assert.equal(one.records("a"), false, "its own recording is not another tab's");
  assert.equal(other.records(null), true);
  one.tick(false);
  await turn();
  other.tick(false);
  await turn();
  assert.equal(other.records(null), false);
  assert.deepEqual(locks.names(), []);
});

test("without locks, and where they are refused, the sign of life says it", async () => {
  const refusing = { request: () => Promise.reject(new Error("SecurityError")), query: () => Promise.reject(new Error("SecurityError")) };
  for (const locks of [undefined, refusing]) {
    let alive = true;
    const otherTab = createOtherTab({ locks, isAlive: () => alive });
    otherTab.tick(true);
    await turn();
    assert.equal(otherTab.records("a"), true);
    alive = false;
    otherTab.tick(false);
    await turn();
    assert.equal(otherTab.records(null), false);
  }
});

test("a browser that does not answer is asked once at a time", async () => {
  let asked = 0;
  const otherTab = createOtherTab({ locks: { request: async () => {}, query: () => new Promise(() => (asked += 1)) }, isAlive: () => false });
  for (let at = 0; at < 5; at += 1) {
    otherTab.tick(false);
    await turn();
  }
  assert.equal(asked, 1);
});
