// A server that lies or errs: the device believes no more than can be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createConversation } from "../../web/lib/ingest-conversation.js";
import { IDENTITY, begin, drain, hear, ofKind, ofType, ranges, reconnect, recording, welcome } from "./support/conversation.mjs";

test("an acknowledgement of more than was sent frees what was sent, and skips nothing", () => {
  const { talk } = recording({ credit: 100 });
  talk.appended(0, 1000);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 100]]);
  hear(talk, { type: "ack", generation: 0, received: 1000, durable: 900, credit_bytes: 1 << 20 });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "forget"), [{ kind: "forget", generation: 0, below: 100 }]);
  assert.deepEqual(ranges(outputs), [[0, 100, 900]]);
  assert.equal(talk.view().durableBytes, 100);
});

test("a welcome does not make durable what it has not received", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 40, durable: 900 }] });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "forget"), [{ kind: "forget", generation: 0, below: 40 }]);
  assert.deepEqual(ranges(outputs), [[0, 40, 960]]);
});

test("before the welcome there is nothing to acknowledge, to refuse or to lose", () => {
  for (const message of [
    { type: "ack", generation: 0, received: 100, durable: 100, credit_bytes: 1 << 20 },
    { type: "error", code: "bad_stream", generation: 0, message: "what?" },
    { type: "error", code: "lost", generation: 0, message: "gone" },
  ]) {
    const { talk } = recording();
    talk.appended(0, 100);
    drain(talk);
    talk.disconnected({ code: 1006 });
    talk.connected(1);
    drain(talk);
    hear(talk, message);
    assert.deepEqual(drain(talk), []);
    assert.equal(talk.view().durableBytes, 0);
    assert.equal(talk.view().isPartly, false);
    welcome(talk, { resumed: true, positions: [{ generation: 0, received: 0, durable: 0 }] });
    assert.deepEqual(ranges(drain(talk)), [[0, 0, 100]]);
  }
});

test("a second welcome on a connection changes nothing", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  welcome(talk, { positions: [] });
  assert.deepEqual(drain(talk), []);
});

test("a limit that leaves no room for a payload is none", () => {
  for (const message of [1, 10, 16]) {
    const { talk } = recording({ message });
    talk.appended(0, 100);
    assert.deepEqual(ranges(drain(talk)), [[0, 0, 100]]);
  }
  const { talk } = recording({ message: 17 });
  talk.appended(0, 2);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 1], [0, 1, 1]]);
});

test("a welcome of another session is none: the device hangs up", () => {
  const talk = createConversation({ ...IDENTITY });
  begin(talk, { mime: "video/webm", startedMs: 1, reason: "start" });
  talk.appended(0, 100);
  talk.connected(0);
  drain(talk);
  hear(talk, { type: "welcome", session: "session-9999", positions: [{ generation: 0, received: 100, durable: 100 }] });
  assert.deepEqual(drain(talk).map(({ kind, code }) => [kind, code]), [["hang-up", 4400]]);
  assert.equal(talk.view().open, false);
  assert.equal(talk.view().durableBytes, 0);
});

test("a summary of another session frees nothing and ends nothing", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  hear(talk, { type: "summary", session: "session-9999", folder: "f", files: [] });
  assert.deepEqual(drain(talk), []);
  assert.equal(talk.view().over, false);
});

test("a server that has more of a running generation than there is: it ends there, and the next one begins", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 250, durable: 0 }] });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "restart"), [{ kind: "restart", generation: 0, message: "" }]);
  assert.deepEqual(ranges(outputs), []);
  assert.equal(ofType(outputs, "generation_end")[0].bytes, 250);
  assert.equal(talk.view().isPartly, true);
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" });
  talk.appended(1, 7);
  assert.deepEqual(ranges(drain(talk)), [[1, 0, 7]]);
  reconnect(talk, { positions: [{ generation: 0, received: 250, durable: 0 }, { generation: 1, received: 7, durable: 0 }] });
  talk.stop();
  assert.deepEqual(ofType(drain(talk), "stop")[0].generations, [{ generation: 0, bytes: 250 }, { generation: 1, bytes: 7 }]);
});
