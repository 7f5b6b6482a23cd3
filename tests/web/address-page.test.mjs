import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecent, shownAs } from "../../web/address/recent.js";
import { addressOf, hashOf, keptHash } from "../../web/address/route.js";
import { createViewer } from "../../web/address/viewer.js";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld, settle } from "./support/virtual-time.mjs";

function fakeStorage(content = {}) {
  return { content, getItem: (key) => content[key] ?? null, setItem: (key, value) => (content[key] = value) };
}

test("nothing secret is kept", () => {
  const storage = fakeStorage();
  const recent = createRecent(storage);
  recent.add({ address: "rtsp://cam/1", user: "admin", hasPassword: true });
  recent.add({ address: "rtsp://cam/user=admin_password=secret", user: "", hasPassword: false });
  assert.deepEqual(recent.list(), [{ address: "rtsp://cam/1", user: "admin", hasPassword: true }]);
  assert.doesNotMatch(JSON.stringify(storage.content), /secret/);
  assert.equal(shownAs(recent.list()[0]), "rtsp://admin:•••@cam/1");
  assert.equal(shownAs({ address: "rtsp://cam/1", user: "", hasPassword: false }), "rtsp://cam/1");
});

test("the newest is first, each is there once, and they do not grow without end", () => {
  const recent = createRecent(fakeStorage());
  for (let at = 0; at < 12; at += 1) recent.add({ address: `rtsp://cam/${at}`, user: "", hasPassword: false });
  recent.add({ address: "rtsp://cam/9", user: "x", hasPassword: false });
  assert.deepEqual(recent.list().map(({ address }) => address.slice(-2)), ["/9", "11", "10", "/8", "/7", "/6", "/5", "/4"]);
  recent.remove("rtsp://cam/9");
  assert.equal(recent.list()[0].address, "rtsp://cam/11");
});

test("storage that is missing, full or holds nonsense", () => {
  assert.deepEqual(createRecent(null).list(), []);
  createRecent(null).add({ address: "rtsp://cam/1", user: "", hasPassword: false });
  const nonsense = (text) => createRecent(fakeStorage({ "localcamera.addresses": text })).list();
  for (const text of ["{", "7", "[7,null,{}]", '[{"address":"rtsp://a:secret@cam/1"}]']) assert.deepEqual(nonsense(text), [], text);
});

test("the address behind the hash, however a browser has written it", () => {
  assert.deepEqual(addressOf("#rtsp://cam/1?a=b"), { address: "rtsp://cam/1?a=b", user: "", password: "" });
  assert.deepEqual(addressOf("#rtsp%3A%2F%2Fcam%2F1"), { address: "rtsp://cam/1", user: "", password: "" });
  assert.deepEqual(addressOf("#rtsp://a:b@cam/1"), { address: "rtsp://cam/1", user: "a", password: "b" });
  assert.equal(addressOf(""), null);
  assert.equal(addressOf("#top of page"), null);
  assert.equal(hashOf("rtsp://cam/1"), "#rtsp://cam/1");
  assert.equal(hashOf("rtsp://cam/?password=x"), "");
});

test("a login does not stay in the hash, also where it cannot be read", () => {
  for (const [hash, kept] of [
    ["#rtsp://viewer:a@cam/1", "#rtsp://cam/1"],
    ["#rtsp%3A%2F%2Fviewer%3Aa%40cam%2F1", "#rtsp://cam/1"],
    ["#rtsp://viewer:a/b@cam/1", ""],
    ["#rtsp%3A%2F%2Fviewer%3Aa%2Fb%40cam%2F1", ""],
    ["#rtsp%3A%2F%2Fviewer:100%@cam/1", ""],
    ["#http://viewer:a@cam", ""],
    ["#rtsp://cam/?password=x", ""],
    ["#rtsp://cam/1", "#rtsp://cam/1"],
    ["#top of page", "#top of page"],
    ["", ""],
  ]) assert.equal(keptHash(hash), kept, hash);
});

function fixture() {
  const world = createWorld(1);
  const sockets = createSockets();
  const timers = world.timers();
  const images = [];
  const page = {
    WebSocket: sockets.Socket,
    performance: { now: world.now },
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
    URL: { createObjectURL: ([text]) => text, revokeObjectURL() {} },
    Blob: class extends Array {
      constructor(parts) {
        super();
        this.push(...parts.map((part) => new TextDecoder().decode(part)));
      }
    },
    Image: class {
      async decode() {
        if (this.src === "damaged") throw new Error("damaged");
      }
    },
  };
  const viewer = createViewer({ page, base: { protocol: "https:", host: "server:5001" }, onImage: ({ src }) => images.push(src), onChange() {} });
  const picture = async (text) => {
    sockets.last().onmessage({ data: new TextEncoder().encode(text).buffer });
    await settle();
  };
  return { world, sockets, images, viewer, picture };
}

test("pictures are shown as they come, and damaged ones are passed over", async () => {
  const { sockets, viewer, picture, images } = fixture();
  viewer.show("rtsp://a:p&=?@cam/1?x=y&z");
  assert.equal(sockets.last().url, `wss://server:5001/ws/stream?rtsp_url=${encodeURIComponent("rtsp://a:p&=?@cam/1?x=y&z")}`);
  assert.equal(viewer.look().state, "connecting");
  for (const text of ["one", "damaged", "two"]) await picture(text);
  assert.deepEqual([images, viewer.look().state], [["one", "two"], "playing"]);
});

test("what comes at once at first does not count for the rate of pictures", async () => {
  const { world, viewer, picture } = fixture();
  viewer.show("rtsp://cam/1");
  for (let at = 0; at < 20; at += 1) await picture("kept for whoever joins");
  assert.equal(viewer.look().picturesPerSecond, null);
  for (let at = 0; at < 40; at += 1) {
    world.at(100, () => {});
    await world.run(() => false, 100);
    await picture("live");
  }
  const { picturesPerSecond } = viewer.look();
  assert.ok(picturesPerSecond > 9 && picturesPerSecond < 11, String(picturesPerSecond));
});

test("what is refused is said, and not asked for again", async () => {
  const { world, sockets, viewer } = fixture();
  viewer.show("rtsp://cam/1");
  const error = "the camera does not accept this user name and password";
  sockets.last().say({ error, code: "unauthorized" });
  sockets.last().fail(4404);
  assert.deepEqual([viewer.look().state, viewer.look().reason, viewer.look().code], ["refused", error, "unauthorized"]);
  await world.run(() => sockets.made.length > 1, 600_000);
  viewer.wake();
  assert.equal(sockets.made.length, 1);
});

test("a connection that is lost, or says nothing more, comes back", async () => {
  const { world, sockets, viewer, picture, images } = fixture();
  viewer.show("rtsp://cam/1");
  await picture("one");
  sockets.last().fail(1006);
  assert.equal(viewer.look().state, "lost");
  assert.ok(await world.run(() => sockets.made.length === 2, 10_000), "it is tried again");
  await picture("two");
  assert.equal(viewer.look().state, "playing");
  assert.ok(await world.run(() => sockets.made.length === 3, 60_000), "silence is a loss");
  viewer.stop();
  assert.deepEqual([viewer.look().state, sockets.last().closed !== null, images], ["off", true, ["one", "two"]]);
  assert.ok(!(await world.run(() => sockets.made.length > 3, 600_000)), "stopped is stopped");
});

test("the end of a stream is no loss", async () => {
  const { world, sockets, viewer } = fixture();
  viewer.show("rtsp://cam/1");
  sockets.last().fail(1000);
  assert.equal(viewer.look().state, "over");
  assert.ok(!(await world.run(() => sockets.made.length > 1, 600_000)));
});
