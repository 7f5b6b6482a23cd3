import assert from "node:assert/strict";
import { test } from "node:test";
import { request, requestJson } from "../../web/lib/request.js";

/** Headers at once, and a body that ends only with the request. @param {import("node:test").TestContext} t */
function endless(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(globalThis, "fetch", async (path, { signal }) => {
    const body = () => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    return { ok: true, status: 200, text: body, json: body };
  });
  return (work) => {
    const done = work.then(() => "answered", ({ message }) => message);
    return async () => {
      // What follows the headers has happened.
      await new Promise((resolve) => setImmediate(resolve));
      t.mock.timers.tick(5000);
      return done;
    };
  };
}

test("a body that never ends is given up as an answer that never comes", { timeout: 5000 }, async (t) => {
  const until = endless(t);
  const read = async () => (await request("/health")).text;
  assert.equal(await until(read())(), "aborted");
  assert.equal(await until(requestJson("/api/alarms"))(), "aborted");
});

test("an answer with all of its body, whatever its status", async (t) => {
  t.mock.method(globalThis, "fetch", async () => ({ ok: false, status: 503, text: async () => "{}" }));
  assert.deepEqual(await request("/health"), { ok: false, status: 503, text: "{}" });
  await assert.rejects(requestJson("/health"), { status: 503 });
});
