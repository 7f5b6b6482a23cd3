import assert from "node:assert/strict";
import { test } from "node:test";
import { createConversation } from "../../web/live/conversation.js";

const init = (more = {}) =>
  JSON.stringify({ type: "init", generation: 3, mime: 'video/webm; codecs="vp8,opus"', start_ms: 1000, now_ms: 5000, ...more });
const bytes = (length) => new ArrayBuffer(length);

test("an announcement, its init segment, and fragments, the first of which begins with a key frame", () => {
  const conversation = createConversation();
  assert.deepEqual(conversation.text(init()), { do: "clock", nowMs: 5000 });
  const step = conversation.binary(bytes(10));
  assert.equal(step.do, "init");
  assert.deepEqual(step.init, { generation: 3, mime: 'video/webm; codecs="vp8,opus"', startMs: 1000, nowMs: 5000 });
  assert.equal(step.bytes.byteLength, 10);
  assert.deepEqual([1, 2, 3].map((length) => conversation.binary(bytes(length)).isKey), [true, false, false]);
});

test("behind a skip the next fragment begins with a key frame", () => {
  const conversation = createConversation();
  conversation.text(init());
  for (const length of [1, 2, 3]) conversation.binary(bytes(length));
  assert.deepEqual(conversation.text('{"type":"skipped","ms":2400}'), { do: "skipped", ms: 2400 });
  assert.deepEqual([4, 5].map((length) => conversation.binary(bytes(length)).isKey), [true, false]);
});

test("a new generation at any time, also in place of one that was only announced", () => {
  const conversation = createConversation();
  conversation.text(init());
  conversation.binary(bytes(1));
  conversation.binary(bytes(2));
  conversation.text(init({ generation: 4 }));
  conversation.text(init({ generation: 5, start_ms: 9000 }));
  const step = conversation.binary(bytes(3));
  assert.deepEqual([step.do, step.init.generation, step.init.startMs], ["init", 5, 9000]);
  assert.deepEqual(conversation.binary(bytes(4)), { do: "append", bytes: bytes(4), isKey: true });
});

test("how the stream is doing; what this page does not know is passed over", () => {
  const conversation = createConversation();
  assert.deepEqual(conversation.text('{"type":"state","state":"behind","behind_ms":12000,"new":1}'), { do: "state", state: "behind", behindMs: 12000 });
  assert.deepEqual(conversation.text('{"type":"state","state":"live"}'), { do: "state", state: "live", behindMs: 0 });
  for (const text of ['{"type":"state","state":"dancing"}', '{"type":"weather"}', "{}", "null", "7"]) assert.equal(conversation.text(text), null, text);
});

test("what cannot be understood asks for another connection", () => {
  assert.deepEqual(createConversation().text("{"), { do: "nonsense" });
  assert.deepEqual(createConversation().text('{"type":"init","generation":1}'), { do: "nonsense" });
  assert.deepEqual(createConversation().binary(bytes(1)), { do: "nonsense" });
});

test("how it ends", () => {
  const end = (code, ...texts) => {
    const conversation = createConversation();
    for (const text of texts) assert.equal(conversation.text(text), null);
    return conversation.closed(code);
  };
  assert.deepEqual(end(1000), { do: "over" });
  for (const code of [1001, 1005, 1006, 1011, 1012]) assert.deepEqual(end(code), { do: "again" }, String(code));
  assert.deepEqual(end(4404, '{"error":"no such stream"}'), { do: "refused", reason: "no such stream" });
});

test("after the close nothing is done any more", () => {
  const conversation = createConversation();
  conversation.text(init());
  conversation.binary(bytes(1));
  conversation.closed(1006);
  assert.equal(conversation.binary(bytes(2)), null);
  assert.equal(conversation.text(init()), null);
  assert.equal(conversation.closed(1000), null);
});
