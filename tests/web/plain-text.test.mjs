import assert from "node:assert/strict";
import { test } from "node:test";
import { isolated, oneLine } from "../../web/lib/plain-text.js";

test("one line, without anything that turns the direction of writing", () => {
  assert.equal(oneLine(" a\n\t b\u0000\u0085c ", 80), "a b c");
  assert.equal(oneLine("\u200ea\u200fb\u202ac\u202bd\u202ce\u202df\u202eg\u2066h\u2067i\u2068j\u2069k\u061c", 80), "abcdefghijk");
  assert.deepEqual([oneLine("x".repeat(99), 80).length, oneLine(7, 80)], [80, ""]);
});

test("a value does not reach beyond itself, and is short enough to be shown", () => {
  assert.equal(isolated("Front door"), "Front door");
  assert.equal(isolated("דלת"), "\u2068דלת\u2069");
  assert.equal(isolated("\u2069\u202eדלת\u2069"), "\u2068דלת\u2069");
  assert.equal(isolated("x".repeat(200)), `\u2068${"x".repeat(79)}…\u2069`);
});
