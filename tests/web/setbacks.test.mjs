import assert from "node:assert/strict";
import { test } from "node:test";
import { createSetbacks } from "../../web/capture/setbacks.js";

test("more than five failures within a minute are hopeless, the same number over an hour is not", () => {
  const dense = createSetbacks();
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((second) => dense.failed(second * 1000)), [false, false, false, false, false, true]);
  dense.reset();
  assert.equal(dense.failed(6000), false);
  const sparse = createSetbacks();
  for (let minute = 0; minute < 60; minute += 1) assert.equal(sparse.failed(minute * 60000), false);
});

test("three refusals in a row are hopeless, unless something was recorded in between", () => {
  const setbacks = createSetbacks();
  assert.deepEqual([0, 0, 0].map((bytes) => setbacks.refused(bytes)), [false, false, true]);
  setbacks.reset();
  assert.deepEqual([0, 0, 50, 50, 50].map((bytes) => setbacks.refused(bytes)), [false, false, false, false, true]);
});

test("failures of the storage are in a row when they are minutes apart, and not when they are hours apart", () => {
  const setbacks = createSetbacks();
  assert.deepEqual([0, 40_000, 80_000].map((at) => setbacks.storageFailed(at)), [1, 2, 3]);
  assert.equal(setbacks.storageFailed(3_600_000), 1);
  setbacks.reset();
  assert.equal(setbacks.storageFailed(3_600_001), 1);
});
