import assert from "node:assert/strict";
import { test } from "node:test";
import { createSteadyClock } from "../../web/lib/steady-clock.js";

function clocks() {
  const at = { wall: 1_000_000, progress: 50 };
  const leaps = [];
  const clock = createSteadyClock({ wall: () => at.wall, progress: () => at.progress, onLeap: (leap) => leaps.push(leap) });
  const pass = (wallMs, progressMs = wallMs) => {
    at.wall += wallMs;
    at.progress += progressMs;
  };
  return { clock, pass, leaps };
}

test("it goes on from the wall time of the beginning, in whole milliseconds", () => {
  const { clock, pass } = clocks();
  assert.equal(clock.now(), 1_000_000);
  pass(1500.4, 1500.4);
  assert.equal(clock.now(), 1_001_500);
});

test("a clock that is set back or slewed moves nothing", () => {
  const { clock, pass, leaps } = clocks();
  pass(-3_600_000, 1000);
  assert.equal(clock.now(), 1_001_000);
  assert.deepEqual(leaps, [{ kind: "set", ms: 3_601_000 }]);
  // Nobody looked for an hour in which the clock was slewed by 500 ppm.
  pass(3_601_800, 3_600_000);
  assert.equal(clock.now(), 4_601_000);
  assert.equal(clock.leaps, 1);
});

test("sleep, in which the steady clock stood still, is made up for", () => {
  const { clock, pass, leaps } = clocks();
  pass(5000);
  clock.now();
  pass(7_200_000, 200);
  assert.equal(clock.now(), 1_000_000 + 5000 + 7_200_000);
  assert.deepEqual(leaps, [{ kind: "slept", ms: 7_199_800 }]);
});

test("sleep through which the steady clock went on, as on Windows, is nothing", () => {
  const { clock, pass } = clocks();
  pass(7_200_000);
  assert.equal(clock.now(), 8_200_000);
  assert.equal(clock.leaps, 0);
});

test("the offset with the shortest round trip is kept, until drift makes a newer one better", () => {
  const { clock, pass } = clocks();
  assert.equal(clock.offsetMs(), null);
  clock.measured({ offsetMs: 500, roundTripMs: 40 });
  clock.measured({ offsetMs: 510, roundTripMs: 100 });
  assert.equal(clock.offsetMs(), 500);
  clock.measured({ offsetMs: 492.4, roundTripMs: 10 });
  assert.equal(clock.offsetMs(), 492);
  // At 100 ppm an hour makes 360 ms.
  pass(3_600_000);
  clock.measured({ offsetMs: 480, roundTripMs: 40 });
  assert.equal(clock.offsetMs(), 480);
});

test("a server whose clock was set is believed at once", () => {
  const { clock } = clocks();
  clock.measured({ offsetMs: 500, roundTripMs: 10 });
  clock.measured({ offsetMs: -86_000_000, roundTripMs: 60 });
  assert.equal(clock.offsetMs(), -86_000_000);
});

test("after a leap nothing is known of the server's clock until it is measured", () => {
  const { clock, pass } = clocks();
  clock.measured({ offsetMs: 500, roundTripMs: 10 });
  pass(60_000, 0);
  assert.equal(clock.offsetMs(), null);
  clock.measured({ offsetMs: 440, roundTripMs: 90 });
  assert.equal(clock.offsetMs(), 440);
});
