import assert from "node:assert/strict";
import { test } from "node:test";
import { watchHealth } from "../../web/capture/health.js";

const OWN = "https://192.168.1.2:5001";
globalThis.location = { origin: OWN };

/** @param {Record<string, number>} servers the status of each origin's answer; who is not named is away */
async function look(servers, origins = [OWN, "https://192.168.1.3:5001", "https://camera.local:5001"]) {
  const asked = [];
  globalThis.fetch = async (url) => {
    const { origin } = new URL(url);
    asked.push(origin);
    if (!(origin in servers)) throw new TypeError("no connection");
    return new Response(JSON.stringify({ status: "x", reason: "the disk is full" }), { status: servers[origin] });
  };
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const found = await new Promise((resolve) => watchHealth({ page, origins: () => origins, wanted: () => true, onChange: resolve }).look());
  return { found, asked };
}

// The next look is ten seconds away, and nobody waits for it here.
const { setTimeout: later } = globalThis;
globalThis.setTimeout = (...about) => {
  const timer = later(...about);
  timer.unref();
  return timer;
};

test("the page's own server is asked, and no other while it answers", async () => {
  const { found, asked } = await look({ [OWN]: 200, "https://camera.local:5001": 200 });
  assert.deepEqual(found, { state: "good", reason: "", elsewhere: "" });
  assert.deepEqual(asked, [OWN]);
});

test("a server that cannot record says why", async () => {
  const { found } = await look({ [OWN]: 503 });
  assert.deepEqual(found, { state: "unable", reason: "the disk is full", elsewhere: "" });
});

test("a server that has moved is found at another of its addresses", async () => {
  const { found } = await look({ "https://camera.local:5001": 200 });
  assert.deepEqual(found, { state: "good", reason: "", elsewhere: "https://camera.local:5001" });
});

test("a server that is nowhere is away", async () => {
  assert.deepEqual((await look({})).found, { state: "down", reason: "", elsewhere: "" });
  assert.deepEqual((await look({}, [OWN])).found, { state: "down", reason: "", elsewhere: "" });
});
