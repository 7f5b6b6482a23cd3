import assert from "node:assert/strict";
import { test } from "node:test";
import { createLiveControl } from "../../web/live/control.js";
import { createPage } from "./support/fake-page.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld, settle } from "./support/virtual-time.mjs";

function fixture() {
  const world = createWorld(1);
  const sockets = createSockets();
  const asked = [];
  const heard = [];
  const links = [];
  const page = createPage({ Socket: sockets.Socket, timers: world.timers() });
  const others = [];
  const control = createLiveControl({
    page,
    url: "wss://x/ws/control",
    ask: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    clock: { heard: (nowMs) => heard.push(nowMs) },
    progress: world.now,
    onChange: () => links.push(control.state().link),
    onMessage: (message) => others.push(message),
    random: () => 1,
  });
  const list = (...names) => ({ type: "streams", now_ms: 5, streams: names.map((stream) => ({ stream, state: "live" })) });
  const names = () => control.state().streams?.map(({ stream }) => stream);
  return { world, sockets, page, others, asked, heard, links, control, list, names };
}

test("the list is what was told last, and how long ago", async () => {
  const { world, sockets, control, list, names, heard, others } = fixture();
  control.start();
  assert.deepEqual(control.state(), { link: "connecting", streams: null, sinceMs: 0 });
  sockets.last().open();
  sockets.last().say(list("a"));
  sockets.last().say(list("a", "b"));
  sockets.last().say({ type: "news" });
  sockets.last().onmessage({ data: "{" });
  assert.deepEqual([control.state().link, names(), heard], ["up", ["a", "b"], [5, 5]]);
  assert.deepEqual(others, [list("a"), list("a", "b"), { type: "news" }]);
  world.at(700, () => {});
  await world.run(() => world.now() === 700, 700);
  assert.equal(control.state().sinceMs, 700);
});

test("a connection that is lost is said at once, and comes back by itself after growing pauses", async () => {
  const { world, sockets, page, control, list, names } = fixture();
  control.start();
  sockets.last().open();
  sockets.last().say(list("a"));
  sockets.last().fail();
  assert.equal(control.state().link, "lost");
  assert.deepEqual(names(), ["a"]);
  const pauses = [];
  for (let at = 0; at < 4; at += 1) {
    const [from, before] = [world.now(), sockets.made.length];
    await world.run(() => sockets.made.length > before, 10_000);
    pauses.push(world.now() - from);
    sockets.last().fail();
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000]);
  page.happen("online");
  sockets.last().open();
  sockets.last().say(list("b"));
  assert.deepEqual([control.state().link, names()], ["up", ["b"]]);
});

test("a silent connection is doubted: the request's answer counts, and its failure ends it", async () => {
  const { world, sockets, asked, control, list, names } = fixture();
  control.start();
  sockets.last().open();
  sockets.last().say(list());
  await world.run(() => asked.length === 1, 20_000);
  asked[0].resolve([{ now_ms: 6, streams: [{ stream: "c" }] }]);
  await settle();
  assert.deepEqual([control.state().link, names(), sockets.made.length], ["up", ["c"], 1]);
  await world.run(() => asked.length === 2, 20_000);
  asked[1].reject(new Error("no answer"));
  await settle();
  assert.equal(control.state().link, "lost");
  assert.ok(sockets.made[0].closed);
  await world.run(() => sockets.made.length === 2, 1000);
});

test("an attempt into nowhere is given up", async () => {
  const { world, sockets, control } = fixture();
  control.start();
  await world.run(() => sockets.made.length === 2, 30_000);
  assert.ok(sockets.made[0].closed);
  assert.equal(control.state().link, "lost");
});

test("an answer to an earlier doubt does not speak for the connection of now", async () => {
  const { world, sockets, asked, control, list } = fixture();
  control.start();
  sockets.last().open();
  sockets.last().say(list("a"));
  await world.run(() => asked.length === 1, 20_000);
  sockets.last().fail();
  await world.run(() => sockets.made.length === 2, 1000);
  sockets.last().open();
  sockets.last().say(list("b"));
  asked[0].reject(new Error("late"));
  await settle();
  assert.equal(control.state().link, "up");
});
