import assert from "node:assert/strict";
import { test } from "node:test";
import { spansOf } from "../../web/library/spans.js";
import { parseTimeline } from "../../web/library/timeline.js";
import { createWallMap } from "../../web/library/wall-map.js";

const reel = (number, pieces) => ({ reel: number, mime: "video/mp4", url: `/api/sessions/s/reels/${number}/video.mp4`, has_video: true, duration_ms: 1, bytes: 1, pieces });
const parse = (more) => parseTimeline({ session: "s", device: "d", name: "Bench", start_ms: 1000, end_ms: 30_000, state: "finished", reels: [], gaps: [], marks: [], kept: [], files: [], ...more });
// 1000–11000 in reel 0, a gap that is explained, 15000–20000 in reel 0, a gap that is not, 22000–30000 in reel 1.
const TIMELINE = parse({
  reels: [reel(0, [[0, 1000, 5000], [5000, 6020, 4980], [9980, 15_000, 5000]]), reel(1, [[0, 22_000, 8000]])],
  gaps: [{ start_ms: 11_000, end_ms: 15_000, reason: "interrupted", detail: "phone call" }],
});
const map = createWallMap(TIMELINE);

test("a wall time is a place in a reel, and a place in a reel is a wall time", () => {
  assert.deepEqual(map.place(1000), { reel: 0, mediaMs: 0, wallMs: 1000 });
  assert.deepEqual(map.place(7020), { reel: 0, mediaMs: 6000, wallMs: 7020 });
  assert.deepEqual(map.place(16_000), { reel: 0, mediaMs: 10_980, wallMs: 16_000 });
  assert.deepEqual(map.place(29_999), { reel: 1, mediaMs: 7999, wallMs: 29_999 });
  for (const wallMs of [1000, 5999, 6020, 10_999, 15_000, 19_999, 22_000]) {
    const { reel: number, mediaMs } = map.place(wallMs);
    assert.equal(map.wallOf(number, mediaMs), wallMs);
  }
  // A little behind a reel's end is its end, and a little before its beginning its beginning.
  assert.equal(map.wallOf(1, 9000), 30_000);
  assert.equal(map.wallOf(1, -5), 22_000);
  assert.equal(map.wallOf(7, 0), null);
});

test("behind a gap there is what comes next, and behind the end nothing", () => {
  assert.deepEqual(map.place(0), { reel: 0, mediaMs: 0, wallMs: 1000 });
  assert.deepEqual(map.place(12_000), { reel: 0, mediaMs: 9980, wallMs: 15_000 });
  assert.deepEqual(map.place(20_000), { reel: 1, mediaMs: 0, wallMs: 22_000 });
  assert.equal(map.place(30_000), null);
  assert.deepEqual(map.placeBefore(12_000), { reel: 0, mediaMs: 9979, wallMs: 10_999 });
  assert.deepEqual(map.placeBefore(90_000), { reel: 1, mediaMs: 7999, wallMs: 29_999 });
  assert.equal(map.placeBefore(0), null);
});

test("what is at a time", () => {
  const at = (wallMs) => { const { kind, startMs, endMs, reason, detail } = map.whatAt(wallMs); return [kind, startMs, endMs, reason, detail]; };
  // The clock's correction of 20 ms inside is no gap.
  assert.deepEqual(at(6010), ["footage", 1000, 11_000, "", ""]);
  assert.deepEqual(at(12_000), ["gap", 11_000, 15_000, "interrupted", "phone call"]);
  assert.deepEqual(at(21_000), ["gap", 20_000, 22_000, "", ""]);
  assert.deepEqual(at(22_000), ["footage", 22_000, 30_000, "", ""]);
  assert.equal(at(999)[0], "nothing");
  assert.equal(at(30_000)[0], "nothing");
});

test("what a device still has follows what is there, until the session is finished", () => {
  const waiting = createWallMap({ ...TIMELINE, state: "waiting", waitingMs: 60_000 });
  const what = waiting.whatAt(45_000);
  assert.deepEqual([what.kind, what.startMs, what.endMs, waiting.untilMs], ["waiting", 30_000, 90_000, 90_000]);
  assert.equal(createWallMap({ ...TIMELINE, waitingMs: 60_000 }).whatAt(45_000).kind, "nothing");
});

test("the moment before the first picture is no gap, unless somebody has said one", () => {
  const told = { reels: [reel(0, [[0, 1400, 1000]])], gaps: [] };
  assert.equal(createWallMap(parse(told)).startMs, 1400);
  const said = createWallMap(parse({ ...told, gaps: [{ start_ms: 1000, end_ms: 1400, reason: "connecting" }] }));
  assert.deepEqual([said.startMs, said.whatAt(1200).reason], [1000, "connecting"]);
});

test("what was never recorded is not told as deleted", () => {
  const { whatAt } = createWallMap(parse({
    reels: [reel(0, [[0, 1000, 1000], [1000, 10_000, 1000], [2000, 29_000, 1000]])],
    gaps: [{ start_ms: 2000, end_ms: 29_000, reason: "deleted" }, { start_ms: 4000, end_ms: 6000, reason: "hidden" }],
  }));
  assert.deepEqual([3000, 5000, 20_000].map((ms) => whatAt(ms).reason), ["deleted", "hidden", "deleted"]);
});

test("what was said of a part of a hole explains the rest of it", () => {
  const { whatAt } = createWallMap(parse({ reels: [reel(0, [[0, 1000, 1000], [1000, 10_000, 20_000]])], gaps: [{ start_ms: 3000, end_ms: 9000, reason: "hidden" }] }));
  assert.deepEqual([2500, 5000, 9500].map((ms) => whatAt(ms).reason), ["hidden", "hidden", "hidden"]);
});

test("all spans in order, with nothing left out", () => {
  const spans = spansOf(TIMELINE, map);
  assert.deepEqual(spans.map(({ kind, startMs, endMs }) => [kind, startMs, endMs]), [["footage", 1000, 11_000], ["gap", 11_000, 15_000], ["footage", 15_000, 20_000], ["gap", 20_000, 22_000], ["footage", 22_000, 30_000]]);
  const alone = parse({ gaps: [{ start_ms: 1000, end_ms: 30_000, reason: "camera_lost" }] });
  assert.deepEqual(spansOf(alone, createWallMap(alone)).map(({ kind, reason }) => [kind, reason]), [["gap", "camera_lost"]]);
});

test("of what the server says, what is wrong is left out", () => {
  for (const told of [null, 7, {}, { session: "" }, { session: "s", start_ms: 5, end_ms: 1 }]) assert.equal(parseTimeline(told), null);
  const odd = parse({ name: "\u202eDoor", state: "dancing", reels: [null, { reel: 0, url: "//evil/x" }, { reel: 1, url: "/x", pieces: [[0, 1, -1], ["a"], null, [0, 5, 5]] }], gaps: [{ start_ms: 9, end_ms: 1 }, 4], files: [{ file: "a.mp4", url: "javascript:alert(1)", fault: "" }] });
  assert.deepEqual([odd.name, odd.state, odd.reels.map(({ reel: number, pieces }) => [number, pieces.length]), odd.gaps.length, odd.files[0].url, odd.files[0].fault], ["Door", "finished", [[1, 1]], 0, "", null]);
});
