import assert from "node:assert/strict";
import { test } from "node:test";
import { createControl } from "../../web/lib/control.js";
import { createRemote } from "../../web/capture/remote.js";
import { createFakeStudio, idle, openedCamera, recording } from "./support/capture-state.mjs";
import { createPage } from "./support/fake-page.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld, settle } from "./support/virtual-time.mjs";

function fixture({ kept = null, state = idle() } = {}) {
  const world = createWorld(1);
  const sockets = createSockets();
  const page = Object.assign(createPage({ Socket: sockets.Socket, timers: world.timers() }), {
    location: { protocol: "https:", host: "x" },
  });
  const store = new Map(kept ? [["localcamera.remote", kept]] : []);
  const storage = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) };
  const studio = createFakeStudio(state);
  const elsewhere = { records: false, denied: false, unasked: "yes" };
  const device = { id: "device-7q2m", key: "k".repeat(43), name: "Front door", lasting: true, rename: (name) => name };
  const remote = createRemote({
    page,
    studio,
    device,
    client: "localcamera-web/1",
    storage,
    numbered: (number) => `Camera ${number}`,
    now: world.now,
    record: studio.record,
    otherTab: () => elsewhere.records,
    isDenied: async () => elsewhere.denied,
    opensUnasked: async () => elsewhere.unasked,
    onChange: () => {},
    // The server is there whenever a silent connection is doubted.
    connect: (options) => createControl({ ...options, ask: async () => [], random: () => 1 }),
  });
  /** As the page does. */
  const pass = async (ms) => {
    const until = world.now() + ms;
    while (world.now() < until) {
      let over = false;
      world.at(Math.min(500, until - world.now()), () => {
        over = true;
      });
      await world.run(() => over, 500);
      remote.tick();
    }
    await settle();
  };
  const socket = () => sockets.last();
  const devices = () => socket().sent.filter(({ type }) => type === "device");
  const results = () => socket().sent.filter(({ type }) => type === "result");
  let made = 0;
  const order = async (what, value, from = "192.168.1.7") => {
    made += 1;
    socket().say({ type: "command", id: `c${made}`, do: what, value, from });
    await settle();
  };
  /** The last answer in a word. */
  const last = () => {
    const { ok, code } = results()[results().length - 1] || {};
    return ok ? "ok" : code;
  };
  const start = () => {
    remote.tick();
    socket().open();
  };
  return { world, sockets, page, store, studio, elsewhere, device, remote, pass, socket, devices, results, order, last, start };
}

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
