import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentProblem, isApple } from "../../web/lib/environment.js";
import { fitted } from "../../web/capture/fit.js";

function page(more = {}) {
  class MediaRecorder {
    static isTypeSupported() {
      return true;
    }
  }
  return /** @type {any} */ ({
    isSecureContext: true,
    location: { host: "192.168.1.3:5001" },
    navigator: { mediaDevices: { getUserMedia() {} } },
    MediaRecorder,
    WebSocket: class {},
    Blob,
    ...more,
  });
}

test("a browser that can", () => {
  assert.equal(environmentProblem(page()), null);
});

test("an insecure page is not an old browser", () => {
  const problem = environmentProblem(page({ isSecureContext: false, navigator: {} }));
  assert.equal(problem.key, "error.insecure");
});

test("what is missing makes it too old", () => {
  for (const more of [{ navigator: {} }, { MediaRecorder: undefined }, { WebSocket: undefined }, { Blob: class {} }]) {
    assert.equal(environmentProblem(page(more)).key, "error.browser_old");
  }
});

test("Apple's engine, by its vendor", () => {
  assert.ok(isApple({ vendor: "Apple Computer, Inc." }));
  assert.ok(!isApple({ vendor: "Google Inc." }));
  assert.ok(!isApple({}));
});

test("the frame has the picture's shape and fits", () => {
  assert.deepEqual(fitted({ width: 800, height: 1000 }, { width: 1280, height: 720 }), { width: 800, height: 450 });
  assert.deepEqual(fitted({ width: 800, height: 400 }, { width: 720, height: 1280 }), { width: 225, height: 400 });
});
