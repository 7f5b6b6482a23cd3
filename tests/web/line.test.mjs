import assert from "node:assert/strict";
import { test } from "node:test";
import { createLine } from "../../web/lib/line.js";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld } from "./support/virtual-time.mjs";

function fixture() {
  const world = createWorld(1);
  const sockets = createSockets();
  const line = createLine({ WebSocket: sockets.Socket, ...world.timers() });
  return { sockets, line, pass: (ms) => world.run(() => false, ms) };
}

test("a connection takes the place of the one before, of which nothing is heard any more", () => {
  const { sockets, line } = fixture();
  assert.equal(line.isUp(), false);
  const first = line.connect("wss://x/1");
  first.onopen = first.onmessage = first.onclose = () => assert.fail("it is let go");
  const second = line.connect("wss://x/2");
  assert.deepEqual([sockets.made.map(({ url }) => url), first.closed !== null, second.closed], [["wss://x/1", "wss://x/2"], true, null]);
  assert.deepEqual([first.onopen, first.onmessage, first.onclose, second.binaryType], [null, null, null, "arraybuffer"]);
  assert.equal(line.isUp(), true);
  line.letGo();
  assert.notEqual(second.closed, null);
  assert.equal(line.isUp(), false);
});

test("one thing is to be done next: another takes its place, and letting go or settling leaves none", async () => {
  const { line, pass } = fixture();
  const done = [];
  line.later(() => done.push("first"), 100);
  line.later(() => done.push("second"), 200);
  await pass(1000);
  assert.deepEqual(done, ["second"]);
  line.later(() => done.push("settled"), 100);
  line.settle();
  line.later(() => done.push("let go"), 100);
  line.letGo();
  await pass(1000);
  assert.deepEqual(done, ["second"]);
});

test("an address that is none is no connection", () => {
  class Socket {
    constructor() {
      throw new SyntaxError("no address");
    }
  }
  const line = createLine({ WebSocket: Socket, setTimeout, clearTimeout });
  assert.equal(line.connect("nonsense"), null);
  assert.equal(line.isUp(), false);
});
