import assert from "node:assert/strict";
import { test } from "node:test";
import { createGaps } from "../../web/capture/gaps.js";

const books = () => {
  const told = [];
  return { told, gaps: createGaps((gap) => told.push(gap)) };
};

test("a gap is told once, when it has ended, with its length", () => {
  const { told, gaps } = books();
  gaps.open("camera", { startMs: 1000.4, reason: "camera_lost", detail: "camera" });
  assert.deepEqual(told, []);
  assert.deepEqual(gaps.ongoing(), [{ startMs: 1000.4, reason: "camera_lost", detail: "camera" }]);
  gaps.close("camera", 4000);
  gaps.close("camera", 5000);
  assert.deepEqual(told, [{ startMs: 1000, endMs: 4000, reason: "camera_lost", detail: "camera" }]);
  assert.deepEqual(gaps.ongoing(), []);
});

test("what is open began when it was opened first", () => {
  const { told, gaps } = books();
  gaps.open("full", { startMs: 1000, reason: "device_storage_full" });
  gaps.open("full", { startMs: 2000, reason: "server_disk_full" });
  gaps.close("full", 3000);
  assert.deepEqual(told, [{ startMs: 1000, endMs: 3000, reason: "device_storage_full" }]);
});

test("what is shorter than it may be is none, and neither is one that would run backwards", () => {
  const { told, gaps } = books();
  const muted = { startMs: 1000, reason: "muted", shortestMs: 1000 };
  gaps.open("muted:camera", muted);
  gaps.close("muted:camera", 1999);
  gaps.open("page", { startMs: 5000, reason: "page_killed" });
  gaps.close("page", 4000);
  assert.deepEqual(told, []);
  gaps.open("muted:camera", muted);
  gaps.close("muted:camera", 2000);
  gaps.open("page", { startMs: 5000, reason: "page_killed" });
  gaps.close("page", 5300);
  assert.deepEqual(told, [
    { startMs: 1000, endMs: 2000, reason: "muted" },
    { startMs: 5000, endMs: 5300, reason: "page_killed" },
  ]);
});

test("the next generation ends what waited for it, and nothing else", () => {
  const { told, gaps } = books();
  gaps.open("page", { startMs: 1000, reason: "page_killed", untilRun: true });
  gaps.open("muted:camera", { startMs: 2000, reason: "muted", detail: "camera" });
  gaps.runBegan(9000);
  assert.deepEqual(told, [{ startMs: 1000, endMs: 9000, reason: "page_killed" }]);
  assert.deepEqual(gaps.ongoing().map(({ reason }) => reason), ["muted"]);
});

test("Stop ends all of them", () => {
  const { told, gaps } = books();
  gaps.open("camera", { startMs: 1000, reason: "interrupted", untilRun: true });
  gaps.open("muted:microphone", { startMs: 3000, reason: "muted" });
  gaps.closeAll(7000);
  assert.deepEqual(told.map(({ reason, endMs }) => [reason, endMs]), [["interrupted", 7000], ["muted", 7000]]);
});
