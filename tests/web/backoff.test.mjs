import assert from "node:assert/strict";
import { test } from "node:test";
import { createBackoff } from "../../web/lib/backoff.js";

test("doubles up to its cap, with jitter down to a half", () => {
  const most = createBackoff({ random: () => 1, firstMs: 100, longestMs: 1000 });
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => most.next()), [100, 200, 400, 800, 1000, 1000]);
  const least = createBackoff({ random: () => 0, firstMs: 100, longestMs: 1000 });
  assert.deepEqual([1, 2].map(() => least.next()), [50, 100]);
});

test("waits as long as the server asked, and begins anew after success", () => {
  const backoff = createBackoff({ random: () => 1, firstMs: 100, longestMs: 1000 });
  assert.equal(backoff.next(3000), 3000);
  backoff.reset();
  assert.equal(backoff.next(), 100);
});
