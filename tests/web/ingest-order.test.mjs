// What is sent when: announcements, events, clocks, media of several generations.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createConversation } from "../../web/lib/ingest-conversation.js";
import { IDENTITY, begin, drain, hear, ofType, ranges, reconnect, recording, said, welcome } from "./support/conversation.mjs";

test("a generation is announced before its bytes, and ended after them", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  talk.end(0);
  const kinds = drain(talk).map((output) => output.type || output.kind);
  assert.deepEqual(kinds, ["welcome", "generation", "chunk", "generation_end"]);
});

test("chunks stay below the message size", () => {
  const { talk } = recording({ message: 1000 });
  talk.appended(0, 2500);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 984], [0, 984, 984], [0, 1968, 532]]);
});

test("no more than the credit is on the way, and an acknowledgement frees it", () => {
  const { talk } = recording({ credit: 300 });
  talk.appended(0, 1000);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 300]]);
  hear(talk, { type: "ack", generation: 0, received: 300, durable: 100, media_ms: 50, credit_bytes: 300 });
  assert.deepEqual(ranges(drain(talk)), [[0, 300, 100]]);
  hear(talk, { type: "ack", generation: 0, received: 400, durable: 400, media_ms: 200, credit_bytes: 1000 });
  assert.deepEqual(ranges(drain(talk)), [[0, 400, 600]]);
});

test("without credit events pass and media waits", () => {
  const { talk } = recording({ credit: 0 });
  talk.appended(0, 10);
  drain(talk);
  talk.tell({ type: "event", event: "muted", at_ms: 5, generation: 0, detail: "camera" });
  const outputs = drain(talk);
  assert.deepEqual(ranges(outputs), []);
  assert.deepEqual(ofType(outputs, "event"), [{ kind: "text", type: "event", event: "muted", at_ms: 5, generation: 0, detail: "camera" }]);
});

test("a socket that is full gets no media", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  assert.deepEqual(ranges(drain(talk, { media: false })), []);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 10]]);
});

test("the newest generation goes first, older remainders after it, oldest first, chosen anew each time", () => {
  const { talk } = recording({ credit: 15 });
  talk.appended(0, 20);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 15]]);
  for (let generation = 1; generation < 4; generation += 1) {
    begin(talk, { mime: "video/webm", startedMs: 2000, reason: "camera" });
    talk.appended(generation, 10);
  }
  assert.deepEqual(said(drain(talk)), ["generation 1", "generation 2", "generation 3"]);
  const ack = (generation, durable) => {
    hear(talk, { type: "ack", generation, received: durable, durable, credit_bytes: 15 });
    return ranges(drain(talk));
  };
  assert.deepEqual(ack(0, 15), [[3, 0, 10], [0, 15, 5]]);
  talk.appended(3, 10);
  assert.deepEqual(ack(3, 10), [[3, 10, 10]]);
  assert.deepEqual(ack(3, 20), [[1, 0, 10]]);
  assert.deepEqual(ack(0, 20), [[2, 0, 5]]);
  for (const generation of [0, 1, 2, 3]) talk.end(generation);
  assert.deepEqual(said(drain(talk)), ["generation_end 0", "generation_end 1", "generation_end 3"]);
  assert.deepEqual(ack(1, 10), [[2, 5, 5]]);
});

test("credit counts over all generations, also after the received position fell back", () => {
  const { talk } = recording({ credit: 100 });
  talk.appended(0, 500);
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "camera" });
  talk.appended(1, 60);
  assert.deepEqual(ranges(drain(talk)), [[1, 0, 60], [0, 0, 40]]);
  hear(talk, { type: "ack", generation: 1, received: 60, durable: 20, credit_bytes: 100 });
  assert.deepEqual(ranges(drain(talk)), [[0, 40, 20]]);
  reconnect(talk, { credit: 100, positions: [{ generation: 0, received: 10, durable: 0 }, { generation: 1, received: 20, durable: 20 }] });
  assert.deepEqual(ranges(drain(talk)), [[1, 20, 40], [0, 10, 50]]);
});

test("a generation is announced only when this device remembers it, and the next one not before it", () => {
  const { talk } = recording();
  drain(talk);
  assert.equal(talk.begin({ mime: "video/webm", startedMs: 2, reason: "camera", offsetMs: -12 }), 1);
  begin(talk, { mime: "video/webm", startedMs: 3, reason: "camera" });
  talk.appended(2, 5);
  assert.deepEqual(drain(talk), []);
  talk.noted(1);
  const outputs = drain(talk);
  assert.deepEqual(said(outputs), ["generation 1", "generation 2", "chunk 2"]);
  assert.equal(outputs[0].offset_ms, -12);
  assert.equal("offset_ms" in outputs[1], false);
});

test("an event is repeated after a reconnect unless bytes behind it are durable", () => {
  const { talk } = recording();
  const tell = (event) => talk.tell({ type: "event", event });
  const events = (outputs) => ofType(outputs, "event").map(({ event }) => event);
  talk.appended(0, 10);
  drain(talk);
  tell("hidden");
  drain(talk);
  talk.appended(0, 10);
  drain(talk);
  tell("visible");
  drain(talk);
  talk.appended(0, 10);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 30, durable: 11, credit_bytes: 1 << 20 });
  tell("muted");
  // The same server, or one that was started anew: what it received may be gone.
  reconnect(talk, { positions: [{ generation: 0, received: 30, durable: 11 }] });
  assert.deepEqual(events(drain(talk)), ["muted"]);
  reconnect(talk, { positions: [{ generation: 0, received: 11, durable: 11 }] });
  assert.deepEqual(events(drain(talk)), ["visible", "muted"]);
});

test("an event whose proof is given up is proven by other bytes", () => {
  const { talk } = recording();
  talk.tell({ type: "event", event: "hidden" });
  talk.appended(0, 10);
  drain(talk);
  hear(talk, { type: "error", code: "bad_stream", generation: 0, message: "" });
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" });
  talk.appended(1, 10);
  drain(talk);
  hear(talk, { type: "ack", generation: 1, received: 10, durable: 5, credit_bytes: 1 << 20 });
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 0, durable: 0, ended: true }, { generation: 1, received: 5, durable: 5 }] });
  assert.deepEqual(ofType(drain(talk), "event"), []);
});

test("a clock is sent behind the bytes it speaks of and before the next, and again where they were lost", () => {
  const { talk } = recording({ message: 116 });
  const clocks = (outputs) => outputs.filter(({ kind, type }) => kind === "chunk" || type === "clock")
    .map(({ kind, position, end }) => (kind === "chunk" ? position : `clock ${end}`));
  talk.appended(0, 150);
  talk.clock({ generation: 0, end: 150, at_ms: 1000 });
  talk.appended(0, 100);
  talk.clock({ generation: 0, end: 250, at_ms: 12000 });
  assert.deepEqual(clocks(drain(talk)), [0, 100, "clock 150", 150, "clock 250"]);
  hear(talk, { type: "ack", generation: 0, received: 250, durable: 150, credit_bytes: 1 << 20 });
  reconnect(talk, { message: 116, positions: [{ generation: 0, received: 250, durable: 150 }] });
  assert.deepEqual(clocks(drain(talk)), ["clock 250"]);
  reconnect(talk, { message: 116, positions: [{ generation: 0, received: 150, durable: 150 }] });
  assert.deepEqual(clocks(drain(talk)), ["clock 150", 150, "clock 250"]);
  hear(talk, { type: "ack", generation: 0, received: 250, durable: 151, credit_bytes: 1 << 20 });
  talk.end(0);
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 250, durable: 250, ended: true }] });
  assert.deepEqual(clocks(drain(talk)), []);
});

test("after a reconnect only what the server lacks is said", () => {
  const { talk } = recording({ credit: 10 });
  for (let generation = 1; generation < 4; generation += 1) {
    talk.appended(generation - 1, 10);
    talk.end(generation - 1);
    begin(talk, { mime: "video/webm", startedMs: generation, reason: "camera" });
  }
  talk.appended(3, 10);
  drain(talk);
  // The end of the first one may have been lost with the connection.
  const at = (generation, received) => ({ generation, received, durable: received, ended: false });
  reconnect(talk, { credit: 1000, positions: [at(0, 10), at(1, 4)] });
  assert.deepEqual(said(drain(talk)), [
    "welcome", "forget", "progress", "forget", "progress",
    "generation 1", "generation 2", "generation 3", "generation_end 0",
    "chunk 3", "chunk 1", "generation_end 1", "chunk 2", "generation_end 2",
  ]);
});

test("what an earlier visit left: it goes on where the spool begins, and numbers go on behind it", () => {
  const talk = createConversation({ ...IDENTITY });
  const left = (generation, first, total) => ({ generation, mime: "video/webm", startedMs: 5, reason: "start", offsetMs: 3, first, total, readable: null });
  talk.restore({
    generations: [left(0, 100, 100), left(1, 40, 90)],
    events: [{ type: "event", event: "hidden" }],
    clocks: [{ generation: 1, end: 60, at_ms: 9 }],
    stopped: false,
  });
  assert.equal(begin(talk, { mime: "video/webm", startedMs: 8, reason: "start" }), 2);
  talk.connected(1);
  assert.deepEqual(drain(talk)[0].holds, [{ generation: 1, first: 40, end: 90 }]);
  welcome(talk, {
    resumed: true,
    positions: [{ generation: 0, received: 100, durable: 100, ended: true }, { generation: 1, received: 70, durable: 50, ended: false }],
  });
  talk.appended(2, 5);
  const outputs = drain(talk);
  assert.deepEqual(said(outputs), [
    "welcome", "forget", "progress", "generation 1", "generation 2", "event", "chunk 2", "chunk 1", "generation_end 1",
  ]);
  assert.equal(ofType(outputs, "generation")[0].offset_ms, 3);
  assert.deepEqual(ranges(outputs), [[2, 0, 5], [1, 70, 20]]);
  assert.equal(talk.view().totalBytes, 195);
  talk.stop();
  assert.deepEqual(ofType(drain(talk), "stop")[0].generations.map(({ bytes }) => bytes), [100, 90, 5]);
});

test("a restored generation of which the server has more than this device remembers is as long as there", () => {
  const talk = createConversation({ ...IDENTITY });
  const about = { mime: "video/webm", startedMs: 5, reason: "start", offsetMs: null, readable: null };
  talk.restore({ generations: [{ ...about, generation: 0, first: 0, total: 0 }], events: [], clocks: [], stopped: true });
  talk.connected(1);
  drain(talk);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 30, durable: 20, ended: false }] });
  const outputs = drain(talk);
  assert.deepEqual(said(outputs).slice(-2), ["generation_end 0", "stop"]);
  assert.equal(ofType(outputs, "generation_end")[0].bytes, 30);
});

test("up to when everything is there: an older remainder holds it back", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  talk.end(0);
  begin(talk, { mime: "video/webm", startedMs: 5000, reason: "camera" });
  talk.appended(1, 50);
  drain(talk);
  const ack = (generation, durable, media_ms) =>
    hear(talk, { type: "ack", generation, received: durable, durable, media_ms, credit_bytes: 1 << 20 });
  ack(1, 50, 700);
  assert.deepEqual([talk.view().durableWallMs, talk.view().liveWallMs], [1234, 5700]);
  ack(0, 60, 400);
  assert.deepEqual([talk.view().durableWallMs, talk.view().position], [1634, { generation: 0, durable: 60 }]);
  ack(0, 100, 900);
  assert.deepEqual([talk.view().durableWallMs, talk.view().position], [5700, { generation: 1, durable: 50 }]);
});

test("the same durable position with more credit: more is sent, and nothing else changes", () => {
  const { talk } = recording({ credit: 300 });
  talk.appended(0, 1000);
  drain(talk);
  const ack = { type: "ack", generation: 0, received: 300, durable: 100, media_ms: 50, credit_bytes: 300 };
  hear(talk, ack, 7);
  drain(talk);
  hear(talk, { ...ack, received: 400, credit_bytes: 500 }, 8);
  assert.deepEqual(drain(talk), [{ kind: "chunk", generation: 0, position: 400, length: 200 }]);
  assert.equal(talk.view().durableAtMs, 7);
});
