// A recording whose storage fails goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRecording } from "../../web/capture/recording.js";
import { createOrigins } from "../../web/lib/origins.js";
import { openStore } from "../../web/lib/spool.js";
import { createSteadyClock } from "../../web/lib/steady-clock.js";
import { Recorder, until } from "./support/fake-recorder.mjs";

const START = 1_800_000_000_000;

/** A store whose first so many spools take no media. */
async function storeThatFails(times) {
  const store = await openStore({ navigator: {}, addEventListener() {} }, { kinds: ["memory"] });
  const made = [];
  return {
    made,
    async create(session) {
      const spool = await store.create(session);
      made.push(spool);
      if (made.length <= times) {
        spool.append = async () => {
          throw new Error("the worker of the spool has died, and its successor, too");
        };
      }
      return spool;
    },
  };
}

async function setUp({ failing, t, silent = false }) {
  Recorder.all = [];
  let wall = START;
  const store = await storeThatFails(failing);
  const spare = await storeThatFails(0);
  let answer = () => {};
  if (silent) {
    const { create } = store;
    const answered = new Promise((resolve) => (answer = resolve));
    store.create = (session) => answered.then(() => create(session));
  }
  const faults = [];
  let queue = Promise.resolve();
  const inTurn = (work) => {
    const mine = queue.then(work);
    queue = mine.catch(() => {});
    return mine;
  };
  const recording = createRecording({
    device: { id: "device-1", key: "k".repeat(43), name: "Bench", lasting: true, rename: () => "" },
    client: "test",
    clock: createSteadyClock({ wall: () => wall, progress: () => wall - START }),
    origins: createOrigins({ own: "https://127.0.0.1:1" }),
    storage: null,
    store: Promise.resolve(store),
    spare: async () => spare,
    roomBytes: () => 1e9,
    camera: { opened: { stream: {}, video: { readyState: "live" } }, muted: () => [] },
    plan: () => ({ mime: "video/webm", videoBitsPerSecond: 1, audioBitsPerSecond: 1 }),
    inTurn,
    onChange() {},
    onFault: (fault) => faults.push(fault.key),
    onCameraDead: () => faults.push("camera"),
    onRunning() {},
    onStopping() {},
    onStopped() {},
  });
  t.after(() => recording.session && recording.session.close());
  recording.prepare();
  const started = inTurn(recording.start);
  if (!silent) await started;
  /** Each encoder gives something until one does not make way for the next. */
  const record = async (encoders) => {
    for (let number = 1; number <= encoders; number += 1) {
      await until(() => Recorder.all.length === number && Recorder.all[number - 1].state === "recording");
      await until(() => recording.phase === "recording" && recording.session !== null && recording.session.facts().running);
      wall += 1000;
      Recorder.all[number - 1].give(100);
    }
  };
  return { recording, store, spare, faults, record, answer, started };
}

test("storage that fails twice in a row is left alone, and another session takes the recording", async (t) => {
  const { recording, store, spare, faults, record } = await setUp({ failing: 1, t });
  await record(3);
  await until(() => recording.session && recording.session.facts().recordedBytes === 100);
  assert.equal(store.made.length, 2);
  assert.equal(spare.made.length, 0);
  assert.equal(store.made[1].held(), 100);
  const wasStopped = (spool) => spool.entries().some(({ type }) => type === "stopping");
  assert.deepEqual(store.made.map(wasStopped), [true, false], "after a reload nothing goes on with the first one");
  assert.equal(recording.phase, "recording");
  assert.deepEqual(faults, []);
});

test("storage that goes on failing is replaced by the page's memory", async (t) => {
  const { recording, store, spare, faults, record } = await setUp({ failing: 9, t });
  await record(4);
  await until(() => recording.session && recording.session.facts().recordedBytes === 100);
  assert.equal(store.made.length, 2);
  assert.equal(spare.made.length, 1);
  assert.equal(spare.made[0].held(), 100);
  assert.equal(recording.phase, "recording");
  assert.deepEqual(faults, []);
});

test("storage that does not answer is not waited for, and keeps nothing of it when it does", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { recording, store, spare, record, answer, started } = await setUp({ failing: 0, t, silent: true });
  await until(() => recording.phase === "starting");
  for (let turn = 0; turn < 9; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(15000);
  await started;
  await record(1);
  await until(() => spare.made[0].held() === 100);
  answer();
  await until(() => store.made.length === 1);
  await assert.rejects(async () => {
    for (;;) await store.made[0].note({});
  }, /discarded/);
  assert.equal(recording.phase, "recording");
  t.mock.timers.reset();
});
