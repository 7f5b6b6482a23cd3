import assert from "node:assert/strict";
import { test } from "node:test";
import { createOrigins } from "../../web/lib/origins.js";

const OWN = "https://192.168.1.3:5001";

function memory(kept = {}) {
  return {
    kept,
    getItem: (key) => (key in kept ? kept[key] : null),
    setItem: (key, value) => {
      kept[key] = value;
    },
  };
}

/** Where a route goes while everything fails. */
function attempts(route, count) {
  return Array.from({ length: count }, () => {
    const origin = route.next();
    route.failed();
    return origin;
  });
}

test("what a server says of itself is kept for the next visit, and what it no longer says is not", () => {
  const storage = memory();
  const origins = createOrigins({ own: OWN, storage });
  origins.learn(["https://host.local:5001/", OWN, "https://10.0.0.2:5001/live", "http://10.0.0.2", "wss://x", 7, "no address"]);
  assert.deepEqual(origins.all(), [OWN, "https://host.local:5001", "https://10.0.0.2:5001"]);
  assert.deepEqual(createOrigins({ own: OWN, storage }).all(), origins.all());
  origins.learn(["https://10.0.0.9:5001"], "https://reached.example");
  assert.deepEqual(createOrigins({ own: OWN, storage }).all(), [OWN, "https://reached.example", "https://10.0.0.9:5001"]);
  origins.learn([]);
  origins.learn(undefined);
  assert.equal(origins.all().length, 3);
});

test("storage that is missing, full or spoiled does no harm", () => {
  const full = memory();
  full.setItem = () => {
    throw new Error("full");
  };
  for (const storage of [null, full, memory({ "localcamera.origins": "{" }), memory({ "localcamera.origins": "7" })]) {
    const origins = createOrigins({ own: OWN, storage });
    assert.deepEqual(origins.all(), [OWN]);
    origins.learn(["https://10.0.0.2:5001"]);
    assert.deepEqual(origins.all(), [OWN, "https://10.0.0.2:5001"]);
  }
});

test("the page's own origin twice, then the others in turn with it", () => {
  const origins = createOrigins({ own: OWN });
  assert.deepEqual(attempts(origins.route(), 4), [OWN, OWN, OWN, OWN]);
  origins.learn(["https://a", "https://b"]);
  assert.deepEqual(attempts(origins.route(), 9), [
    OWN, OWN, "https://a", OWN, "https://b", OWN, "https://a", OWN, "https://b",
  ]);
});

test("where it worked is tried first next time, and the own one soon", () => {
  const origins = createOrigins({ own: OWN });
  origins.learn(["https://a", "https://b"]);
  const route = origins.route();
  attempts(route, 4);
  assert.equal(route.next(), "https://b");
  route.worked();
  assert.deepEqual(attempts(route, 6), ["https://b", "https://b", OWN, "https://b", "https://a", "https://b"]);
});
