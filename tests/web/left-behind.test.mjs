import assert from "node:assert/strict";
import { test } from "node:test";
import { readLog, RESUME_MS, sortOut } from "../../web/capture/left-behind.js";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

const log = ({ startedMs, aliveMs = startedMs, more = [] }) => [
  { type: "session", session: "s", startedMs, name: "Bench", deviceId: "d", addresses: [] },
  { type: "generation", generation: 0, mime: "video/webm", startedMs, reason: "start", offsetMs: null },
  { type: "alive", atMs: aliveMs, handedMs: aliveMs - 400, ongoing: [] },
  ...more,
];
const left = (session, about) => readLog(session, log(about), 5000);

test("a log tells when the page was last alive, when the encoder last handed something over, and what was open", () => {
  const ongoing = [{ startMs: NOW - 2000, reason: "camera_lost", untilRun: true }];
  const found = readLog("s", [...log({ startedMs: NOW - 9000 }), { type: "alive", atMs: NOW - 1000, handedMs: NOW - 2100, ongoing }], 77);
  assert.deepEqual(found, {
    session: "s",
    bytes: 77,
    startedMs: NOW - 9000,
    name: "Bench",
    deviceId: "d",
    generations: 1,
    stopped: false,
    lastMs: NOW - 1000,
    handedMs: NOW - 2100,
    toldMs: 0,
    awayMs: 0,
    ongoing,
  });
});

test("entries of other kinds, and broken ones, are passed over", () => {
  const found = readLog("s", [{ type: "session" }, { type: "alive", atMs: "soon" }, {}, { type: "tea" }, { type: "event", message: {} }, { type: "alive", ongoing: [null, 3] }], 0);
  assert.equal(found.lastMs, 0);
  assert.equal(found.generations, 0);
  assert.deepEqual(found.ongoing, []);
});

test("bytes that were stored after the last sign of life are known by their clock reading", () => {
  const clock = { type: "clock", message: { type: "clock", generation: 0, end: 5000, at_ms: NOW - 1500 } };
  const found = left("s", { startedMs: NOW - 9000, aliveMs: NOW - 4000, more: [clock, { type: "clock" }] });
  assert.equal(found.handedMs, NOW - 1500);
  assert.equal(found.lastMs, NOW - 1500);
});

test("a gap that has ended and was told is not open any more", () => {
  const camera = { startMs: NOW - 6000.4, reason: "camera_lost", untilRun: true };
  const microphone = { startMs: NOW - 6000.4, reason: "muted", detail: "microphone" };
  const alive = { type: "alive", atMs: NOW - 5000, handedMs: NOW - 6100, ongoing: [camera, microphone] };
  const gap = { type: "event", message: { type: "event", event: "gap", start_ms: NOW - 6000, end_ms: NOW - 4000, reason: "camera_lost" } };
  const hidden = { type: "event", message: { type: "event", event: "hidden", at_ms: NOW - 100 } };
  const found = left("s", { startedMs: NOW - 9000, more: [alive, gap, hidden] });
  assert.deepEqual(found.ongoing, [microphone]);
  assert.equal(found.toldMs, NOW - 4000);
});

test("the time without a page is known, and other gaps are not part of it", () => {
  const gap = (/** @type {string} */ reason, /** @type {number} */ fromMs, /** @type {number} */ untilMs) => ({
    type: "event",
    message: { type: "event", event: "gap", start_ms: NOW - fromMs, end_ms: NOW - untilMs, reason },
  });
  const more = [gap("page_killed", 9000, 7000), gap("camera_lost", 6000, 5000), gap("page_killed", 4000, 3500)];
  assert.equal(left("s", { startedMs: NOW - 10_000, more }).awayMs, 2500);
});

test("whoever pressed Stop is not asked to go on, though not everything had been handed over", () => {
  for (const entry of [{ type: "stopping", atMs: NOW }, { type: "stop", generations: [] }]) {
    assert.equal(readLog("s", log({ startedMs: NOW, more: [entry] }), 0).stopped, true);
  }
});

test("what was interrupted a moment ago goes on; the rest is delivered, oldest first", () => {
  const fresh = left("fresh", { startedMs: NOW - 10 * MINUTE, aliveMs: NOW - MINUTE });
  const stopped = left("stopped", { startedMs: NOW - 5 * MINUTE, aliveMs: NOW - MINUTE, more: [{ type: "stopping", atMs: NOW }] });
  const old = left("old", { startedMs: NOW - 300 * MINUTE, aliveMs: NOW - 200 * MINUTE });
  assert.deepEqual(sortOut([stopped, fresh, old], NOW), { fresh: [fresh], old: [old, stopped], empty: [] });
});

test("a quarter of an hour is the limit, on either side of a clock that was set", () => {
  const isFresh = (aliveMs) => sortOut([left("s", { startedMs: aliveMs - MINUTE, aliveMs })], NOW).fresh.length === 1;
  assert.ok(isFresh(NOW - RESUME_MS));
  assert.ok(!isFresh(NOW - RESUME_MS - 1));
  assert.ok(isFresh(NOW + MINUTE));
  assert.ok(!isFresh(NOW + RESUME_MS + 1));
});

test("of two interrupted ones the newer comes first", () => {
  const one = left("one", { startedMs: NOW - 9 * MINUTE, aliveMs: NOW - 8 * MINUTE });
  const two = left("two", { startedMs: NOW - 7 * MINUTE, aliveMs: NOW - MINUTE });
  assert.deepEqual(sortOut([one, two], NOW).fresh, [two, one]);
});

test("a session in which nothing was recorded is no recording", () => {
  const nothing = readLog("s", log({ startedMs: NOW - 99 * MINUTE }).slice(0, 1), 0);
  assert.deepEqual(sortOut([nothing], NOW), { fresh: [], old: [], empty: [nothing] });
  const bytesAlone = { ...nothing, bytes: 1 };
  assert.deepEqual(sortOut([bytesAlone], NOW), { fresh: [], old: [bytesAlone], empty: [] });
});
