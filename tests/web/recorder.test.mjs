import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY_FRAME_MS, recordGeneration, TIMESLICE_MS } from "../../web/lib/recorder.js";

/** A recorder that does what it is told. */
class FakeRecorder extends EventTarget {
  static last = null;
  state = "inactive";
  mimeType = "";
  constructor(stream, options) {
    super();
    FakeRecorder.last = this;
    this.options = options;
  }
  start(timeslice) {
    this.timeslice = timeslice;
    this.state = "recording";
    queueMicrotask(() => this.onstart?.());
  }
  hand(bytes, delayMs = 0) {
    const blob = {
      size: bytes.length,
      type: "video/webm",
      arrayBuffer: () => new Promise((resolve) => setTimeout(() => resolve(new Uint8Array(bytes).buffer), delayMs)),
    };
    this.ondataavailable({ data: blob });
  }
  stop() {
    this.state = "inactive";
    setTimeout(() => {
      this.hand([99]);
      this.onstop();
      this.dispatchEvent(new Event("stop"));
    }, 5);
  }
}

function begin(more = {}) {
  const got = [];
  const failures = [];
  const run = recordGeneration(/** @type {any} */ ({}), {
    mime: "video/webm;codecs=vp8",
    videoBitsPerSecond: 2500000,
    Recorder: /** @type {any} */ (FakeRecorder),
    onBytes: (bytes) => void got.push(...bytes),
    onFailure: (error) => failures.push(error.what),
    ...more,
  });
  return { run, got, failures, recorder: FakeRecorder.last };
}

test("asks for what the server needs", async () => {
  const { run, recorder } = begin();
  await run.started;
  assert.equal(recorder.timeslice, TIMESLICE_MS);
  assert.deepEqual(recorder.options, {
    mimeType: "video/webm;codecs=vp8",
    videoBitsPerSecond: 2500000,
    audioBitsPerSecond: 128000,
    videoKeyFrameIntervalDuration: KEY_FRAME_MS,
  });
  await run.stop();
});

test("bytes are asked for as often as it is said", async () => {
  const { run, recorder } = begin({ timesliceMs: 250 });
  await run.started;
  assert.equal(recorder.timeslice, 250);
  await run.stop();
});

test("blobs keep their order however long each takes to read, and stop waits for the last", async () => {
  const { run, got, recorder, failures } = begin();
  await run.started;
  recorder.hand([1, 2], 30);
  recorder.hand([3], 1);
  recorder.hand([], 0);
  recorder.hand([4, 5], 10);
  await run.stop();
  assert.deepEqual(got, [1, 2, 3, 4, 5, 99]);
  assert.deepEqual(failures, []);
});

test("an unreadable blob ends the run: nothing behind the hole is delivered", async () => {
  const { run, got, recorder, failures } = begin();
  await run.started;
  recorder.hand([1]);
  recorder.ondataavailable({ data: { size: 1, type: "", arrayBuffer: () => Promise.reject(new Error("gone")) } });
  recorder.hand([3]);
  await run.stop();
  assert.deepEqual(got, [1]);
  assert.deepEqual(failures, ["read"]);
});

test("a recorder that stops by itself is a failure, told once", async () => {
  const { run, recorder, failures, got } = begin();
  await run.started;
  recorder.stop();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(failures, ["stopped"]);
  assert.deepEqual(got, [99]);
  await run.stop();
  assert.deepEqual(failures, ["stopped"]);
});

test("an error before the start rejects", async () => {
  const { run, recorder } = begin();
  recorder.onerror({ error: new Error("no encoder") });
  await assert.rejects(run.started, /no encoder/);
});
