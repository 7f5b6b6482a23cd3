import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { advance, follow } from "../../web/library/clock.js";
import { isBeginningOf } from "../../web/library/lane.js";
import { commandOf, isTaken } from "../../web/library/keys.js";
import { hashOf, routeOf } from "../../web/library/route.js";
import { faster, slower, speedOf, SPEEDS } from "../../web/library/speeds.js";
import { createSpoken } from "../../web/library/spoken.js";
import { createStrings } from "../../web/lib/strings.js";

const press = (key, more = {}) => commandOf({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more });

test("keys", () => {
  assert.deepEqual([" ", "k", "K"].map((key) => press(key).act), ["toggle", "toggle", "toggle"]);
  assert.deepEqual(["j", "l", "ArrowLeft", "ArrowRight"].map((key) => press(key).ms), [-10_000, 10_000, -5000, 5000]);
  assert.deepEqual(["ArrowLeft", "ArrowRight", "ArrowUp"].map((key) => press(key, { shiftKey: true }).ms), [-1000, 1000, 1000]);
  assert.deepEqual([",", "."].map((key) => press(key)), [{ act: "frame", by: -1 }, { act: "frame", by: 1 }]);
  assert.deepEqual(["<", ">"].map((key) => press(key, { shiftKey: true }).act), ["slower", "faster"]);
  assert.deepEqual(["Home", "End", "m", "g"].map((key) => press(key).act), ["start", "end", "mark", "go_to"]);
  assert.deepEqual(press("7"), { act: "tenth", tenth: 7 });
  for (const key of ["q", "Enter", "Tab", "Escape", "F5", "constructor", "toString"]) assert.equal(press(key), null, key);
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true }]) assert.equal(press("k", more), null);
});

test("what has the focus keeps the keys that it needs itself", () => {
  assert.ok(isTaken({ tagName: "input", type: "text" }, "k"));
  assert.ok(isTaken({ tagName: "SELECT" }, "k"));
  assert.ok(isTaken({ tagName: "button" }, " "));
  assert.ok(!isTaken({ tagName: "button" }, "k"));
  assert.ok(!isTaken({ tagName: "input", type: "range" }, "ArrowLeft"));
  assert.ok(!isTaken({ tagName: "SECTION" }, " "));
});

test("speeds from a quarter to sixteen", () => {
  assert.deepEqual([SPEEDS[0], SPEEDS[SPEEDS.length - 1]], [0.25, 16]);
  assert.deepEqual([faster(1), faster(16), slower(1), slower(0.25), faster(3), slower(3)], [1.5, 16, 0.5, 0.25, 4, 2]);
  assert.deepEqual(["2", 4, "99", null].map(speedOf), [2, 4, 1, 1]);
});

test("addresses of sessions and times", () => {
  assert.deepEqual(routeOf("#session=a,b,a&at=12.5"), { sessions: ["a", "b"], atMs: null });
  assert.deepEqual(routeOf(hashOf(["20261120T083249.160Z_a b"], 1795172793994.4)), { sessions: ["20261120T083249.160Z_a b"], atMs: 1795172793994 });
  assert.deepEqual(routeOf("#session=a,b,c,d,e").sessions.length, 4);
  for (const hash of ["", "#", "#other"]) assert.deepEqual(routeOf(hash).sessions, []);
});

// Footage in these spans; what is told of a lane is where it stands.
const lane = (spans, shownMs, isReady = true) => ({
  shownMs,
  isReady,
  whatAt: (ms) => { const [span] = spans.filter(([from, to]) => from <= ms && ms < to); return span ? { kind: "footage", startMs: span[0], endMs: span[1] } : { kind: "gap", startMs: 0, endMs: 0 }; },
  place: (ms) => { const [span] = spans.filter(([, to]) => ms < to); return span ? { wallMs: Math.max(ms, span[0]) } : null; },
});

test("the clock is what the lane shows that leads", () => {
  assert.deepEqual(advance(100, [lane([[0, 1000]], 140), lane([[0, 1000]], 300)]), { clockMs: 140, leader: 0, isEnd: false });
  assert.deepEqual(advance(100, [lane([[500, 1000]], 500), lane([[0, 1000]], 130)]), { clockMs: 130, leader: 1, isEnd: false });
  // Whoever leads and has nothing yet holds the others.
  assert.deepEqual(advance(100, [lane([[0, 1000]], 900, false), lane([[0, 1000]], 300)]), { clockMs: 100, leader: 0, isEnd: false });
});

test("over a gap the clock goes only where nobody has anything in between", () => {
  const gapped = [[0, 1000], [5000, 9000]];
  assert.deepEqual(advance(990, [lane(gapped, 5010)]), { clockMs: 5000, leader: 0, isEnd: false });
  assert.deepEqual(advance(990, [lane(gapped, 5010), lane([[0, 9000]], 1000)]), { clockMs: 1000, leader: 1, isEnd: false });
  assert.deepEqual(advance(990, [lane(gapped, 5010), lane([[3000, 9000]], 3000)]), { clockMs: 3000, leader: 1, isEnd: false });
  assert.deepEqual(advance(9000, [lane(gapped, null)]), { clockMs: 9000, leader: null, isEnd: true });
});

test("a lane that is a little off is corrected by at most 2 %, one that is far off jumps or waits", () => {
  assert.deepEqual(follow(1000, 1030, 1), { act: "play", rate: 1 });
  const behind = follow(1000, 700, 1);
  const ahead = follow(1000, 1300, 2);
  assert.ok(behind.rate > 1 && behind.rate <= 1.02 && ahead.rate < 2 && ahead.rate >= 1.96);
  assert.deepEqual([follow(1000, 400, 1).act, follow(1000, 1600, 1).act], ["seek", "hold"]);
  // At eight times the speed the same time is eight times as much media.
  assert.equal(follow(10_000, 8000, 8).act, "play");
});

test("what is said of a time, in both languages", () => {
  for (const lang of ["en", "zh"]) {
    const spoken = createSpoken(createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang === "zh" ? "zh-Hans" : "en"));
    const ms = new Date(2026, 10, 20, 16, 31, 49).getTime();
    const what = (kind, reason = "", detail = "") => ({ kind, reason, detail, startMs: 0, endMs: 180_000 });
    assert.ok(spoken.sentence(ms, what("footage")).startsWith("16:31:49"));
    for (const reason of ["muted", "hidden", "interrupted", "camera_lost", "connecting", "server_down", "page_killed", "device_storage_full", "server_disk_full", "server_disk_slow", "encoder_dropped", "damaged_input", ""]) {
      const text = spoken.sentence(ms, what("gap", reason), { hasDay: true });
      assert.ok(!/library\.|_|\{/.test(text) && text.includes("16:31:49"), text);
    }
    assert.ok(spoken.kind(what("gap", "a new word", "because")).includes("a new word"));
    for (const kind of ["waiting", "nothing"]) assert.ok(!/library\.|\{/.test(spoken.kind(what(kind))));
    for (const kind of ["muted", "unmuted", "hidden", "visible", "interrupted", "resumed", "camera", "mark"]) assert.ok(!/library\./.test(spoken.mark({ kind, detail: "x" })), kind);
  }
});

test("a reel that has only grown shows the same at each media time that it had", () => {
  const piece = (mediaMs, wallMs, lengthMs) => ({ mediaMs, wallMs, lengthMs });
  const reel = (url, pieces, mime = "video/webm") => ({ url, mime, pieces });
  const had = reel("/1", [piece(0, 1000, 500), piece(500, 9000, 300)]);
  assert.ok(isBeginningOf(had, had));
  assert.ok(isBeginningOf(had, reel("/2", [piece(0, 1000, 500), piece(500, 9000, 900), piece(1400, 20_000, 100)])));
  // What its device brought later lies between; a file took the place of another; another container.
  assert.ok(!isBeginningOf(had, reel("/2", [piece(0, 1000, 500), piece(500, 5000, 300), piece(800, 9000, 300)])));
  assert.ok(!isBeginningOf(had, reel("/2", [piece(0, 1000, 600), piece(600, 9000, 300)])));
  assert.ok(!isBeginningOf(had, reel("/2", [piece(0, 1000, 500)])));
  assert.ok(!isBeginningOf(had, reel("/2", had.pieces, "video/mp4")));
});
