import assert from "node:assert/strict";
import { test } from "node:test";
import { createControl } from "../../web/lib/control.js";
import { createPage } from "./support/fake-page.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld, settle } from "./support/virtual-time.mjs";

function fixture() {
  const world = createWorld(1);
  const sockets = createSockets();
  const page = createPage({ Socket: sockets.Socket, timers: world.timers() });
  const asked = [];
  const news = [];
  const control = createControl({
    page,
    url: "wss://x/ws/control",
    ask: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    onOpen: () => news.push("open"),
    onMessage: (message) => news.push(message),
    onClose: () => news.push("close"),
    random: () => 1,
  });
  return { world, sockets, page, asked, news, control };
}

test("what is said arrives, and what nobody understands does not", () => {
  const { sockets, news, control } = fixture();
  control.start();
  control.start();
  assert.equal(sockets.made.length, 1);
  sockets.last().open();
  sockets.last().say({ type: "streams", streams: [] });
  sockets.last().onmessage({ data: "{" });
  sockets.last().onmessage({ data: "7" });
  sockets.last().onmessage({ data: "null" });
  assert.deepEqual(news, ["open", { type: "streams", streams: [] }]);
});

test("messages go out while there is a connection, and none wait for one", () => {
  const { sockets, control } = fixture();
  assert.equal(control.send({ type: "device" }), false);
  control.start();
  assert.equal(control.send({ type: "device" }), false);
  sockets.last().open();
  assert.equal(control.send({ type: "device" }), true);
  assert.deepEqual(sockets.last().sent, [{ type: "device" }]);
  sockets.last().readyState = 2;
  assert.equal(control.send({ type: "device" }), false);
  sockets.last().fail();
  assert.equal(control.send({ type: "device" }), false);
});

test("a lost connection comes back after growing pauses, which end once one has held", async () => {
  const { world, sockets, control, news } = fixture();
  control.start();
  sockets.last().open();
  sockets.last().say({ type: "x" });
  const pauses = [];
  for (let at = 0; at < 4; at += 1) {
    const [from, before] = [world.now(), sockets.made.length];
    sockets.last().fail();
    await world.run(() => sockets.made.length > before, 10_000);
    pauses.push(world.now() - from);
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000]);
  assert.equal(news.filter((one) => one === "close").length, 4);
  sockets.last().open();
  sockets.last().say({ type: "x" });
  await world.run(() => false, 3500);
  const from = world.now();
  sockets.last().fail();
  await world.run(() => sockets.made.length === 6, 10_000);
  assert.equal(world.now() - from, 250);
});

test("a server that speaks to everybody and drops them at once is left in peace", async () => {
  const { world, sockets, control } = fixture();
  control.start();
  while (world.now() < 60_000) {
    sockets.last().open();
    sockets.last().say({ type: "streams", streams: [] });
    const before = sockets.made.length;
    sockets.last().fail();
    await world.run(() => sockets.made.length > before, 10_000);
  }
  assert.ok(sockets.made.length < 20, `${sockets.made.length} connections in a minute`);
});

test("the network that is back, and a page that is seen again, shorten the pause", async () => {
  const { world, sockets, page, control } = fixture();
  control.start();
  sockets.last().fail();
  page.happen("online");
  assert.equal(sockets.made.length, 2);
  sockets.last().fail();
  page.see(false);
  assert.equal(sockets.made.length, 2);
  page.see(true);
  assert.equal(sockets.made.length, 3);
  sockets.last().fail();
  page.happen("pageshow", { persisted: false });
  assert.equal(sockets.made.length, 3);
  page.happen("pageshow", { persisted: true });
  assert.equal(sockets.made.length, 4);
  assert.equal(await world.run(() => sockets.made.length > 4, 9000), false);
  assert.equal(sockets.made.length, 4);
});

test("awake with a connection, the server is asked whether it is still there", async () => {
  const { world, sockets, page, asked, control, news } = fixture();
  control.start();
  sockets.last().open();
  page.happen("online");
  await world.run(() => asked.length === 1, 10);
  asked[0].resolve([{ type: "devices" }, { type: "alarms" }]);
  await settle();
  assert.deepEqual(news, ["open", { type: "devices" }, { type: "alarms" }]);
  control.wake();
  await world.run(() => asked.length === 2, 10);
  asked[1].reject(new Error("no answer"));
  await settle();
  assert.deepEqual(news.slice(-1), ["close"]);
  assert.ok(sockets.made[0].closed);
});

test("a connection that has spoken since, or whose server answers with a status, is kept", async () => {
  const { world, sockets, asked, control, news } = fixture();
  control.start();
  sockets.last().open();
  await world.run(() => asked.length === 1, 10_000);
  sockets.last().say({ type: "streams" });
  asked[0].reject(new Error("no answer in time"));
  await settle();
  assert.deepEqual(news, ["open", { type: "streams" }]);
  const from = world.now();
  await world.run(() => asked.length === 2, 10_000);
  assert.equal(world.now() - from, 8000, "it is doubted again after the next silence");
  asked[1].reject(Object.assign(new Error("status 503"), { status: 503 }));
  await settle();
  assert.deepEqual([news.length, sockets.made.length], [2, 1]);
  await world.run(() => asked.length === 3, 10_000);
  asked[2].reject(new Error("nothing there"));
  await settle();
  assert.deepEqual(news.slice(2), ["close"]);
});

test("silence is doubted, and an attempt into nowhere given up", async () => {
  const { world, sockets, asked, control, news } = fixture();
  control.start();
  await world.run(() => sockets.made.length === 2, 30_000);
  assert.ok(sockets.made[0].closed);
  assert.deepEqual(news, ["close"]);
  sockets.last().open();
  const from = world.now();
  await world.run(() => asked.length === 1, 30_000);
  assert.equal(world.now() - from, 8000);
});

test("stopped, it does nothing until it is started again", async () => {
  const { world, sockets, page, control, news } = fixture();
  control.start();
  sockets.last().open();
  control.stop();
  control.stop();
  assert.ok(sockets.last().closed);
  assert.equal(page.listening, 0);
  control.wake();
  assert.equal(await world.run(() => sockets.made.length > 1, 60_000), false);
  assert.deepEqual([sockets.made.length, news], [1, ["open"]]);
  control.start();
  assert.equal(sockets.made.length, 2);
  assert.equal(page.listening, 3);
});

test("a browser that refuses the address is tried again", async () => {
  const { world, sockets, page, control, news } = fixture();
  page.WebSocket = class {
    constructor() {
      throw new Error("refused");
    }
  };
  control.start();
  assert.deepEqual(news, ["close"]);
  page.WebSocket = sockets.Socket;
  await world.run(() => sockets.made.length === 1, 1000);
});
