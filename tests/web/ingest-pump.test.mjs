import assert from "node:assert/strict";
import { test } from "node:test";
import { createConversation } from "../../web/lib/ingest-conversation.js";
import { createPump } from "../../web/lib/ingest-pump.js";
import { createDisk } from "./support/fake-spool.mjs";
import { createSockets, welcome } from "./support/fake-socket.mjs";
import { pageTime } from "./support/page-time.mjs";

const MESSAGE = 65536 - 16;

/** A welcomed connection, and bytes that wait in the spool. */
async function setUp(t, { bytes, isBackground = () => false, busy = () => false }) {
  const world = pageTime(t);
  const { Socket } = createSockets();
  const socket = new Socket("wss://x");
  const spool = createDisk().open();
  await spool.append(0, new Uint8Array(bytes));
  const talk = createConversation({ device: "device-0001", name: "x", session: "session-0001", startedMs: 0, client: "t" });
  const link = { socket, hangUp: () => {} };
  const others = [];
  const pump = createPump({ talk, link, spool, clock: { now: world.now }, isBackground, busy, onOutput: ({ kind }) => others.push(kind) });
  t.after(() => pump.stop());
  talk.noted(talk.begin({ mime: "video/webm", startedMs: 0, reason: "start" }));
  talk.appended(0, bytes);
  talk.connected(0);
  talk.received(JSON.stringify(welcome([], { limits: { message_bytes: 262144, credit_bytes: 1 << 24 } })), 0);
  const chunks = () => socket.sent.filter(({ type }) => type === "chunk").map(({ data }) => data.length - 16);
  const say = async (message) => {
    talk.received(JSON.stringify(message), world.now());
    pump.run();
    await world.settle();
  };
  pump.run();
  await world.settle();
  return { world, socket, spool, talk, link, pump, chunks, others, say };
}

test("64 KiB at most per message, until the socket's buffer is full", async (t) => {
  const { world, socket, chunks } = await setUp(t, { bytes: 2 * MESSAGE + 10 });
  assert.deepEqual(chunks(), [MESSAGE, MESSAGE, 10]);
  assert.deepEqual(socket.types.filter((type) => type !== "chunk"), ["hello", "generation"]);
  assert.ok(world.timers.size <= 1, "only the deadline is waited for");
});

test("in the background one message at a time, and pauses while the other session has anything to send", async (t) => {
  const state = { busy: true };
  const { world, chunks, socket } = await setUp(t, { bytes: 10 * MESSAGE, isBackground: () => true, busy: () => state.busy });
  assert.equal(chunks().length, 1);
  await world.pass(190);
  assert.equal(chunks().length, 1);
  await world.pass(20);
  assert.equal(chunks().length, 2);
  await world.pass(1000);
  assert.equal(chunks().length, 7);
  state.busy = false;
  socket.bufferedAmount = MESSAGE;
  await world.pass(1000);
  assert.equal(chunks().length, 7, "the one before is still on its way");
  socket.bufferedAmount = 0;
  await world.pass(60);
  assert.equal(chunks().length, 10);
});

test("when everything is sent and acknowledged no timer runs", async (t) => {
  const { world, chunks, say } = await setUp(t, { bytes: 100, isBackground: () => true, busy: () => true });
  assert.deepEqual(chunks(), [100]);
  await say({ type: "ack", generation: 0, received: 100, durable: 100, credit_bytes: 1 << 20 });
  await world.pass(1000);
  assert.equal(world.timers.size, 0);
});

test("a reading that fails is tried again, and nothing is sent twice or left out", async (t) => {
  const { world, spool, talk, pump, chunks } = await setUp(t, { bytes: 100 });
  spool.failures.read = 3;
  await spool.append(0, new Uint8Array(50));
  talk.appended(0, 50);
  pump.run();
  await world.pass(5000);
  assert.deepEqual(chunks(), [100]);
  await world.pass(2000);
  assert.deepEqual(chunks(), [100, 50]);
  assert.equal(talk.view().isPartly, false);
});

test("storage that never gives it back ends the generation there, and the next one goes on", async (t) => {
  const { world, spool, talk, pump, chunks, others, socket } = await setUp(t, { bytes: 100 });
  spool.failures.read = 15;
  await spool.append(0, new Uint8Array(50));
  talk.appended(0, 50);
  pump.run();
  await world.pass(40000);
  assert.ok(others.includes("restart"));
  assert.deepEqual(socket.sent.filter(({ type }) => type === "generation_end").map(({ bytes }) => bytes), [100]);
  assert.equal(talk.view().lostBytes, 50);
  await spool.append(1, new Uint8Array(7));
  talk.noted(talk.begin({ mime: "video/webm", startedMs: 0, reason: "error" }));
  talk.appended(1, 7);
  pump.run();
  await world.settle();
  assert.deepEqual(chunks(), [100, 7]);
});

test("what was read for a connection that is gone is not sent on the next one", async (t) => {
  const { world, spool, talk, link, pump, chunks } = await setUp(t, { bytes: 100 });
  const { Socket } = createSockets();
  const next = new Socket("wss://y");
  const read = spool.read.bind(spool);
  spool.read = async (...where) => {
    // The connection is lost and made anew while the device reads.
    spool.read = read;
    link.socket = next;
    talk.disconnected({ code: 1006 });
    talk.connected(0);
    talk.received(JSON.stringify(welcome([{ generation: 0, received: 100, durable: 100 }])), 0);
    return read(...where);
  };
  await spool.append(0, new Uint8Array(50));
  talk.appended(0, 50);
  pump.run();
  await world.settle();
  assert.deepEqual(chunks(), [100]);
  assert.deepEqual(next.types, ["hello", "generation", "chunk"]);
  assert.equal(next.sent[2].data.length, 66);
});
