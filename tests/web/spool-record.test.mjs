import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, HEADER_BYTES, recordAt, recordHeader, scanRecords } from "../../web/lib/spool-record.js";
import { pattern } from "./spool-fakes.mjs";

const joined = (parts) => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** A file of records of these lengths, from this position on. */
const fileOf = (start, lengths) => {
  const parts = [];
  let position = start;
  for (const length of lengths) {
    const bytes = pattern(position, length);
    parts.push(recordHeader(position, bytes), bytes);
    position += length;
  }
  return joined(parts);
};

const scan = (file, start, verify = true) =>
  scanRecords((offset, length) => file.subarray(offset, offset + length), { size: file.length, start, verify });

test("the checksum is the well-known CRC-32, also in parts", () => {
  const text = new TextEncoder().encode("123456789");
  assert.equal(crc32(text), 0xcbf43926);
  assert.equal(crc32(text.subarray(4), crc32(text.subarray(0, 4))), 0xcbf43926);
});

test("a file cut at any byte holds exactly its whole records", () => {
  const lengths = [5, 1, 9];
  const start = 2 ** 40 + 7;
  const file = fileOf(start, lengths);
  const ends = lengths.map((_, at) => lengths.slice(0, at + 1).reduce((sum, length) => sum + HEADER_BYTES + length, 0));
  for (let cut = 0; cut <= file.length; cut += 1) {
    const whole = ends.filter((end) => end <= cut).length;
    const { records, end, size } = scan(file.subarray(0, cut), start);
    assert.equal(records.length, whole, `cut at ${cut}`);
    assert.equal(end, start + lengths.slice(0, whole).reduce((sum, length) => sum + length, 0));
    assert.equal(size, whole === 0 ? 0 : ends[whole - 1]);
  }
});

test("a flipped bit anywhere in a record ends the file before it", () => {
  const file = fileOf(100, [8, 8]);
  const first = HEADER_BYTES + 8;
  for (let at = first; at < file.length; at += 1) {
    const damaged = file.slice();
    damaged[at] ^= 4;
    assert.equal(scan(damaged, 100).end, 108, `byte ${at}`);
  }
});

test("zeros that a power cut left behind the data are no record", () => {
  const file = joined([fileOf(0, [10]), new Uint8Array(4096)]);
  assert.equal(scan(file, 0).end, 10);
  const torn = fileOf(0, [10, 600]);
  torn.fill(0, HEADER_BYTES * 2 + 10 + 512);
  assert.equal(scan(torn, 0).end, 10);
});

test("records of another place are none of this file", () => {
  assert.equal(scan(fileOf(512, [10]), 0).records.length, 0);
});

test("finds the record of a position", () => {
  const { records } = scan(fileOf(10, [5, 1, 9]), 10, false);
  assert.deepEqual([9, 10, 14, 15, 16, 24, 25].map((position) => recordAt(records, position)), [-1, 0, 0, 1, 2, 2, -1]);
});
