import assert from "node:assert/strict";
import { test } from "node:test";
import { createAlarms } from "../../web/lib/alarms.js";
import { createSilenced, STORAGE_KEY } from "../../web/lib/alarms-silenced.js";

function storageOf(kept = {}) {
  const store = new Map(Object.entries(kept));
  return { store, getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) };
}
const told = (...alarms) => ({ type: "alarms", now_ms: 10_000, alarms: alarms.map(([id, since_ms]) => ({ id, kind: "silent", since_ms, device: id, name: id, session: `s-${id}`, message: "" })) });

test("what one page has silenced is silent on the next, until it rises anew", () => {
  const storage = storageOf();
  const first = createAlarms();
  first.heard(told(["a", 1000]), 0);
  first.silence();
  createSilenced(storage).keep(first.silenced());
  const next = createAlarms();
  next.heard(told(["a", 1000]), 0);
  assert.equal(next.isSounding(0), true);
  next.silenceAlso(createSilenced(storage).keys());
  assert.equal(next.isSounding(0), false);
  next.heard(told(["a", 5000]), 1000);
  next.silenceAlso(createSilenced(storage).keys());
  assert.equal(next.isSounding(1000), true);
});

test("a server that is away is silenced on this page only", () => {
  const alarms = createAlarms();
  alarms.silence();
  assert.deepEqual(alarms.silenced(), []);
});

test("the oldest go, and what is no list is none", () => {
  const storage = storageOf();
  const silenced = createSilenced(storage);
  for (let at = 0; at < 100; at += 1) silenced.keep([`a ${at}`]);
  assert.deepEqual([silenced.keys().length, silenced.keys()[0], silenced.keys()[63]], [64, "a 36", "a 99"]);
  for (const kept of ["on", "{}", "[7]", ""]) assert.deepEqual(createSilenced(storageOf({ [STORAGE_KEY]: kept })).keys(), []);
  assert.deepEqual(createSilenced(null).keys(), []);
  const full = { getItem: () => null, setItem() { throw new Error("full"); } };
  createSilenced(full).keep(["a 1"]);
  assert.deepEqual(createSilenced(full).keys(), []);
});
