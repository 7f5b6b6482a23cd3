import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTruth } from "../../web/capture/truth.js";

const NOW = 1_000_000;
const FACTS = {
  phase: "recording",
  server: "good",
  serverReason: "",
  link: "up",
  everUp: true,
  cameraLost: false,
  partly: false,
  startedMs: NOW - 60000,
  stoppedMs: null,
  waitingBytes: 300000,
  durableWallMs: NOW - 1200,
  durableAtMs: NOW - 300,
  handedMs: NOW - 800,
  creditBytes: 1 << 20,
  problem: "",
  roomMs: 600000,
};
const truth = (facts) => describeTruth({ ...FACTS, ...facts }, NOW);

test("all is well: up to when, how long ago, what waits, and what the browser still has", () => {
  const { light, main, more } = truth({});
  assert.equal(light, "good");
  assert.equal(main.key, "capture.truth.good");
  assert.equal(main.values.seconds, 1);
  assert.equal(main.values.waiting, "0.3 MB");
  assert.deepEqual(more, { key: "capture.truth.browser_holds", values: { seconds: 1 } });
});

test("nothing durable for five seconds is said, with its reason", () => {
  const stalled = { durableAtMs: NOW - 5000, durableWallMs: NOW - 6000 };
  assert.equal(truth({ ...stalled, durableAtMs: NOW - 4999 }).light, "good");
  for (const [facts, why] of [
    [{ link: "down" }, "connection"],
    [{ link: "connecting", everUp: false }, "server"],
    [{ creditBytes: 0 }, "storage"],
    [{ problem: "disk full" }, "storage"],
    [{ handedMs: NOW - 5000 }, "browser"],
    [{}, "confirmation"],
  ]) {
    const { light, main } = truth({ ...stalled, ...facts });
    assert.equal(light, "bad");
    assert.equal(main.key, `capture.truth.stalled.${why}`);
    assert.equal(main.values.seconds, 5);
    assert.equal(truth({ ...stalled, ...facts, durableWallMs: null }).main.key, `capture.truth.nothing.${why}`);
  }
});

test("a server that closes because it cannot write is no missing connection, and its sentence is shown", () => {
  const closed = { durableAtMs: NOW - 6000, link: "down", creditBytes: 0, problem: "The disk is full." };
  for (const everUp of [true, false]) {
    const { light, main, more } = truth({ ...closed, everUp });
    assert.equal(light, "bad");
    assert.equal(main.key, "capture.truth.stalled.storage");
    assert.deepEqual(more, { key: "capture.truth.server_says", values: { message: "The disk is full." } });
  }
  const stopped = truth({ ...closed, phase: "stopping" });
  assert.equal(stopped.main.key, "capture.truth.stopped_storage");
  assert.deepEqual(stopped.more, { key: "capture.truth.server_says", values: { message: "The disk is full." } });
});

test("a recording of which nothing is durable counts from its start", () => {
  const fresh = { durableAtMs: null, durableWallMs: null };
  assert.equal(truth({ ...fresh, startedMs: NOW - 2000 }).main.key, "capture.truth.first");
  assert.equal(truth({ ...fresh, startedMs: NOW - 6000 }).light, "bad");
});

test("catching up is not good yet", () => {
  const { light, main } = truth({ durableWallMs: NOW - 63000, waitingBytes: 12e6 });
  assert.equal(light, "late");
  assert.equal(main.key, "capture.truth.behind");
  assert.equal(main.values.seconds, 63);
});

test("a camera that is gone is never green", () => {
  assert.equal(truth({ cameraLost: true }).main.key, "capture.truth.camera_lost");
  assert.equal(truth({ cameraLost: true, phase: "starting" }).light, "bad");
});

test("after Stop: sending, finishing, offline, finished, partly", () => {
  assert.equal(truth({ phase: "stopping" }).main.key, "capture.truth.sending");
  assert.equal(truth({ phase: "stopping", waitingBytes: 0 }).main.key, "capture.truth.finishing");
  assert.equal(truth({ phase: "stopping", link: "down" }).main.key, "capture.truth.stopped_offline");
  assert.equal(truth({ phase: "stopping", creditBytes: 0 }).main.key, "capture.truth.stopped_storage");
  assert.equal(truth({ phase: "finished" }).light, "good");
  assert.equal(truth({ phase: "finished", partly: true }).light, "bad");
});
