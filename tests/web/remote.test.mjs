// What a device does that is told what to do from elsewhere, and what it answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idle, openedCamera, recording } from "./support/capture-state.mjs";
import { fixture } from "./support/remote-fixture.mjs";
import { settle } from "./support/virtual-time.mjs";

test("with the permission it does what it is told, tells what came of it, and then answers", async () => {
  const { socket, studio, order, start, remote, world, pass } = fixture({ kept: "always" });
  start();
  await order("start");
  assert.deepEqual(socket().sent.slice(1).map(({ type, state, ok }) => state ?? [type, ok]), ["recording", ["result", true]]);
  assert.deepEqual(remote.line(world.now()).key, "capture.remote.did.start");
  await order("mark", "Goal");
  await order("camera", "back");
  await order("quality", "1080p,high");
  await order("name", "Back door");
  await order("stop");
  assert.deepEqual(studio.did, [
    "start",
    ["mark", { label: "Goal", atMs: 0 }],
    ["camera", { cameraId: "back" }],
    ["settings", { height: 1080, quality: "high" }],
    ["name", "Back door"],
    "stop",
  ]);
  assert.ok(socket().sent.filter(({ type }) => type === "result").every(({ ok }) => ok === true));
  await pass(11_000);
  assert.equal(remote.line(world.now()), null);
});

test("who started a recording stands there for as long as it runs", async () => {
  const { order, start, remote, world, pass, studio } = fixture({ kept: "always" });
  start();
  await order("start");
  await order("mark");
  assert.equal(remote.line(world.now()).key, "capture.remote.did.mark");
  await pass(60_000);
  assert.deepEqual([remote.line(world.now()).key, remote.line(world.now()).values.from], ["capture.remote.did.start", "192.168.1.7"]);
  studio.now = recording({ session: "s-2" });
  assert.equal(remote.line(world.now()), null);
});

test("what did not come to be is not said to have been done", async () => {
  const { order, start, last, studio, remote, world } = fixture({ kept: "always" });
  start();
  studio.works = false;
  await order("start");
  assert.equal(last(), "failed");
  await order("camera", "back");
  assert.equal(last(), "failed");
  await order("quality", "1080p");
  assert.equal(last(), "failed");
  studio.rename = () => {
    throw new Error("storage is shut");
  };
  await order("name", "Back door");
  assert.equal(last(), "failed");
  assert.equal(remote.line(world.now()), null);
});

test("turned off, it still tells what it does, and refuses everything", async () => {
  const { order, start, last, remote, devices, studio } = fixture({ kept: "off" });
  start();
  assert.deepEqual([devices()[0].control, devices()[0].state], ["none", "idle"]);
  await order("start");
  assert.equal(last(), "not_allowed");
  remote.choose("ask");
  await order("start");
  assert.equal(last(), "asking");
  remote.choose("off");
  assert.deepEqual([last(), remote.question(), studio.did], ["not_allowed", null, []]);
});

test("one thing at a time", async () => {
  const { order, start, results, last, remote, studio } = fixture();
  start();
  await order("start");
  await order("name", "Attic", "192.168.1.8");
  assert.equal(last(), "busy");
  let open = () => {};
  studio.gate = new Promise((resolve) => {
    open = resolve;
  });
  remote.answer("once", remote.question());
  await order("stop");
  assert.equal(last(), "busy", "a stop is not said to be done while the recording begins");
  open();
  await settle();
  assert.deepEqual(results().filter(({ id }) => id === "c1").map(({ ok }) => ok), [null, true]);
  await order("stop");
  assert.equal(last(), "ok");
});

test("what takes too long is answered, and nothing else begins before it has ended", async () => {
  const { order, start, last, studio, pass } = fixture({ kept: "always" });
  start();
  studio.hang();
  studio.giveUp = () => {};
  await order("start");
  await pass(25_500);
  assert.equal(last(), "failed");
  await order("name", "Attic");
  assert.equal(last(), "busy");
  studio.open();
  await settle();
  await order("name", "Attic");
  assert.equal(last(), "ok");
});

test("a camera that never opens is given up, and the next command finds the device free", async () => {
  const { order, start, last, studio, pass } = fixture({ kept: "always" });
  start();
  studio.hang();
  await order("camera", "back");
  await pass(24_000);
  await order("name", "Attic");
  assert.equal(last(), "busy");
  await pass(1500);
  assert.deepEqual(studio.did, [["camera", { cameraId: "back" }], "give up"]);
  await order("name", "Attic");
  assert.equal(last(), "ok");
});

test("a stop waits for no other command, and for no question either where it needs none", async () => {
  const { order, start, last, studio } = fixture({ kept: "always", state: recording() });
  start();
  studio.hang();
  await order("camera", "back");
  await order("mark");
  assert.equal(last(), "busy");
  studio.gate = Promise.resolve();
  await order("stop");
  assert.deepEqual([last(), studio.did[studio.did.length - 1]], ["ok", "stop"]);

  const asking = fixture();
  asking.start();
  await asking.order("start");
  asking.remote.answer("once", asking.remote.question());
  await settle();
  await asking.order("name", "Attic", "192.168.1.8");
  await asking.order("mark");
  assert.equal(asking.last(), "busy");
  await asking.order("stop");
  assert.equal(asking.last(), "ok");
});

test("a recording is not shut for a camera about which the browser would ask", async () => {
  const { order, start, last, studio, elsewhere, remote } = fixture({ kept: "always", state: recording() });
  start();
  elsewhere.unasked = "no";
  await order("camera", "back");
  assert.equal(last(), "failed");
  await order("quality", "1080p,standard");
  assert.deepEqual([last(), studio.did], ["failed", []]);
  // The same picture in another quality needs no camera.
  await order("quality", "720p,high");
  assert.equal(last(), "ok");
  // A browser that does not tell: somebody was there when it was allowed, or is there now.
  elsewhere.unasked = "unknown";
  await order("camera", "back");
  assert.equal(last(), "failed");
  remote.choose("always");
  await order("camera", "back");
  assert.equal(last(), "ok");
  remote.choose("ask");
  await order("camera", "front");
  assert.equal(last(), "asking");
  remote.answer("once", remote.question());
  await settle();
  assert.equal(last(), "ok");
  elsewhere.unasked = "no";
  await order("camera", "back");
  assert.deepEqual([last(), remote.question()], ["failed", null], "nobody is asked for nothing");
});

test("what another tab has chosen holds here, too", async () => {
  const { order, start, remote, store, last, pass, devices, studio } = fixture({ kept: "always" });
  start();
  store.set("localcamera.remote", "off");
  await order("start");
  assert.deepEqual([last(), studio.did, remote.mode], ["not_allowed", [], "off"]);
  store.set("localcamera.remote", "ask");
  await pass(500);
  assert.equal(devices()[devices().length - 1].control, "ask");
  await order("start");
  assert.equal(last(), "asking");
  store.set("localcamera.remote", "off");
  await pass(500);
  assert.deepEqual([last(), remote.question(), store.get("localcamera.remote")], ["not_allowed", null, "off"]);
});

test("a browser that wants a tap says so until the page was touched, or the person has said no", async () => {
  const { start, devices, pass, page, studio, elsewhere } = fixture();
  const refusal = () => idle({ opened: null, fault: { key: "error.permission", values: {} } });
  studio.now = refusal();
  start();
  await pass(500);
  const why = () => devices()[devices().length - 1].why;
  assert.equal(why(), "tap");
  page.happen("pointerdown");
  await pass(500);
  assert.equal(why(), "permission");
  elsewhere.denied = true;
  studio.now = { ...idle(), opened: openedCamera("front") };
  await pass(500);
  assert.equal(why(), null);
});
