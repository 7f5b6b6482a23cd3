import assert from "node:assert/strict";
import { test } from "node:test";
import { readLog } from "../../web/capture/left-behind.js";
import { createSession } from "../../web/capture/session.js";
import { createOrigins } from "../../web/lib/origins.js";
import { openStore, SpoolFullError } from "../../web/lib/spool.js";
import { createSteadyClock } from "../../web/lib/steady-clock.js";
import { Recorder, until } from "./support/fake-recorder.mjs";

const START = 1_800_000_000_000;

async function setUp() {
  Recorder.all = [];
  const page = { navigator: {}, addEventListener() {} };
  const store = await openStore(page, { kinds: ["memory"] });
  const spool = await store.create("session-1");
  let wall = START;
  const clock = createSteadyClock({ wall: () => wall, progress: () => wall - START });
  const heard = [];
  const make = () =>
    createSession({
      spool,
      startedMs: START,
      device: { id: "device-1", key: "k".repeat(43), name: "Bench", lasting: true, rename: () => "" },
      client: "test",
      clock,
      origins: createOrigins({ own: "https://127.0.0.1:1" }),
      storage: null,
      onChange() {},
      onRunFailed: (error) => heard.push(["failed", String(error)]),
      onStorageFailed: (error) => heard.push(["storage", String(error)]),
      onRefused: () => {},
      onFull: (sinceMs) => heard.push(["full", sinceMs - START]),
      onOver: () => {},
    });
  const entries = (type) => spool.entries().filter((entry) => entry.type === type);
  return { spool, heard, make, entries, pass: (ms) => void (wall += ms), newest: () => Recorder.all[Recorder.all.length - 1] };
}

const PLAN = { mime: "video/webm", videoBitsPerSecond: 1, audioBitsPerSecond: 1, timesliceMs: 250 };

test("a device that is full ends the generation before the hole, and tells since when nothing was kept", async (t) => {
  const { spool, heard, make, entries, pass, newest } = await setUp();
  const session = make();
  t.after(() => session.close());
  await session.begin({}, PLAN, "start");
  pass(1000);
  newest().give(100);
  await until(() => spool.held() === 100);
  const append = spool.append;
  let refused = 0;
  spool.append = async () => {
    refused += 1;
    throw new SpoolFullError(100);
  };
  pass(1000);
  newest().give(100);
  await until(() => entries("end").length === 1);
  pass(1000);
  newest().give(100);
  await session.endRun();
  assert.equal(refused, 1);
  assert.deepEqual(heard, [["full", 1000]], "it is told once, with the time of the last piece that was kept");
  assert.deepEqual(entries("end").map(({ generation, bytes }) => [generation, bytes]), [[0, 100]]);

  // There is room again: what was open ends with the next generation.
  spool.append = append;
  session.gaps.open("full", { startMs: START + 1000, reason: "device_storage_full", untilRun: true });
  pass(5000);
  await session.begin({}, PLAN, "storage");
  pass(1000);
  newest().give(50);
  await until(() => spool.held() === 150);
  const [{ message }] = entries("event");
  assert.deepEqual([message.event, message.reason, message.start_ms - START, message.end_ms - START], ["gap", "device_storage_full", 1000, 8000]);
  assert.deepEqual(entries("generation").map(({ generation, reason }) => [generation, reason]), [[0, "start"], [1, "storage"]]);
});

test("a recording that goes on after a reload: the next number, and a gap since the last piece", async (t) => {
  const { spool, make, entries, pass, newest } = await setUp();
  await spool.note({ type: "session", session: "session-1", startedMs: START, name: "Bench" });
  await spool.note({ type: "generation", generation: 0, mime: "video/webm", startedMs: START, reason: "start", offsetMs: null });
  await spool.append(0, new Uint8Array(70));
  pass(60_000);
  const session = make();
  t.after(() => session.close());
  session.goOn({ session: "session-1", startedMs: START, bytes: 70, name: "Bench", generations: 1, stopped: false, handedMs: START + 4000, toldMs: 0, awayMs: 0, lastMs: START + 4500, ongoing: [] });
  assert.equal(session.facts().awayMs, 56_000, "also before the camera is back");
  await session.begin({}, PLAN, "page_killed");
  pass(1000);
  newest().give(30);
  await until(() => spool.held() === 100);
  assert.deepEqual(entries("generation").map(({ generation, reason }) => [generation, reason]), [[0, "start"], [1, "page_killed"]]);
  const gaps = entries("event").map(({ message }) => [message.reason, message.start_ms - START, message.end_ms - START]);
  assert.deepEqual(gaps, [["page_killed", 4000, 60_000]]);
  assert.equal(session.facts().awayMs, 56_000);
  assert.equal(session.facts().recordedBytes, 100);
  assert.equal(session.facts().isResumed, true);
});

test("a page that dies again before anything was stored: its gap begins where the one before ended", async (t) => {
  const { spool, make, entries, pass } = await setUp();
  await spool.note({ type: "session", session: "session-1", startedMs: START, name: "Bench" });
  await spool.note({ type: "generation", generation: 0, mime: "video/webm", startedMs: START, reason: "start", offsetMs: null });
  await spool.append(0, new Uint8Array(70));
  await spool.note({ type: "alive", atMs: START + 4100, handedMs: START + 4000, ongoing: [] });
  for (const died of [false, true]) {
    pass(30_000);
    const session = make();
    t.after(() => session.close());
    session.goOn(readLog("session-1", spool.entries(), 70));
    // The encoder takes a moment, and the page is alive meanwhile.
    session.tick();
    pass(1000);
    await session.begin({}, PLAN, "page_killed");
    await until(() => entries("event").length === (died ? 2 : 1));
  }
  assert.deepEqual(
    entries("event").map(({ message }) => [message.reason, message.start_ms - START, message.end_ms - START]),
    [["page_killed", 4000, 31_000], ["page_killed", 31_000, 62_000]],
  );
});

test("a camera that was lost when the page died is one gap, and the page another behind it", async (t) => {
  const { spool, make, entries, pass } = await setUp();
  await spool.note({ type: "generation", generation: 0, mime: "video/webm", startedMs: START, reason: "start", offsetMs: null });
  pass(60_000);
  const session = make();
  t.after(() => session.close());
  const ongoing = [{ startMs: START + 4000, reason: "camera_lost", detail: "camera", untilRun: true }];
  session.goOn({ session: "session-1", startedMs: START, bytes: 0, name: "", generations: 1, stopped: false, handedMs: START + 3900, toldMs: 0, awayMs: 0, lastMs: START + 9000, ongoing });
  await session.begin({}, PLAN, "page_killed");
  await until(() => entries("event").length === 2);
  assert.deepEqual(
    entries("event").map(({ message }) => [message.reason, message.start_ms - START, message.end_ms - START]),
    [["camera_lost", 4000, 9000], ["page_killed", 9000, 60_000]],
  );
});

test("Stop is in the log before the last bytes are, and ends what is open at its own time", async (t) => {
  const { make, entries, spool, pass, newest } = await setUp();
  const session = make();
  t.after(() => session.close());
  await session.begin({}, PLAN, "start");
  pass(1000);
  newest().give(100);
  await until(() => spool.held() === 100);
  session.gaps.open("muted:camera", { startMs: START + 500, reason: "muted", shortestMs: 1000 });
  pass(1000);
  session.stopPressed();
  await until(() => entries("stopping").length === 1);
  assert.equal(entries("stop").length, 0);
  pass(700);
  const stopped = session.stop();
  newest().give(20);
  await stopped;
  await until(() => entries("stop").length === 1);
  assert.equal(entries("stopping").length, 1);
  assert.deepEqual(entries("stop").map(({ generations }) => generations), [[{ generation: 0, bytes: 120 }]]);
  const [{ message }] = entries("event");
  assert.deepEqual([message.start_ms - START, message.end_ms - START], [500, 2000]);
  assert.equal(spool.held(), 120);
});

test("a start that failed leaves nothing behind; what was recorded stays for a later visit", async () => {
  const empty = await setUp();
  const nothing = empty.make();
  await nothing.close();
  await assert.rejects(empty.spool.note({}), /discarded/);

  const { spool, make, pass, newest } = await setUp();
  const session = make();
  await session.begin({}, PLAN, "start");
  pass(1000);
  newest().give(10);
  await until(() => spool.held() === 10);
  await session.close();
  await assert.rejects(spool.note({}), /released/);
});

test("storage that is slower than the encoder: what gathers meanwhile is stored at once, with the time of its end", async (t) => {
  const { spool, make, pass, newest } = await setUp();
  const session = make();
  t.after(() => session.close());
  await session.begin({}, PLAN, "start");
  const append = spool.append;
  const stored = [];
  let flushed = () => {};
  spool.append = async (generation, bytes) => {
    await new Promise((resolve) => (flushed = resolve));
    stored.push(bytes.length);
    await append(generation, bytes);
  };
  const waits = flushed;
  for (let piece = 1; piece <= 4; piece += 1) {
    pass(250);
    newest().give(10);
    if (piece === 1) await until(() => flushed !== waits);
  }
  assert.equal(session.facts().recordedBytes, 0, "nothing counts before it is stored");
  const first = flushed;
  first();
  await until(() => flushed !== first);
  assert.deepEqual([session.facts().recordedBytes, session.facts().handedMs], [10, START + 250]);
  flushed();
  await until(() => session.facts().recordedBytes === 40);
  assert.deepEqual(stored, [10, 30]);
  assert.equal(session.facts().handedMs, START + 1000);
  spool.append = append;
});

test("the log hears every few seconds that the page is alive", async (t) => {
  const { spool, make, entries, pass, newest } = await setUp();
  const session = make();
  t.after(() => session.close());
  await session.begin({}, PLAN, "start");
  for (let second = 1; second <= 12; second += 1) {
    pass(1000);
    newest().give(10);
    await until(() => session.facts().recordedBytes === 10 * second);
  }
  await until(() => entries("alive").length === 3 && spool.held() === 120);
  const alive = entries("alive");
  assert.deepEqual(alive.map(({ atMs }) => atMs - START), [1000, 6000, 11_000]);
  assert.ok(alive.every(({ atMs, handedMs }) => handedMs === atMs));
});
