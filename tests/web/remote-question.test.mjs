// The person at the device is asked: by whom, for how long, and what the answer holds for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idle, recording } from "./support/capture-state.mjs";
import { fixture } from "./support/remote-fixture.mjs";
import { settle } from "./support/virtual-time.mjs";

test("the person is asked, and allows it once: that recording can then be marked and stopped from there", async () => {
  const { order, start, last, remote, studio } = fixture();
  start();
  await order("start");
  assert.equal(last(), "asking");
  assert.deepEqual([remote.question().order.do, remote.question().order.from, studio.did], ["start", "192.168.1.7", []]);
  remote.answer("once", remote.question());
  await settle();
  assert.deepEqual([last(), remote.question(), studio.did], ["ok", null, ["start"]]);
  await order("mark");
  assert.equal(last(), "ok");
  await order("mark", "", "192.168.1.8");
  assert.equal(last(), "asking");
  remote.answer("no", remote.question());
  await order("stop");
  assert.equal(last(), "ok");
  // The next recording is another one.
  studio.now = idle();
  await order("start");
  assert.equal(last(), "asking");
  assert.equal(remote.mode, "ask");
});

test("a mark is set where it was asked for, however long the person took to allow it", async () => {
  const { order, start, remote, studio, pass, world } = fixture({ state: recording() });
  start();
  await pass(2000);
  const atMs = world.now();
  await order("mark");
  await pass(9000);
  remote.answer("once", remote.question());
  await settle();
  assert.deepEqual(studio.did, [["mark", { label: "", atMs }]]);
});

test("allowed always it is kept, told, and nobody is asked again", async () => {
  const { order, start, last, remote, store, devices } = fixture();
  start();
  await order("start");
  remote.answer("always", remote.question());
  await settle();
  assert.deepEqual([last(), remote.mode, store.get("localcamera.remote")], ["ok", "always", "always"]);
  assert.equal(devices()[devices().length - 1].control, "allowed");
  await order("camera", "back", "192.168.1.8");
  assert.equal(last(), "ok");
});

test("No is an answer, and the same asker is not shown again for a minute", async () => {
  const { order, start, last, remote, studio, pass } = fixture();
  start();
  await order("start");
  remote.answer("no", remote.question());
  assert.equal(last(), "not_allowed");
  await order("start");
  assert.deepEqual([last(), remote.question()], ["not_allowed", null]);
  await pass(60_000);
  await order("start");
  assert.equal(last(), "asking");
  assert.deepEqual(studio.did, []);
});

test("no answer within 30 s is one", async () => {
  const { order, start, last, remote, studio, pass } = fixture();
  start();
  await order("start");
  const question = remote.question();
  await pass(29_000);
  assert.equal(last(), "asking");
  await pass(1500);
  assert.deepEqual([last(), remote.question(), studio.did], ["no_answer", null, []]);
  remote.answer("once", question);
  await settle();
  assert.deepEqual(studio.did, [], "a tap that comes too late does nothing");
});

test("an answer is to the question that was on the screen, and to no other", async () => {
  const { order, start, remote, studio, pass } = fixture({ state: recording() });
  start();
  await order("mark", "Goal");
  const shown = remote.question();
  studio.now = idle();
  await pass(500);
  await order("start", "", "192.168.1.8");
  remote.answer("always", shown);
  await settle();
  assert.deepEqual([studio.did, remote.mode, remote.question().order.do], [[], "ask", "start"]);
});

test("a device that has slept through the time does not take the answer any more", async () => {
  for (const wakes of ["answer", "tick"]) {
    const { world, order, start, remote, studio, last, page } = fixture();
    start();
    // Timers stand still in a sleep.
    page.setTimeout = () => null;
    await order("start");
    const question = remote.question();
    let over = false;
    world.at(30_000, () => {
      over = true;
    });
    await world.run(() => over, 40_000);
    if (wakes === "answer") remote.answer("once", question);
    else remote.tick();
    await settle();
    assert.deepEqual([last(), remote.question(), studio.did], ["no_answer", null, []], wakes);
  }
});

test("whoever got no answer rests, and all together ask a few times a minute", async () => {
  const { order, start, remote, last, pass } = fixture();
  start();
  await order("start");
  await pass(30_500);
  assert.equal(last(), "no_answer");
  await order("start");
  assert.deepEqual([last(), remote.question()], ["not_allowed", null]);
  await pass(60_000);
  for (let at = 0; at < 4; at += 1) {
    await order("start", "", `192.168.1.${at}`);
    assert.equal(last(), "asking");
    remote.answer("no", remote.question());
  }
  await order("start", "", "192.168.1.99");
  assert.deepEqual([last(), remote.question()], ["not_allowed", null]);
  await pass(60_000);
  await order("start", "", "192.168.1.99");
  assert.equal(last(), "asking");
});

test("a question is over when the person has done it by hand, or when it cannot be done any more", async () => {
  const { order, start, last, remote, studio, page, pass } = fixture();
  start();
  await order("start");
  studio.now = recording();
  await pass(500);
  assert.deepEqual([last(), remote.question()], ["ok", null]);
  await order("mark");
  studio.now = idle();
  await pass(500);
  assert.deepEqual([last(), remote.question()], ["failed", null]);
  await order("start");
  page.document.visibilityState = "hidden";
  await pass(500);
  assert.deepEqual([last(), remote.question(), studio.did], ["failed", null, []]);
});
