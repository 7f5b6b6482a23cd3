import assert from "node:assert/strict";
import { test } from "node:test";
import { createAppends } from "../../web/live/appends.js";
import { dropToKey } from "../../web/live/held.js";
import { FakeBuffer, fragment, initSegment, settle } from "./support/fake-media.mjs";

const VP8 = 'video/webm; codecs="vp8,opus"';
const VP9 = 'video/webm; codecs="vp9,opus"';

function fixture({ timeS = () => 0, mime = VP8 } = {}) {
  const buffer = new FakeBuffer(mime);
  const told = { faults: [], ends: [], starved: 0 };
  let nowMs = 0;
  const appends = createAppends({
    buffer,
    mime,
    timeS,
    now: () => nowMs,
    onAppended: (endS) => told.ends.push(endS),
    onFault: (why) => told.faults.push(why),
    onStarved: () => (told.starved += 1),
  });
  const begin = (more = {}) => appends.begin({ mime, bytes: initSegment(), place: () => 1, ...more });
  return { buffer, appends, begin, told, wait: (ms) => (nowMs += ms) };
}

test("everything goes in one after the other, never two at once", async () => {
  const { buffer, appends, begin, told } = fixture();
  begin();
  for (const at of [0, 1, 2]) appends.append(fragment(at, at + 1), at === 0);
  await settle();
  assert.deepEqual(buffer.log, ["abort", "offset 1", "append init", "append 0 1", "append 1 2", "append 2 3"]);
  assert.deepEqual(told.ends, [0, 2, 3, 4]);
  assert.deepEqual(told.faults, []);
});

test("a new generation is placed by what is buffered when its turn comes", async () => {
  const { buffer, appends, begin } = fixture();
  begin();
  appends.append(fragment(0, 4), true);
  const seen = [];
  begin({ place: (endS) => (seen.push(endS), endS + 1.5) });
  appends.append(fragment(0, 1), true);
  await settle();
  assert.deepEqual(seen, [5]);
  assert.deepEqual(buffer.list, [[1, 5], [6.5, 7.5]]);
});

test("another codec changes the buffer's type, in its turn", async () => {
  const { buffer, appends, begin } = fixture();
  begin();
  appends.append(fragment(0, 1), true);
  begin({ mime: VP9, place: () => 2 });
  begin({ mime: VP9, place: () => 3 });
  await settle();
  assert.deepEqual(buffer.log.slice(4), ["abort", `type ${VP9}`, "offset 2", "append init", "abort", "offset 3", "append init"]);
});

test("a type that the buffer refuses is a fault", async () => {
  const { buffer, begin, told } = fixture();
  buffer.refusesChange = true;
  begin({ mime: VP9 });
  await settle();
  assert.equal(told.faults.length, 1);
});

test("what is older than half a minute goes", async () => {
  let timeS = 0;
  const { buffer, appends, begin } = fixture({ timeS: () => timeS });
  begin();
  for (let at = 0; at < 100; at += 1) {
    appends.append(fragment(at, at + 1), at === 0);
    timeS = at;
    await settle(3);
  }
  await settle();
  const [[startS, endS]] = buffer.list;
  assert.equal(endS, 101);
  assert.ok(startS >= timeS - 36 && startS <= timeS - 29, String(startS));
});

test("behind somebody who paused the buffer does not grow for ever", async () => {
  const { buffer, appends, begin } = fixture({ timeS: () => 2 });
  begin();
  for (let at = 0; at < 200; at += 1) appends.append(fragment(at, at + 1), at === 0);
  await settle(600);
  const [[startS, endS]] = buffer.list;
  assert.equal(endS, 201);
  assert.ok(endS - startS <= 66, String(endS - startS));
});

test("a full buffer lets go of what has been seen, and takes the same fragment again", async () => {
  const { buffer, appends, begin, told } = fixture({ timeS: () => 9 });
  buffer.room = 10;
  begin();
  for (let at = 0; at < 11; at += 1) appends.append(fragment(at, at + 1), at === 0);
  await settle(60);
  assert.deepEqual(told.faults, []);
  assert.deepEqual(buffer.log.slice(-3), ["append 9 10", "remove 1 7", "append 10 11"]);
  assert.deepEqual(buffer.list, [[7, 12]]);
});

test("a full buffer from which nothing can go is a fault, and so is one that stays full", async () => {
  const { buffer, appends, begin, told } = fixture({ timeS: () => 1 });
  buffer.room = 2;
  begin();
  for (let at = 0; at < 4; at += 1) appends.append(fragment(at, at + 1), at === 0);
  await settle();
  assert.deepEqual(told.faults, ["full"]);

  const stubborn = fixture({ timeS: () => 30 });
  stubborn.begin();
  stubborn.appends.append(fragment(0, 20), true);
  await settle();
  stubborn.buffer.room = 0;
  stubborn.appends.append(fragment(20, 21), false);
  await settle();
  assert.equal(stubborn.told.faults.length, 1);
});

test("after the close nothing is appended, and nothing told", async () => {
  const { buffer, appends, begin, told } = fixture();
  begin();
  appends.append(fragment(0, 1), true);
  appends.close();
  appends.append(fragment(1, 2), false);
  await settle();
  appends.append(fragment(2, 3), false);
  await settle();
  assert.deepEqual(buffer.log, ["abort", "offset 1", "append init"]);
  assert.deepEqual(told, { faults: [], ends: [], starved: 0 });
});

test("media that the browser cannot read, and a buffer that its source took away, are one fault each", async () => {
  const broken = fixture();
  broken.begin();
  broken.appends.append(new TextEncoder().encode("broken").buffer, true);
  broken.appends.append(fragment(1, 2), false);
  await settle();
  assert.equal(broken.told.faults.length, 1);

  const gone = fixture();
  gone.begin();
  await settle();
  gone.buffer.isGone = true;
  gone.appends.append(fragment(0, 1), true);
  gone.appends.append(fragment(1, 2), false);
  await settle();
  assert.equal(gone.told.faults.length, 1);
});

test("a managed source that wants nothing gets nothing, and later all of it", async () => {
  const { buffer, appends, begin, told } = fixture();
  appends.hold();
  begin();
  appends.append(fragment(0, 1), true);
  await settle();
  assert.deepEqual(buffer.log, []);
  appends.release();
  await settle();
  assert.deepEqual(buffer.log, ["abort", "offset 1", "append init", "append 0 1"]);
  assert.equal(told.starved, 0);
});

test("held too long, what is in front of the newest key frame goes, but not the init segment that it needs", async () => {
  const { buffer, appends, begin, wait, told } = fixture();
  appends.hold();
  begin();
  appends.append(fragment(0, 1), true);
  appends.append(fragment(1, 2), false);
  appends.append(fragment(5, 6), true);
  wait(10_000);
  appends.append(fragment(6, 7), false);
  appends.release();
  await settle();
  assert.deepEqual(buffer.log, ["abort", "offset 1", "append init", "append 5 6", "append 6 7"]);
  assert.equal(told.starved, 0);
});

test("held too long without another key frame, a new connection is asked for, and nothing is shown without its beginning", async () => {
  const { buffer, appends, begin, wait, told } = fixture();
  begin();
  appends.append(fragment(0, 1), true);
  await settle();
  appends.hold();
  appends.append(fragment(1, 2), false);
  wait(10_000);
  appends.append(fragment(2, 3), false);
  appends.append(fragment(3, 4), false);
  appends.release();
  assert.equal(told.starved, 1);
  appends.append(fragment(4, 5), false);
  await settle();
  assert.deepEqual(buffer.list, [[1, 2]]);
  begin();
  appends.append(fragment(6, 7), true);
  await settle();
  assert.deepEqual(buffer.list, [[1, 2], [7, 8]]);
});

test("what is dropped from a queue", () => {
  const begin = { kind: "begin", isKey: true };
  const key = { kind: "append", isKey: true };
  const delta = { kind: "append", isKey: false };
  assert.deepEqual(dropToKey([]), []);
  assert.deepEqual(dropToKey([delta, delta]), []);
  assert.deepEqual(dropToKey([begin, key, delta]), []);
  assert.deepEqual(dropToKey([key, delta]), []);
  assert.deepEqual(dropToKey([delta, key, delta]), [key, delta]);
  assert.deepEqual(dropToKey([begin, key, delta, key, delta]), [begin, key, delta]);
  assert.deepEqual(dropToKey([delta, begin, key, delta]), [begin, key, delta]);
  assert.deepEqual(dropToKey([key, delta, begin]), [begin]);
});
