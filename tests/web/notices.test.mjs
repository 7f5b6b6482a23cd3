import assert from "node:assert/strict";
import { test } from "node:test";
import { firstUnread, noticesOf } from "../../web/capture/notices.js";

const NOW = 1_000_000;
const FACTS = { everUp: true, problem: null, sinceMs: NOW - 60000, kind: "opfs" };
const STATE = { name: "recording", inSession: true, notice: null, facts: FACTS };
const keys = ({ state = {}, facts = {}, ...about } = {}) =>
  noticesOf({ state: { ...STATE, ...state, facts: { ...FACTS, ...facts } }, server: "good", muted: [], wake: "on", visible: true, now: NOW, ...about }).map(({ key }) => key);

test("a recording that goes well needs no words", () => {
  assert.deepEqual(keys(), []);
});

test("a browser that keeps nothing is named as such while something is recorded or sent", () => {
  assert.deepEqual(keys({ facts: { kind: "memory" } }), ["capture.notice.keeps_nothing"]);
  assert.deepEqual(keys({ facts: { kind: "memory" }, state: { name: "stopping", inSession: false } }), ["capture.notice.keeps_nothing"]);
  assert.deepEqual(keys({ facts: { kind: "memory" }, state: { name: "finished", inSession: false } }), []);
});

test("a connection that never opened leads to the certificate, unless the server is simply away", () => {
  const never = { everUp: false };
  assert.deepEqual(keys({ facts: never }), ["capture.notice.certificate"]);
  assert.deepEqual(keys({ facts: { ...never, sinceMs: NOW - 5000 } }), []);
  assert.deepEqual(keys({ facts: never, server: "down" }), []);
  assert.deepEqual(keys({ facts: { ...never, problem: { code: "storage", message: "full" } } }), []);
});

test("what the system has paused, and a screen that may go dark", () => {
  assert.deepEqual(keys({ muted: ["camera", "microphone"] }), ["capture.notice.muted_camera", "capture.notice.muted_microphone"]);
  assert.deepEqual(keys({ wake: "unsupported" }), ["capture.notice.wake_unsupported"]);
  assert.deepEqual(keys({ wake: "refused" }), ["capture.notice.wake_refused"]);
  assert.deepEqual(keys({ wake: "refused", visible: false }), []);
});

test("what the recording itself has to say comes first", () => {
  const notice = { key: "error.bad_stream", values: {} };
  const [first] = noticesOf({ state: { ...STATE, notice }, server: "good", muted: ["camera"], wake: "on", visible: true, now: NOW });
  assert.deepEqual(first, { ...notice, bad: true, isNews: true });
});

test("what has been read is not shown again, news is", () => {
  const notices = [{ key: "a", values: {} }, { key: "b", values: {} }];
  assert.equal(firstUnread(notices, new Set()).key, "a");
  assert.equal(firstUnread(notices, new Set(["a"])).key, "b");
  assert.equal(firstUnread(notices, new Set(["a", "b"])), null);
  assert.equal(firstUnread([{ ...notices[0], isNews: true }], new Set(["a"])).key, "a", "a second loss is told like the first");
});
