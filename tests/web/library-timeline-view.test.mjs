import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { fit, hit, merged, pan, reveal, SHORTEST_MS, ticksOf, wallAt, xOf, zoom } from "../../web/library/timeline-view.js";
import { boundsOf, dayOf } from "../../web/library/list.js";

const ZONE = process.env.TZ;
afterEach(() => {
  if (ZONE === undefined) delete process.env.TZ;
  else process.env.TZ = ZONE;
});
const inZone = (zone) => { process.env.TZ = zone; };
const HOUR = 3_600_000;
const bounds = { startMs: 0, endMs: 100_000 };
const clock = (ms) => { const date = new Date(ms); return `${date.getHours()}:${String(date.getMinutes()).padStart(2, "0")}`; };

test("time and pixels are each other's inverse", () => {
  const view = fit(bounds, 500);
  assert.deepEqual([xOf(view, 0), xOf(view, 50_000), xOf(view, 100_000)], [0, 250, 500]);
  for (const x of [0, 13, 499.5]) assert.ok(Math.abs(xOf(view, wallAt(view, x)) - x) < 1e-9);
});

test("what is under the finger stays there while the view is zoomed, and nothing beyond the ends is shown", () => {
  const whole = fit(bounds, 500);
  const near = zoom(whole, 2, 125, bounds);
  assert.deepEqual([near.toMs - near.fromMs, wallAt(near, 125)], [50_000, 25_000]);
  const edge = zoom(whole, 2, 0, bounds);
  assert.equal(edge.fromMs, 0);
  assert.deepEqual(zoom(near, 0.01, 400, bounds), whole);
  const closest = zoom(whole, 1e9, 250, bounds);
  assert.equal(closest.toMs - closest.fromMs, SHORTEST_MS);
  assert.deepEqual([pan(near, 1e9, bounds).fromMs, pan(near, -1e9, bounds).toMs], [0, 100_000]);
});

test("a time outside the view is brought into it, and one inside moves nothing", () => {
  const near = zoom(fit(bounds, 500), 10, 0, bounds);
  assert.deepEqual(reveal(near, 5000, bounds), near);
  const there = reveal(near, 60_000, bounds);
  assert.ok(there.fromMs < 60_000 && there.toMs > 60_000 && there.toMs - there.fromMs === near.toMs - near.fromMs);
  assert.equal(reveal(near, 100_000, bounds).toMs, 100_000);
});

test("ticks are at round local times, also where the zone is not whole hours away", () => {
  inZone("Asia/Kathmandu");
  const start = new Date(2026, 10, 20, 9, 7).getTime();
  const ticks = ticksOf({ fromMs: start, toMs: start + 6 * HOUR, widthPx: 600 }, 90);
  assert.deepEqual(ticks.map(({ ms }) => clock(ms)), ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]);
  assert.ok(ticks.every(({ kind, hasSeconds }) => kind === "time" && !hasSeconds));
});

test("the night in which an hour comes twice, and the one in which it is left out", () => {
  inZone("Europe/Berlin");
  const autumn = new Date(2026, 9, 25).getTime();
  const twice = ticksOf({ fromMs: autumn, toMs: autumn + 6 * HOUR, widthPx: 700 }, 90);
  assert.deepEqual(twice.map(({ ms }) => clock(ms)), ["0:00", "1:00", "2:00", "2:00", "3:00", "4:00", "5:00"]);
  assert.equal(twice[0].kind, "day");
  const spring = new Date(2026, 2, 29).getTime();
  const skipped = ticksOf({ fromMs: spring, toMs: spring + 6 * HOUR, widthPx: 700 }, 90);
  assert.deepEqual(skipped.map(({ ms }) => clock(ms)), ["0:00", "1:00", "3:00", "4:00", "5:00", "6:00", "7:00"]);
  const days = ticksOf({ fromMs: autumn - 48 * HOUR, toMs: autumn + 96 * HOUR, widthPx: 700 }, 90);
  assert.ok(days.length > 5 && days.every(({ ms, kind }) => kind === "day" && clock(ms) === "0:00"), JSON.stringify(days));
  assert.equal(boundsOf("2026-10-25").endMs - boundsOf("2026-10-25").startMs, 25 * HOUR);
  assert.equal(dayOf(boundsOf("2026-03-29").endMs - 1), "2026-03-29");
});

test("ticks keep their distance at every zoom, and there are never too many", () => {
  inZone("Australia/Lord_Howe");
  const start = new Date(2026, 3, 4, 22).getTime();
  for (let length = 10_000; length < 40 * 365 * 24 * HOUR; length *= 2.3) {
    const ticks = ticksOf({ fromMs: start, toMs: start + length, widthPx: 900 }, 90);
    assert.ok(ticks.length <= 12, `${length}: ${ticks.length}`);
    for (let index = 1; index < ticks.length; index += 1) assert.ok(ticks[index].x - ticks[index - 1].x >= 54, String(length));
  }
  assert.ok(ticksOf({ fromMs: start, toMs: start + 20_000, widthPx: 900 }, 90).every(({ hasSeconds }) => hasSeconds));
});

test("what is shorter than a pixel is drawn once, and what is missing is seen", () => {
  const view = { fromMs: 0, toMs: 1_000_000, widthPx: 100 };
  const span = (startMs, endMs, kind) => ({ startMs, endMs, kind });
  const crumbs = Array.from({ length: 5000 }, (_, index) => span(index * 200, index * 200 + 100, index % 2 ? "gap" : "footage"));
  const drawn = merged(view, crumbs);
  assert.ok(drawn.length <= 102, String(drawn.length));
  assert.ok(drawn.some(({ span: { kind } }) => kind === "gap"));
  const long = merged(view, [span(-500_000, 300_000, "footage"), span(300_000, 300_010, "gap"), span(300_010, 2_000_000, "footage"), span(3_000_000, 4_000_000, "gap")]);
  assert.deepEqual(long.map(({ x, widthPx, span: { kind } }) => [kind, Math.round(x), Math.round(widthPx)]), [["footage", 0, 30], ["gap", 30, 1], ["footage", 30, 70]]);
});

test("the nearest mark under a finger, or none", () => {
  const view = { fromMs: 0, toMs: 1000, widthPx: 1000 };
  const marks = [{ atMs: 100 }, { atMs: 110 }, { atMs: 500 }];
  assert.deepEqual([hit(view, marks, 108, 12), hit(view, marks, 300, 12)], [{ atMs: 110 }, null]);
});

test("noon is found on the day that has 23 hours, and the first round time where the zone is a quarter of an hour off", () => {
  inZone("Europe/Berlin");
  const spring = new Date(2026, 2, 29).getTime();
  assert.deepEqual(ticksOf({ fromMs: spring, toMs: spring + 24 * HOUR, widthPx: 200 }, 90).map(({ ms }) => clock(ms)), ["0:00", "12:00", "0:00"]);
  inZone("Asia/Kathmandu");
  const start = new Date(2026, 10, 20, 9, 50).getTime();
  assert.equal(clock(ticksOf({ fromMs: start, toMs: start + 6 * HOUR, widthPx: 600 }, 90)[0].ms), "10:00");
});
