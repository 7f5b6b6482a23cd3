import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecent, pieceAt, readPieces } from "../../web/lib/spool-pieces.js";
import { pattern } from "./spool-fakes.mjs";

const pieces = [3, 2, 3].reduce((list, length) => {
  const last = list[list.length - 1];
  const position = last ? last.position + last.bytes.length : 10;
  return [...list, { position, bytes: pattern(position, length) }];
}, []);

test("reads within one piece, across pieces, and no further than the last", () => {
  for (let from = 10; from < 18; from += 1) {
    for (let until = from + 1; until <= 20; until += 1) {
      assert.deepEqual(readPieces(pieces, from, until), pattern(from, Math.min(until, 18) - from));
    }
  }
  assert.throws(() => readPieces(pieces, 9, 12), RangeError);
  assert.throws(() => readPieces(pieces, 18, 19), RangeError);
  assert.equal(pieceAt([], 0), -1);
});

test("the newest bytes are kept, and never more than the limit", () => {
  const recent = createRecent(100);
  for (let position = 0; position < 400; position += 40) recent.add(0, position, pattern(position, 40));
  assert.equal(recent.read(0, 319, 330), null);
  assert.deepEqual(recent.read(0, 325, 365), pattern(325, 40));
  recent.add(1, 0, pattern(0, 90));
  assert.equal(recent.read(0, 399, 400), null, "the older generation goes first");
  assert.deepEqual(recent.read(1, 5, 10), pattern(5, 5));
  recent.forget(1, 90);
  assert.equal(recent.read(1, 5, 10), null);
});

test("a piece that is too large is not kept, and nothing is read across the hole", () => {
  const recent = createRecent(100);
  recent.add(0, 0, pattern(0, 10));
  recent.add(0, 10, pattern(10, 101));
  recent.add(0, 111, pattern(111, 10));
  assert.equal(recent.read(0, 5, 20), null);
  assert.equal(recent.read(0, 50, 60), null);
  assert.deepEqual(recent.read(0, 111, 121), pattern(111, 10));
});
