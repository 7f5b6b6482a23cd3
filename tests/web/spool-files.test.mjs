import assert from "node:assert/strict";
import { test } from "node:test";
import { fileForNext, fileName, fileToFree, parseFileName, parseLog, ROLL_BYTES, usableFiles } from "../../web/lib/spool-files.js";
import { HEADER_BYTES } from "../../web/lib/spool-record.js";

const stored = (start, length) => ({ start, size: length + HEADER_BYTES });
const starts = (files) => usableFiles(files).map(({ start }) => start);

test("names of media files sort by position and are read back", () => {
  const far = Number.MAX_SAFE_INTEGER;
  assert.equal(fileName(3, 4096), "g3_0000000000004096.part");
  assert.deepEqual(parseFileName(fileName(12, far)), { generation: 12, start: far });
  assert.ok(fileName(0, 9) < fileName(0, 10));
  for (const name of ["log.jsonl", "g1_12.part", "g_0000000000000000.part", "g1_0000000000000000.part.tmp"]) {
    assert.equal(parseFileName(name), null, name);
  }
});

test("files that follow one another are one piece", () => {
  assert.deepEqual(starts([]), []);
  assert.deepEqual(starts([stored(0, 10)]), [0]);
  assert.deepEqual(starts([stored(0, ROLL_BYTES), stored(ROLL_BYTES, ROLL_BYTES + 5), stored(2 * ROLL_BYTES + 5, 1)]), [
    0, ROLL_BYTES, 2 * ROLL_BYTES + 5,
  ]);
  assert.deepEqual(starts([stored(0, 10), { start: 10, size: 0 }]), [0, 10], "a file that was made and not written");
});

test("of files that were being freed when the power went, the newer ones count", () => {
  // The middle one is gone, the first not yet: the server had both.
  assert.deepEqual(starts([stored(0, ROLL_BYTES), stored(2 * ROLL_BYTES, ROLL_BYTES), stored(3 * ROLL_BYTES, 7)]), [2 * ROLL_BYTES, 3 * ROLL_BYTES]);
});

test("behind a file that lost its end nothing can be delivered", () => {
  assert.deepEqual(starts([stored(0, ROLL_BYTES), stored(ROLL_BYTES, 50), stored(2 * ROLL_BYTES, 7)]), [0, ROLL_BYTES]);
});

test("a file takes bytes until it is long enough", () => {
  assert.equal(fileForNext([], 0), 0);
  assert.equal(fileForNext([{ start: 0, end: ROLL_BYTES - 1 }], ROLL_BYTES - 1), 0);
  assert.equal(fileForNext([{ start: 0, end: ROLL_BYTES }], ROLL_BYTES), ROLL_BYTES);
  assert.equal(fileForNext([{ start: 70, end: 70 }], 70), 70, "the empty file that says where it ends");
});

test("a file goes when the server has everything in it, the last one only where nothing follows in it", () => {
  const files = [{ start: 0, end: 10 }, { start: 10, end: 20 }];
  assert.equal(fileToFree(files, 9, true), null);
  assert.equal(fileToFree(files, 10, false), files[0]);
  assert.equal(fileToFree(files.slice(1), 20, false), null);
  assert.equal(fileToFree(files.slice(1), 20, true), files[1]);
  assert.equal(fileToFree([{ start: 20, end: 20 }], 20, true), null, "there is nothing in it");
});

test("a log torn at any byte holds its whole lines", () => {
  const entries = [{ type: "session", name: "Labör" }, { type: "alive", atMs: 5 }];
  const bytes = new TextEncoder().encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  const first = bytes.indexOf(0x0a) + 1;
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const whole = cut === bytes.length ? 2 : cut >= first ? 1 : 0;
    const found = parseLog(bytes.subarray(0, cut));
    assert.deepEqual(found.entries, entries.slice(0, whole), `cut at ${cut}`);
    assert.equal(found.size, [0, first, bytes.length][whole]);
  }
  assert.deepEqual(parseLog(new TextEncoder().encode('{"a":1}\n\u0000\u0000\n7\n{"b":2}\n')).entries, [{ a: 1 }, { b: 2 }]);
});
