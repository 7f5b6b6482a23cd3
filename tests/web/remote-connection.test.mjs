// The control connection of a device: what is told over it, when it is lost, and which tab has it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { idle, recording } from "./support/capture-state.mjs";
import { fixture } from "./support/remote-fixture.mjs";
import { settle } from "./support/virtual-time.mjs";

test("each connection begins with what the device is, and hears of it again only when it changes", async () => {
  const { sockets, socket, devices, studio, start, pass } = fixture();
  start();
  assert.equal(socket().url, "wss://x/ws/control");
  assert.deepEqual(socket().types, ["device"]);
  assert.equal(devices()[0].key, "k".repeat(43));
  await pass(3000);
  assert.equal(devices().length, 1);
  studio.now = recording();
  await pass(500);
  assert.deepEqual(devices().map(({ state }) => state), ["idle", "recording"]);
  socket().fail();
  await pass(1000);
  assert.equal(sockets.made.length, 2);
  socket().open();
  assert.deepEqual(devices().map(({ state }) => state), ["recording"]);
});

test("what flickers is told at most five times a second", async () => {
  const { world, remote, devices, studio, start } = fixture();
  start();
  for (let at = 0; at < 100; at += 1) {
    studio.now = at % 2 ? idle() : recording();
    let over = false;
    world.at(10, () => {
      over = true;
    });
    await world.run(() => over, 20);
    remote.tick();
  }
  assert.ok(devices().length > 2 && devices().length <= 7, `${devices().length} in a second`);
});

test("with the connection goes the question: whoever asked was told that the device is gone", async () => {
  const { order, start, remote, studio, socket, pass, results } = fixture();
  start();
  await order("start");
  socket().fail();
  assert.equal(remote.question(), null);
  await pass(1000);
  socket().open();
  remote.answer("once", remote.question());
  await pass(31_000);
  assert.deepEqual([studio.did, results()], [[], []]);
});

test("an answer goes only to the connection that asked", async () => {
  const { order, start, studio, socket, pass, results } = fixture({ kept: "always" });
  start();
  let open = () => {};
  studio.gate = new Promise((resolve) => {
    open = resolve;
  });
  await order("start");
  socket().fail();
  await pass(1000);
  socket().open();
  open();
  await settle();
  assert.deepEqual([studio.did, results()], [["start"], []]);
});

test("a lost connection changes nothing, and comes back at growing pauses", async () => {
  const { sockets, start, studio, socket, pass } = fixture({ kept: "always", state: recording() });
  start();
  socket().fail();
  for (let at = 0; at < 240; at += 1) {
    await pass(500);
    socket().fail();
  }
  assert.ok(sockets.made.length < 60, `${sockets.made.length} attempts in two minutes`);
  assert.deepEqual([studio.did, studio.now.inSession], [[], true]);
});

test("another tab has taken over: this one rests, and comes back when it is looked at or records", async () => {
  const { sockets, start, socket, pass, page, studio, elsewhere, remote } = fixture();
  start();
  socket().say({ type: "error", code: "taken_over", message: "…" });
  assert.equal(remote.silence, "other_tab");
  await pass(30_000);
  assert.equal(sockets.made.length, 1);
  page.see(false);
  await pass(1000);
  page.see(true);
  await pass(1000);
  assert.equal(sockets.made.length, 2);
  socket().open();
  assert.equal(remote.silence, null);
  // Two tabs that record do not wrestle.
  studio.now = recording();
  elsewhere.records = true;
  socket().say({ type: "error", code: "taken_over", message: "…" });
  await pass(600_000);
  assert.equal(sockets.made.length, 2);
  elsewhere.records = false;
  await pass(1000);
  assert.equal(sockets.made.length, 3);
});

test("while another tab records, this one does not take its connection", async () => {
  const { sockets, elsewhere, remote, pass, start, devices, studio } = fixture();
  elsewhere.records = true;
  await pass(20_000);
  assert.equal(sockets.made.length, 0);
  elsewhere.records = false;
  start();
  assert.equal(devices()[0].state, "idle");
  // It began meanwhile, and will take over.
  elsewhere.records = true;
  await pass(1000);
  assert.deepEqual([devices()[devices().length - 1].state, devices()[devices().length - 1].why], ["blocked", "other_tab"]);
  assert.deepEqual(studio.did, []);
  assert.equal(remote.silence, null);
});

test("a device that the server knows with another key leaves it alone", async () => {
  const { sockets, start, socket, pass, page, remote } = fixture();
  start();
  socket().say({ type: "error", code: "not_yours", message: "…" });
  page.happen("online");
  await pass(600_000);
  assert.deepEqual([sockets.made.length, remote.silence], [1, "not_yours"]);
});

test("what the server says to others, and nonsense, is passed over", async () => {
  const { start, socket, studio, results } = fixture({ kept: "always" });
  start();
  for (const message of [
    { type: "streams", streams: [] }, { type: "devices" }, { type: "alarms" }, { type: "command" }, { type: "command", id: "1" },
    { type: "error", code: "bad_message" }, { type: "result", id: "1", ok: true }, {}, [], 7, null,
  ]) socket().say(message);
  socket().onmessage({ data: "{" });
  await settle();
  assert.deepEqual([studio.did, results()], [[], []]);
});
