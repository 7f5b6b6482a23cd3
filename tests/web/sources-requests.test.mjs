import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, messageOf, sourcePath } from "../../web/sources/requests.js";

test("a change is waited for longer than the server takes to let a camera go", { timeout: 5000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let isGivenUp = false;
  t.mock.method(globalThis, "fetch", async (path, { signal }) => ({
    ok: true,
    status: 200,
    text: () => new Promise((_, reject) => signal.addEventListener("abort", () => {
      isGivenUp = true;
      reject(new Error("aborted"));
    })),
  }));
  const asking = assert.rejects(ask(sourcePath("door", "pause"), "POST", undefined));
  t.mock.timers.tick(14_000);
  assert.equal(isGivenUp, false);
  // What follows the headers has happened.
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(1000);
  await asking;
});

test("what the server says when it refuses, in whatever form", async (t) => {
  t.mock.method(globalThis, "fetch", async () => ({ ok: false, status: 409, text: async () => '{"error":{"code":"exists","message":"a\\nb"}}' }));
  const { ok, status, told } = await ask("/api/sources", "POST", {});
  assert.deepEqual([ok, status, told.error.code, messageOf(told)], [false, 409, "exists", "a b"]);
  assert.deepEqual([messageOf({ error: "no" }), messageOf(null)], ["no", ""]);
});
