import assert from "node:assert/strict";
import { test } from "node:test";
import { chunkMessage } from "../../web/lib/ingest-chunk.js";
import { createConversation } from "../../web/lib/ingest-conversation.js";
import { IDENTITY, begin, drain, hear, ofKind, ofType, ranges, reconnect, recording, said, welcome } from "./support/conversation.mjs";

test("the hello comes first and nothing follows it before the welcome", () => {
  const talk = createConversation({ ...IDENTITY });
  begin(talk, { mime: "video/webm", startedMs: 1, reason: "start" });
  talk.appended(0, 100);
  assert.deepEqual(drain(talk), []);
  talk.connected(42);
  const [hello, ...rest] = drain(talk);
  assert.equal(rest.length, 0);
  assert.deepEqual(hello, {
    kind: "text",
    type: "hello",
    device: "device-0001",
    key: "secret",
    name: "Bench",
    session: "session-0001",
    started_ms: 1000,
    now_ms: 42,
    client: "test/1",
    holds: [{ generation: 0, first: 0, end: 100 }],
  });
});

test("duplicate and late acknowledgements change nothing", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  const ack = { type: "ack", generation: 0, received: 80, durable: 60, media_ms: 10, credit_bytes: 1 << 20 };
  hear(talk, ack, 7);
  assert.deepEqual(ofKind(drain(talk), "forget"), [{ kind: "forget", generation: 0, below: 60 }]);
  hear(talk, ack, 8);
  hear(talk, { ...ack, received: 30, durable: 20, media_ms: 5 }, 9);
  assert.deepEqual(drain(talk), []);
  assert.equal(talk.view().durableBytes, 60);
  assert.equal(talk.view().durableAtMs, 7);
  assert.equal(talk.view().durableWallMs, 1244);
});

test("an acknowledgement beyond what was handed over is cut to it", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 999, durable: 999, credit_bytes: 1 << 20 });
  hear(talk, { type: "ack", generation: 5, received: 9, durable: 9, credit_bytes: 1 << 20 });
  talk.appended(0, 50);
  assert.deepEqual(ranges(drain(talk)), [[0, 100, 50]]);
});

test("after a reconnect the stream goes on at the server's position", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 600, durable: 400, credit_bytes: 1 << 20 });
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.appended(0, 500);
  assert.deepEqual(drain(talk), []);
  talk.connected(100);
  assert.deepEqual(drain(talk)[0].holds, [{ generation: 0, first: 400, end: 1500 }]);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 700, durable: 500 }] });
  const outputs = drain(talk);
  assert.equal(ofType(outputs, "generation").length, 1);
  assert.deepEqual(ofKind(outputs, "forget"), [{ kind: "forget", generation: 0, below: 500 }]);
  assert.deepEqual(ranges(outputs), [[0, 700, 800]]);
});

test("a server that has less than it received before gets it again", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 1000, durable: 400, credit_bytes: 1 << 20 });
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 400, durable: 400 }] });
  assert.deepEqual(ranges(drain(talk)), [[0, 400, 600]]);
});

test("stop follows the last byte, is repeated after a reconnect, and the summary ends it", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  talk.stop();
  const outputs = drain(talk);
  assert.deepEqual(outputs.slice(-1)[0], { kind: "text", type: "stop", generations: [{ generation: 0, bytes: 10 }] });
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  drain(talk);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 10, durable: 10 }] });
  assert.equal(ofType(drain(talk), "stop").length, 1);
  hear(talk, { type: "summary", session: IDENTITY.session, folder: "client_1_2", files: [{ file: "a.webm" }] });
  const over = ofKind(drain(talk), "over");
  assert.equal(over.length, 1);
  assert.equal(over[0].why, "finished");
  assert.deepEqual(over[0].summary, { session: IDENTITY.session, folder: "client_1_2", files: [{ file: "a.webm" }] });
  talk.disconnected({ code: 1000 });
  talk.connected(2);
  assert.deepEqual(drain(talk), []);
});

test("stop without a single byte asks for an empty summary", () => {
  const talk = createConversation({ ...IDENTITY });
  talk.connected(0);
  talk.stop();
  drain(talk);
  welcome(talk);
  assert.deepEqual(ofType(drain(talk), "stop"), [{ kind: "text", type: "stop", generations: [] }]);
});

test("storage: no media until an acknowledgement brings credit", () => {
  const { talk } = recording();
  hear(talk, { type: "error", code: "storage", message: "disk full" });
  talk.appended(0, 10);
  assert.deepEqual(ranges(drain(talk)), []);
  assert.deepEqual(talk.view().problem, { code: "storage", message: "disk full" });
  hear(talk, { type: "ack", generation: 0, received: 0, durable: 0, credit_bytes: 100 });
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 10]]);
  assert.equal(talk.view().problem, null);
});

test("another connection took the session: by message or by close code", () => {
  const first = recording().talk;
  hear(first, { type: "error", code: "session_in_use", message: "taken" });
  assert.deepEqual(ofKind(drain(first), "over").map(({ why }) => why), ["session_in_use"]);
  const second = recording().talk;
  second.disconnected({ code: 4409, reason: "taken" });
  assert.deepEqual(ofKind(drain(second), "over").map(({ why }) => why), ["session_in_use"]);
});

test("a connection that was given up and comes late takes the session only for a moment", () => {
  const talk = createConversation({ ...IDENTITY }, { takeovers: 2 });
  const taken = (now) => {
    talk.connected(now);
    hear(talk, { type: "welcome", positions: [] }, now);
    hear(talk, { type: "error", code: "session_in_use", message: "taken" }, now);
    talk.disconnected({ code: 4409, reason: "taken" });
    return ofKind(drain(talk), "over").length;
  };
  assert.deepEqual([1000, 2000, 100000, 101000, 102000].map(taken), [0, 0, 0, 0, 1]);
});

test("a silent server is hung up on: before the welcome, and while it owes an acknowledgement", () => {
  const talk = createConversation({ ...IDENTITY });
  begin(talk, { mime: "video/webm", startedMs: 1, reason: "start" });
  talk.connected(1000);
  drain(talk);
  assert.equal(talk.deadline(), 11000);
  welcome(talk, { now: 2000 });
  drain(talk, { now: 2000 });
  assert.equal(talk.deadline(), null);
  talk.appended(0, 5);
  drain(talk, { now: 3000 });
  assert.equal(talk.deadline(), 18000);
  talk.timeout(17999);
  assert.deepEqual(drain(talk), []);
  talk.timeout(18000);
  assert.deepEqual(ofKind(drain(talk), "hang-up").map(({ code }) => code), [4408]);
});

test("a server without room owes nothing for a minute, and then it is asked", () => {
  const { talk } = recording();
  talk.appended(0, 5);
  drain(talk);
  hear(talk, { type: "error", code: "storage", message: "full" }, 1000);
  assert.equal(talk.deadline(), 61000);
  hear(talk, { type: "ack", generation: 0, received: 5, durable: 5, credit_bytes: 100 }, 2000);
  assert.equal(talk.deadline(), null);
});

test("what is unknown is ignored; what is not JSON is hung up on", () => {
  const { talk } = recording();
  drain(talk);
  hear(talk, { type: "weather", sun: true });
  hear(talk, null);
  hear(talk, 7);
  assert.deepEqual(drain(talk), []);
  talk.received("{", 0);
  assert.deepEqual(ofKind(drain(talk), "hang-up").map(({ code }) => code), [4400]);
});

test("a stopped session whose summary was lost: welcome, then the summary", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  talk.stop();
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 10, durable: 10, credit_bytes: 1 << 20 });
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 10, durable: 10, ended: true }] });
  assert.deepEqual(said(drain(talk)), ["welcome", "stop"]);
  hear(talk, { type: "summary", session: IDENTITY.session, folder: "f", files: [] });
  assert.deepEqual(ofKind(drain(talk), "over").map(({ why, summary }) => [why, summary.folder]), [["finished", "f"]]);
  assert.equal(talk.view().lostBytes, 0);
  assert.equal(talk.view().isPartly, false);
});

test("the server's clock is taken from the middle between hello and welcome", () => {
  const { talk } = recording();
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.connected(1000);
  hear(talk, { type: "welcome", now_ms: 5000, positions: [] }, 1040);
  assert.deepEqual(ofKind(drain(talk, { now: 1040 }), "welcome"), [{ kind: "welcome", offsetMs: 3980, roundTripMs: 40 }]);
});

test("a server that cannot write refuses the connection, says why, and is asked again", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  drain(talk);
  hear(talk, { type: "error", code: "storage", message: "The disk is full." });
  talk.disconnected({ code: 1013 });
  talk.appended(0, 10);
  assert.equal(talk.wants(0), true);
  assert.deepEqual(drain(talk), []);
  assert.deepEqual(talk.view().problem, { code: "storage", message: "The disk is full." });
  assert.equal(talk.view().over, false);
  assert.equal(talk.retryMs, 700);
  // A connection that cannot be made at all is another problem.
  talk.disconnected({ code: 1006 });
  assert.equal(talk.view().problem, null);
  talk.connected(2);
  drain(talk);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 10, durable: 0, ended: false }] });
  assert.deepEqual(ranges(drain(talk)), [[0, 10, 10]]);
});

test("a welcome that is not looked at before the connection ends says nothing", () => {
  const { talk } = recording();
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  welcome(talk);
  talk.disconnected({ code: 1006 });
  assert.deepEqual(drain(talk), []);
});

test("the chunk header is that of the protocol", () => {
  const message = chunkMessage(3, 2 ** 32 * 5 + 7, new Uint8Array([9, 8]));
  assert.deepEqual(Array.from(message), [1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 7, 9, 8]);
});

test("a device that is not let in keeps everything, says so until it is welcome, and goes on", () => {
  for (const [code, close] of [["not_paired", 4401], ["revoked", 4403]]) {
    const { talk } = recording();
    talk.appended(0, 1000);
    drain(talk);
    hear(talk, { type: "error", code, message: "no" });
    talk.disconnected({ code: close });
    talk.appended(0, 500);
    const refused = talk.view();
    assert.deepEqual([refused.refused, refused.problem, refused.over, refused.waitingBytes, refused.lostBytes], [code, null, false, 1500, 0]);
    assert.deepEqual(ofKind(drain(talk), "forget"), []);
    // That the network is gone as well lets nobody in.
    talk.connected(5);
    talk.disconnected({ code: 1006 });
    assert.equal(talk.view().refused, code);
    drain(talk);
    reconnect(talk, {});
    assert.equal(talk.view().refused, null);
    assert.deepEqual(ranges(drain(talk)), [[0, 0, 1500]]);
  }
});

test("a server whose word was swallowed has said it by the code with which it closes", () => {
  const { talk } = recording();
  talk.disconnected({ code: 4403 });
  assert.equal(talk.view().refused, "revoked");
});
