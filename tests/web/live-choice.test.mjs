import assert from "node:assert/strict";
import { test } from "node:test";
import { createChoice, KINDS } from "../../web/live/choice.js";

const VP8 = 'video/webm; codecs="vp8,opus"';
const all = (options = {}) => createChoice({ kinds: KINDS, inability: () => null, random: () => 1, ...options });

test("the best path is the first that this browser can take", () => {
  assert.equal(all().best(VP8, 0), "webrtc");
  const lacks = (...kinds) => all({ inability: (kind) => (kinds.includes(kind) ? { code: "browser" } : null) });
  assert.equal(lacks("webrtc").best(VP8, 0), "mse");
  assert.equal(lacks("webrtc", "mse").best(VP8, 0), "jpeg");
  assert.equal(lacks(...KINDS).best(VP8, 0), null);
  assert.deepEqual(lacks("webrtc").why("webrtc", VP8), { code: "browser" });
  assert.equal(lacks("webrtc").why("mse", VP8), null);
});

test("what the address insists on is all there is", () => {
  const choice = all({ kinds: ["mse"] });
  choice.failed("mse", { code: "decode" }, 0);
  assert.equal(choice.best(VP8, 0), null);
  assert.equal(choice.why("webrtc", VP8), null);
  assert.equal(choice.why("mse", VP8).code, "decode");
});

test("a path that has failed waits for longer each time, and not for ever", () => {
  const choice = all();
  let now = 0;
  const pauses = [];
  for (let at = 0; at < 9; at += 1) {
    choice.failed("webrtc", { code: "no_route" }, now);
    const from = now;
    while (choice.best(VP8, now) !== "webrtc") now += 1000;
    pauses.push((now - from) / 1000);
  }
  assert.deepEqual(pauses, [15, 30, 60, 120, 240, 480, 600, 600, 600]);
  choice.steady("webrtc", now, now + 599_000);
  choice.failed("webrtc", { code: "silent" }, now + 599_000);
  assert.equal(choice.best(VP8, now + 599_000 + 599_000), "mse", "it had not played for long enough");
  const from = now;
  now += 599_000 + 600_000;
  choice.steady("webrtc", from, now - 1);
  assert.equal(choice.why("webrtc", VP8).code, "silent", "it has failed since it began to play");
  choice.steady("webrtc", from, now);
  assert.equal(choice.why("webrtc", VP8), null);
  choice.failed("webrtc", { code: "silent" }, now);
  assert.equal(choice.best(VP8, now + 14_999), "mse");
  assert.equal(choice.best(VP8, now + 15_000), "webrtc");
});

test("many viewers do not come back in one instant", () => {
  const early = all({ random: () => 0 });
  early.failed("webrtc", { code: "lost" }, 0);
  assert.equal(early.best(VP8, 11_250), "webrtc");
});

test("a new generation is a new chance, unless one follows the other", () => {
  const choice = all();
  choice.failed("webrtc", { code: "server", text: "it is H.264" }, 0);
  choice.renewed(9000);
  assert.equal(choice.best(VP8, 9000), "mse");
  choice.renewed(10_000);
  assert.equal(choice.best(VP8, 10_000), "webrtc");
  choice.failed("webrtc", { code: "server" }, 10_500);
  assert.equal(choice.best(VP8, 10_500 + 29_000), "mse", "it has failed twice all the same");
});

test("another stream knows of the way to the server, and of nothing else", () => {
  const choice = all();
  choice.failed("webrtc", { code: "no_route" }, 0);
  choice.failed("mse", { code: "decode" }, 0);
  assert.equal(choice.best(VP8, 1), "jpeg");
  choice.reset();
  assert.equal(choice.best(VP8, 1), "mse");
});

test("a picture that moves without sound stands behind one with sound, and before single ones", () => {
  const choice = all();
  choice.failed("webrtc", { code: "no_sound" }, 0);
  assert.equal(choice.best(VP8, 1e9), "mse");
  choice.failed("mse", { code: "decode" }, 1e9);
  assert.equal(choice.best(VP8, 1e9), "webrtc");
  choice.renewed(2e9);
  assert.equal(choice.best(VP8, 2e9), "webrtc");
});

test("a path that lasts half a minute each time is tried less and less", () => {
  const choice = all();
  let tries = 0;
  for (let now = 0; now < 6 * 3600_000; now += 1000) {
    if (choice.best(VP8, now) !== "webrtc") continue;
    tries += 1;
    const from = now;
    for (; now < from + 31_000; now += 250) choice.steady("webrtc", from, now);
    choice.failed("webrtc", { code: "silent" }, now);
  }
  assert.ok(tries < 50, `${tries} times in 6 h`);
});

test("sound that may come yet is looked for again after a pause", () => {
  const choice = all();
  choice.failed("webrtc", { code: "no_sound", mayPass: true }, 0);
  assert.deepEqual([choice.best(VP8, 14_999), choice.isSoundless("webrtc", 14_999)], ["mse", true]);
  assert.deepEqual([choice.best(VP8, 15_000), choice.isSoundless("webrtc", 15_000)], ["webrtc", false]);
});
