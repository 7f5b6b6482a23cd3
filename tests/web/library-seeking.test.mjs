import assert from "node:assert/strict";
import { test } from "node:test";
import { inability } from "../../web/library/ability.js";
import { distance } from "../../web/library/frame-step.js";
import { createSeeking } from "../../web/library/seeking.js";

/** A video that answers when the test says so. */
function fake() {
  const listeners = new Map();
  const timers = new Map();
  let next = 0;
  const video = {
    readyState: 1,
    seeking: false,
    error: null,
    ended: false,
    acts: [],
    loads: 0,
    asked: [],
    get currentTime() { return this.asked.length > 0 ? this.asked[this.asked.length - 1] : 0; },
    set currentTime(seconds) { this.asked.push(seconds); this.seeking = true; },
    play() { this.acts.push("play"); return Promise.resolve(); },
    pause() { this.acts.push("pause"); },
    load() { this.loads += 1; this.error = null; },
    addEventListener(name, listener) { listeners.set(name, (listeners.get(name) || new Set()).add(listener)); },
    removeEventListener(name, listener) { listeners.get(name)?.delete(listener); },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    video,
    timers: { setTimeout: (work) => { timers.set((next += 1), work); return next; }, clearTimeout: (id) => timers.delete(id) },
    async tell(name, change) { Object.assign(video, change); for (const listener of [...(listeners.get(name) || [])]) listener(); await settle(); },
    async patienceEnds() { await settle(); const due = [...timers.values()]; timers.clear(); for (const work of due) work(); await settle(); },
    left: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0) + timers.size,
  };
}

test("a seek ends when the picture is there", async () => {
  const { video, timers, tell, left } = fake();
  const seeking = createSeeking({ video, timers });
  const outcome = seeking.to(12.5);
  await tell("none", {});
  assert.ok(seeking.isUnderWay());
  await tell("seeked", { seeking: false, readyState: 2 });
  assert.equal(await outcome, "there");
  assert.deepEqual([video.asked, video.loads, seeking.isUnderWay(), left()], [[12.5], 0, false, 0]);
});

test("a browser that does not answer is asked again, its file loaded anew, and then it has failed", async () => {
  const { video, timers, patienceEnds, left } = fake();
  let slow = 0;
  const seeking = createSeeking({ video, timers, onSlow: () => { slow += 1; } });
  const outcome = seeking.to(3);
  for (let count = 0; count < 3; count += 1) await patienceEnds();
  assert.equal(await outcome, "failed");
  assert.deepEqual([video.asked, video.loads, slow, seeking.isUnderWay(), left()], [[3, 3, 3], 1, 2, false, 0]);
});

test("of two, the newer one counts, and the older one says so", async () => {
  const { video, timers, tell, left } = fake();
  const seeking = createSeeking({ video, timers });
  const first = seeking.to(3);
  await tell("none", {});
  const second = seeking.to(4);
  assert.equal(await first, "superseded");
  assert.ok(seeking.isUnderWay());
  await tell("seeked", { seeking: false, readyState: 4 });
  assert.equal(await second, "there");
  const third = seeking.to(9);
  await tell("none", {});
  seeking.drop();
  assert.equal(await third, "superseded");
  assert.equal(left(), 0);
});

test("a browser that stays at the end is moved by playing, and then asked for the very place", async () => {
  const { video, timers, tell, patienceEnds } = fake();
  video.ended = true;
  let slow = 0;
  const seeking = createSeeking({ video, timers, onSlow: () => { slow += 1; } });
  const outcome = seeking.to(3);
  await patienceEnds();
  assert.deepEqual(video.acts, ["play"]);
  video.asked.push(3.2);
  await tell("seeked", { seeking: false, readyState: 4, ended: false });
  assert.deepEqual([video.acts, video.asked], [["play", "pause"], [3, 3.2, 3]]);
  await tell("seeked", { seeking: false });
  assert.deepEqual([await outcome, video.loads, slow], ["there", 0, 0]);
});

test("after an error the file is loaded anew at once", async () => {
  const { video, timers, tell } = fake();
  video.error = { code: 4 };
  const seeking = createSeeking({ video, timers });
  const outcome = seeking.to(1);
  await tell("none", {});
  await tell("seeked", { seeking: false, readyState: 2 });
  assert.deepEqual([await outcome, video.loads], ["there", 1]);
});

test("how far pictures are apart", () => {
  assert.equal(distance([]), null);
  assert.equal(distance([1]), null);
  const near = (value, wanted) => assert.ok(Math.abs(value - wanted) < 1e-9, String(value));
  near(distance([0, 0.04, 0.08, 0.16, 0.2]), 0.04);
  // A seek between them, and a pause of the camera.
  near(distance([5, 5.04, 1, 1.04, 3]), 0.04);
});

test("what a browser lacks", () => {
  const knows = (...known) => (mime) => (/codecs="([^"]*)"/.exec(mime)[1].split(",").every((codec) => known.includes(codec)) ? "probably" : "");
  const mime = 'video/mp4; codecs="hvc1.1,mp4a.40.2"';
  assert.equal(inability({ mime }, knows("hvc1.1", "mp4a.40.2")), null);
  assert.deepEqual(inability({ mime }, knows("mp4a.40.2")), { codecs: ["HEVC (H.265)"] });
  assert.equal(inability({ mime }, knows("hvc1.1")), null, "the picture alone is better than nothing");
  assert.deepEqual(inability({ mime: 'audio/mp4; codecs="mp4a.40.2"' }, knows()), { codecs: ["AAC"] });
  assert.equal(inability({ mime: "" }, () => ""), null);
});
