import assert from "node:assert/strict";
import { test } from "node:test";
import { createChase } from "../../web/live/chase.js";

/** One that has seen fragments of this length arrive, up to `endS`. */
function seasoned({ fragmentS = 1, endS = 20 } = {}) {
  const chase = createChase();
  for (let at = endS - 8 * fragmentS; at <= endS + 1e-9; at += fragmentS) chase.arrived(at);
  return chase;
}

const view = (ranges, timeS, more = {}) => ({ ranges, timeS, nowMs: 0, isPlaying: true, isSeeking: false, ...more });
const near = (actual, expected) => assert.ok(actual !== null && Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);

test("with nothing in the buffer there is nothing to do", () => {
  assert.deepEqual(createChase().look(view([], 0)), { rate: 1, seekToS: null, isStuck: false, behindS: 0 });
});

test("the first picture is shown from where the buffer begins", () => {
  const chase = createChase();
  chase.arrived(3);
  near(chase.look(view([[1, 3]], 0)).seekToS, 1);
});

test("who joins an old generation, or one with a long group of pictures, begins near its end", () => {
  const chase = createChase();
  chase.arrived(3610);
  near(chase.look(view([[3600, 3610]], 0)).seekToS, 3610 - 1.25);
});

test("at the live edge it plays as it is", () => {
  const chase = seasoned();
  const decision = chase.look(view([[0, 20]], 18));
  assert.deepEqual(decision, { rate: 1, seekToS: null, isStuck: false, behindS: 2 });
});

test("a little behind it catches up gently until one fragment is left, and does not flicker on the way", () => {
  const chase = seasoned();
  const rates = [];
  let timeS = 17;
  let endS = 20;
  for (let nowMs = 0; nowMs < 40_000; nowMs += 250) {
    if (nowMs % 1000 === 0 && nowMs > 0) chase.arrived((endS += 1));
    const { rate, seekToS } = chase.look(view([[0, endS]], timeS, { nowMs }));
    assert.equal(seekToS, null);
    if (rates[rates.length - 1] !== rate) rates.push(rate);
    timeS += rate * 0.25;
  }
  assert.deepEqual(rates, [1.05, 1]);
  const behindS = endS - timeS;
  assert.ok(behindS < 1.4 && behindS > 0.6, String(behindS));
});

test("never faster than 1.1", () => {
  const chase = seasoned();
  assert.equal(chase.look(view([[0, 20]], 16.2)).rate, 1.1);
});

test("far behind it jumps to the live edge", () => {
  const chase = seasoned();
  near(chase.look(view([[0, 20]], 14)).seekToS, 20 - 2.25);
});

test("fragments of two seconds are no reason to jump", () => {
  const chase = seasoned({ fragmentS: 2 });
  assert.equal(chase.look(view([[0, 20]], 15.5)).seekToS, null);
  near(chase.look(view([[0, 20]], 13)).seekToS, 20 - 4.25);
});

test("fragments of a tenth of a second are played closely", () => {
  const chase = seasoned({ fragmentS: 0.1 });
  near(chase.toLive([[0, 20]]), 20 - 0.45);
});

test("a gap after a skip is stepped over at its edge, and where it is stood in", () => {
  const chase = seasoned();
  near(chase.look(view([[0, 18], [19.4, 20]], 17.95)).seekToS, 19.4);
  near(chase.look(view([[0, 18], [19.4, 20]], 18)).seekToS, 19.4);
  near(chase.look(view([[0, 18], [19.4, 20]], 18.6)).seekToS, 19.4);
  assert.equal(chase.look(view([[0, 18], [19.4, 20]], 17)).seekToS, null);
});

test("a new generation hours later is found", () => {
  const chase = seasoned();
  near(chase.look(view([[0, 20], [7200, 7201]], 20)).seekToS, 7200);
});

test("what was removed under the element is made up for", () => {
  const chase = seasoned();
  near(chase.look(view([[90, 100]], 20)).seekToS, 100 - 2.25);
  near(chase.look(view([[0, 20]], 50)).seekToS, 20 - 2.25);
});

test("a picture that stands still although there is media is pushed, then given up", () => {
  const chase = seasoned();
  const seen = [];
  let timeS = 18;
  for (let nowMs = 0; nowMs < 12_000; nowMs += 250) {
    const { seekToS, isStuck } = chase.look(view([[0, 20]], timeS, { nowMs }));
    if (isStuck) {
      seen.push("stuck");
      break;
    }
    if (seekToS !== null) {
      seen.push("push");
      timeS = seekToS;
    }
  }
  assert.deepEqual(seen, ["push", "push", "push", "stuck"]);
});

test("waiting for media is no stall, and neither is a pause or a jump under way", () => {
  const chase = seasoned();
  for (let nowMs = 0; nowMs < 2500; nowMs += 500) {
    assert.equal(chase.look(view([[0, 20]], 18, { nowMs, isSeeking: true })).seekToS, null);
  }
  for (let nowMs = 2500; nowMs < 20_000; nowMs += 500) {
    assert.equal(chase.look(view([[0, 20]], 19.9, { nowMs })).seekToS, null);
    assert.equal(chase.look(view([[0, 20]], 18, { nowMs, isPlaying: false })).seekToS, null);
  }
});

test("a jump to where nothing is any more is made up for", () => {
  const chase = seasoned();
  chase.look(view([[0, 20]], 10, { nowMs: 0 }));
  assert.equal(chase.look(view([[15, 20]], 10, { nowMs: 1000, isSeeking: true })).seekToS, null);
  near(chase.look(view([[15, 20]], 10, { nowMs: 3500, isSeeking: true })).seekToS, 20 - 2.25);
});

test("who has paused is not moved, and learns how far behind that is", () => {
  const chase = seasoned();
  const decision = chase.look(view([[0, 20]], 5, { isPlaying: false }));
  assert.deepEqual([decision.seekToS, decision.behindS], [null, 15]);
});

test("an empty buffer is filled by playing a little slower", () => {
  const chase = seasoned();
  assert.equal(chase.look(view([[0, 20]], 19.98)).rate, 0.95);
  assert.equal(chase.look(view([[0, 21]], 19.99)).rate, 0.95);
  assert.equal(chase.look(view([[0, 22.1]], 20)).rate, 1);
});
