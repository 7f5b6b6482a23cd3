import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./syntax.mjs";

const bad = (source, kind = { module: true }) => problemsOf(source, kind).length > 0;

test("what the oldest engines read passes", () => {
  for (const source of [
    "class A { #x = 1; get x() { return this.#x; } }",
    "const a = b?.c ?? 1; a ||= 2; 'x'.replaceAll('x', 'y');",
    "export async function f() { await 1; for await (const x of y) x; }",
    "const at = 1; at;",
  ]) {
    assert.deepEqual(problemsOf(source, { module: true }), [], source);
  }
});

test("what they do not read is refused", () => {
  for (const source of [
    "class A { #m() {} }",
    "class A { static { } }",
    "class A { static #x = 1; }",
    "class A { x = 1; }",
    "class A { #x; static is(o) { return #x in o; } }",
    "await 1;",
    "[1].at(-1);",
    "[1].findLast((x) => x);",
    "structuredClone(1);",
    "Object.hasOwn({}, 'a');",
    "crypto.randomUUID();",
    "/(?<=a)b/.test('ab');",
    "/a/d.test('a');",
    "export { a as 'b' }; const a = 1;",
  ]) {
    assert.ok(bad(source), source);
  }
  assert.ok(bad("const a = 1;", { module: false, es5: true }));
});
