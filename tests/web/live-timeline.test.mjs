import assert from "node:assert/strict";
import { test } from "node:test";
import { createTimeline } from "../../web/live/timeline.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);

test("the first one begins a little above zero, and has its wall time", () => {
  const timeline = createTimeline();
  assert.equal(timeline.wallMsAt(3), null);
  const offset = timeline.place({ generation: 1, startMs: 1_000_000 }, 0);
  assert.ok(offset > 0);
  near(timeline.wallMsAt(offset + 2.5), 1_002_500);
});

test("a new generation lies where its wall time says", () => {
  const timeline = createTimeline();
  const first = timeline.place({ generation: 1, startMs: 1_000_000 }, 0);
  const second = timeline.place({ generation: 2, startMs: 1_060_000 }, first + 59.2);
  near(second - first, 60);
  near(timeline.wallMsAt(second + 1), 1_061_000);
  near(timeline.wallMsAt(first + 59), 1_059_000);
});

test("clocks that disagree do not lay it over media of another one", () => {
  const timeline = createTimeline();
  const first = timeline.place({ generation: 1, startMs: 1_000_000 }, 0);
  const second = timeline.place({ generation: 2, startMs: 1_009_000 }, first + 10);
  near(second, first + 10);
  near(timeline.wallMsAt(second + 1), 1_010_000);
  near(timeline.wallMsAt(second - 1), 1_009_000);
});

test("a server whose clock was set back is followed", () => {
  const timeline = createTimeline();
  const first = timeline.place({ generation: 1, startMs: 9_000_000 }, 0);
  const second = timeline.place({ generation: 2, startMs: 1_000_000 }, first + 10);
  near(second, first + 10);
  near(timeline.wallMsAt(second + 1), 1_001_000);
});

test("the same generation on a new connection falls onto itself, wherever its times begin now", () => {
  const timeline = createTimeline();
  const first = timeline.place({ generation: 7, startMs: 1_000_000 }, 0);
  assert.equal(timeline.place({ generation: 7, startMs: 1_000_000 }, 40), first);
  // The muxer was begun anew 38 s in, 2 s in front of what is buffered.
  const again = timeline.place({ generation: 7, startMs: 1_038_000 }, first + 40);
  near(again - first, 38);
  near(timeline.wallMsAt(again + 3), 1_041_000);
});

test("of many generations the places stay right", () => {
  const timeline = createTimeline();
  let offset = 0;
  for (let generation = 1; generation <= 50; generation += 1) {
    offset = timeline.place({ generation, startMs: generation * 10_000 }, offset === 0 ? 0 : offset + 9.5);
  }
  near(offset, 1 + 490);
  near(timeline.wallMsAt(offset + 1), 501_000);
});
