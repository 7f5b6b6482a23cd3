// Generations that somebody takes no more of, or has lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { IDENTITY, begin, drain, hear, ofKind, ofType, ranges, reconnect, recording, said, welcome } from "./support/conversation.mjs";

test("what a server lost of what it had acknowledged counts as lost, and the next generation goes on", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 1000, durable: 400, credit_bytes: 1 << 20 });
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  welcome(talk, { resumed: false });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "restart"), [{ kind: "restart", generation: 0, message: "" }]);
  assert.deepEqual(ofKind(outputs, "over"), []);
  assert.deepEqual(ofKind(outputs, "forget"), [], "its server may come back");
  assert.deepEqual(said(outputs).slice(-2), ["generation 0", "generation_end 0"]);
  assert.equal(ofType(outputs, "generation_end")[0].bytes, 0);
  hear(talk, { type: "error", code: "lost", generation: 0, message: "gone" });
  assert.deepEqual(drain(talk), []);
  assert.equal(talk.view().lostBytes, 1000);
  assert.equal(talk.view().durableBytes, 0);
  assert.equal(talk.view().isPartly, true);
  assert.equal(talk.deadline(), null);
  assert.equal(begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" }), 1);
  talk.appended(1, 7);
  assert.deepEqual(said(drain(talk)), ["generation 1", "chunk 1"]);
  assert.deepEqual(talk.spare(), [{ generation: 0, below: 1000 }]);
  talk.stop();
  assert.deepEqual(ofType(drain(talk), "stop")[0].generations, [{ generation: 0, bytes: 0 }, { generation: 1, bytes: 7 }]);
});

test("a server that has what another one lost gets the rest", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 1000, durable: 400, credit_bytes: 1 << 20 });
  talk.end(0);
  drain(talk);
  reconnect(talk, { resumed: false });
  drain(talk);
  assert.equal(talk.view().isPartly, true);
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  assert.deepEqual(drain(talk)[0].holds, [{ generation: 0, first: 400, end: 1000 }]);
  welcome(talk, { positions: [{ generation: 0, received: 400, durable: 400, ended: false }] });
  assert.deepEqual(ranges(drain(talk)), [[0, 400, 600]]);
  assert.equal(talk.view().isPartly, false);
  assert.equal(talk.view().lostBytes, 0);
});

test("error lost: the generation is over, nothing more of it is sent, the others go on", () => {
  const { talk } = recording({ credit: 100 });
  talk.appended(0, 300);
  drain(talk);
  hear(talk, { type: "error", code: "lost", generation: 0, message: "gone" });
  assert.deepEqual(ofKind(drain(talk), "restart"), [{ kind: "restart", generation: 0, message: "gone" }]);
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" });
  talk.appended(1, 100);
  assert.deepEqual(ranges(drain(talk)), [[1, 0, 100]]);
});

test("a server that forgot a session of which nothing was acknowledged gets all of it", () => {
  const { talk } = recording();
  talk.appended(0, 1000);
  drain(talk);
  talk.disconnected({ code: 1012 });
  talk.connected(1);
  welcome(talk, { resumed: false });
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 1000]]);
});

test("a refused generation is dropped, and the next one goes on", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 30, durable: 0, credit_bytes: 1 << 20 });
  hear(talk, { type: "error", code: "bad_stream", generation: 0, message: "what is this" });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "restart"), [{ kind: "restart", generation: 0, message: "what is this" }]);
  assert.deepEqual(ofKind(outputs, "forget"), [{ kind: "forget", generation: 0, below: 100 }]);
  assert.equal(talk.wants(0), false);
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" });
  talk.appended(1, 7);
  talk.stop();
  const next = drain(talk);
  assert.deepEqual(ranges(next), [[1, 0, 7]]);
  assert.deepEqual(ofType(next, "stop")[0].generations, [{ generation: 0, bytes: 30 }, { generation: 1, bytes: 7 }]);
  assert.equal(talk.view().lostBytes, 100);
});

test("of a generation that has ended with everything received nothing is said again", () => {
  const { talk } = recording();
  talk.appended(0, 20);
  begin(talk, { mime: "video/webm", startedMs: 2, reason: "camera" });
  talk.appended(1, 5);
  drain(talk);
  reconnect(talk, {
    positions: [
      { generation: 0, received: 20, durable: 12, ended: true },
      { generation: 1, received: 2, durable: 0, ended: false },
    ],
  });
  const outputs = drain(talk);
  assert.deepEqual(ofType(outputs, "generation").map(({ generation }) => generation), [1]);
  assert.deepEqual(ofType(outputs, "generation_end"), []);
  assert.deepEqual(ranges(outputs), [[1, 2, 3]]);
  talk.stop();
  assert.deepEqual(said(drain(talk)), ["generation_end 1", "stop"]);
});

test("a generation that the server has ended before its end is given up, and the next one begins", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  reconnect(talk, { positions: [{ generation: 0, received: 40, durable: 40, ended: true }] });
  const outputs = drain(talk);
  assert.deepEqual(ofKind(outputs, "restart"), [{ kind: "restart", generation: 0, message: "" }]);
  assert.deepEqual(ranges(outputs), []);
  assert.equal(talk.wants(0), false);
  assert.equal(begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" }), 1);
  talk.appended(1, 7);
  assert.deepEqual(said(drain(talk)), ["generation 1", "chunk 1"]);
  assert.equal(talk.view().lostBytes, 60);
});

test("a summary does not make up for bytes that never arrived", () => {
  const { talk } = recording();
  talk.appended(0, 10);
  drain(talk);
  talk.disconnected({ code: 1006 });
  talk.appended(0, 90);
  talk.stop();
  talk.connected(1);
  drain(talk);
  welcome(talk, { resumed: true, positions: [{ generation: 0, received: 10, durable: 10, ended: false }] });
  hear(talk, { type: "summary", session: IDENTITY.session, folder: "f", files: [] });
  assert.deepEqual(ofKind(drain(talk), "over").map(({ why }) => why), ["finished"]);
  assert.equal(talk.view().lostBytes, 90);
  assert.equal(talk.view().isPartly, true);
});

test("bad_stream: the next generation is the next number at once, and no credit is lost with the old one", () => {
  const { talk } = recording({ credit: 100 });
  talk.appended(0, 300);
  assert.deepEqual(ranges(drain(talk)), [[0, 0, 100]]);
  hear(talk, { type: "error", code: "bad_stream", generation: 0, message: "what is this" });
  drain(talk);
  assert.equal(talk.deadline(), null);
  assert.equal(begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" }), 1);
  talk.appended(1, 90);
  assert.deepEqual(said(drain(talk)), ["generation 1", "chunk 1"]);
});

test("what is acknowledged of a refused generation is not recorded for that", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  hear(talk, { type: "ack", generation: 0, received: 60, durable: 60, credit_bytes: 1 << 20 });
  hear(talk, { type: "error", code: "bad_stream", generation: 0, message: "" });
  hear(talk, { type: "ack", generation: 0, received: 100, durable: 100, credit_bytes: 1 << 20 });
  assert.equal(talk.view().lostBytes, 40);
  assert.equal(talk.view().isPartly, true);
});

test("a refused generation keeps its place after a reconnect, whatever the server knows of it", () => {
  for (const [positions, first] of [
    [[{ generation: 0, received: 30, durable: 0, ended: false }], ["generation 1", "generation_end 0"]],
    [[{ generation: 0, received: 30, durable: 0, ended: true }], ["generation 1"]],
    // The server has been started anew.
    [[], ["generation 0", "generation 1", "generation_end 0"]],
  ]) {
    const { talk } = recording();
    talk.appended(0, 100);
    drain(talk);
    hear(talk, { type: "error", code: "bad_stream", generation: 0, message: "what is this" });
    drain(talk);
    reconnect(talk, { positions });
    begin(talk, { mime: "video/webm", startedMs: 2, reason: "error" });
    talk.appended(1, 7);
    const outputs = drain(talk);
    assert.deepEqual(said(outputs), ["welcome", ...first, "chunk 1"]);
    const received = positions.length > 0 ? 30 : 0;
    for (const { bytes } of ofType(outputs, "generation_end")) assert.equal(bytes, received);
    talk.stop();
    assert.deepEqual(ofType(drain(talk), "stop")[0].generations, [{ generation: 0, bytes: received }, { generation: 1, bytes: 7 }]);
  }
});

test("what storage does not give back ends the generation there, plainly", () => {
  const { talk } = recording();
  talk.appended(0, 100);
  drain(talk);
  talk.unsent(0, 60);
  assert.deepEqual(ranges(drain(talk)), [[0, 60, 40]]);
  talk.unreadable(0, 60);
  const outputs = drain(talk);
  assert.deepEqual(said(outputs), ["restart", "generation_end 0"]);
  assert.equal(outputs[1].bytes, 60);
  assert.equal(talk.view().lostBytes, 40);
  assert.equal(talk.view().isPartly, true);
  talk.stop();
  assert.deepEqual(ofType(drain(talk), "stop")[0].generations, [{ generation: 0, bytes: 60 }]);
});
