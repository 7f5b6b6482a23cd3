import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBitrate, formatBytes, formatElapsed, formatLength, formatPerHour, formatSmallBytes } from "../../web/lib/format.js";

test("bytes that wait: nothing is nothing, and something is never nothing", () => {
  assert.equal(formatBytes(0), "0 MB");
  assert.equal(formatBytes(1), "<0.1 MB");
  assert.equal(formatBytes(3_240_000), "3.2 MB");
  assert.equal(formatBytes(3_000_000), "3 MB");
  assert.equal(formatBytes(41_400_000), "41 MB");
  assert.equal(formatBytes(999_400_000), "999 MB");
  assert.equal(formatBytes(999_600_000), "1.00 GB");
  assert.equal(formatBytes(12_345_000_000), "12.3 GB");
  assert.equal(formatBytes(Number.NaN), "0 MB");
});

test("files", () => {
  assert.equal(formatSmallBytes(12), "12 B");
  assert.equal(formatSmallBytes(353_490), "353 kB");
  assert.equal(formatSmallBytes(1_250_000), "1.3 MB");
});

test("times", () => {
  assert.equal(formatElapsed(0), "00:00:00");
  assert.equal(formatElapsed(3_723_999), "01:02:03");
  assert.equal(formatElapsed(360_000_000), "100:00:00");
  assert.equal(formatElapsed(-5), "00:00:00");
  assert.equal(formatLength(192_400), "3:12");
  assert.equal(formatLength(3_600_000), "1:00:00");
});

test("rates", () => {
  assert.equal(formatBitrate(2_500_000), "2.5 Mbit/s");
  assert.equal(formatBitrate(10_000_000), "10 Mbit/s");
  assert.equal(formatPerHour(2_628_000), "1.2 GB");
});
