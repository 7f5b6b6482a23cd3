import assert from "node:assert/strict";
import { test } from "node:test";
import { countersOf, createWatch } from "../../web/live/rtc-watch.js";

const WELL = { isConnected: true, isFlowing: true, hasPicture: true, isVisible: true };
const counters = (videoBytes, frames, audioBytes = 0) => ({ videoBytes, audioBytes, frames, playoutMs: null });

/** Looks each half second, as the page does. */
function looked(watch, from, to, each, circumstances = WELL) {
  for (let now = from; now <= to; now += 500) {
    const seen = each(now);
    if (seen) watch.seen(seen, now);
    const why = watch.verdict(now, circumstances);
    if (why) return { why: why.code, now };
  }
  return null;
}
const nothing = () => null;

test("counters of browsers that know more and less", () => {
  const reports = [
    { type: "transport", bytesReceived: 9e9 },
    { type: "inbound-rtp", kind: "audio", bytesReceived: 100, estimatedPlayoutTimestamp: 1_795_205_243_000 },
    { type: "inbound-rtp", mediaType: "video", bytesReceived: 1000, framesDecoded: 7, estimatedPlayoutTimestamp: 4_004_194_021_797 },
  ];
  assert.deepEqual(countersOf(reports), { videoBytes: 1000, audioBytes: 100, frames: 7, playoutMs: 1_795_205_221_797 });
  assert.deepEqual(countersOf([{ type: "inbound-rtp", kind: "video" }]), { videoBytes: 0, audioBytes: 0, frames: 0, playoutMs: null });
});

test("what gives nothing for 4 s has no route", () => {
  assert.deepEqual(looked(createWatch(1000), 1000, 20_000, nothing), { why: "no_route", now: 5500 });
  // Of a device that is silent nothing comes by any path, once the connection is there.
  assert.equal(looked(createWatch(0), 0, 60_000, nothing, { ...WELL, isFlowing: false }), null);
  assert.equal(looked(createWatch(0), 0, 60_000, nothing, { ...WELL, isFlowing: false, isConnected: false }).why, "no_route");
});

test("media that stops is missed once the list has had time to say that the device is silent, never where it says so", () => {
  const begun = () => {
    const watch = createWatch(0);
    assert.equal(looked(watch, 0, 10_000, (now) => counters(now, now / 50)), null);
    return watch;
  };
  assert.deepEqual(looked(begun(), 10_500, 60_000, nothing), { why: "silent", now: 18_500 });
  assert.equal(looked(begun(), 10_500, 60_000, nothing, { ...WELL, isFlowing: false }), null);
});

test("a device that is back has a moment for its first media", () => {
  const watch = createWatch(0);
  looked(watch, 0, 10_000, (now) => counters(now, now / 50));
  looked(watch, 10_500, 16_000, nothing);
  looked(watch, 16_500, 60_000, nothing, { ...WELL, isFlowing: false });
  assert.deepEqual(looked(watch, 60_500, 90_000, nothing), { why: "silent", now: 68_500 });
  const early = createWatch(0);
  looked(early, 0, 60_000, nothing, { ...WELL, isFlowing: false });
  assert.deepEqual(looked(early, 60_500, 90_000, nothing), { why: "no_route", now: 64_500 });
});

test("the delay is that of the moment at which the counters were read", () => {
  const watch = createWatch(0);
  watch.seen(counters(1000, 1), 500, 1_795_205_000_000);
  assert.equal(watch.delayMs(), null);
  watch.seen({ ...counters(2000, 2), playoutMs: 1_795_204_998_600 }, 1000, 1_795_205_001_000);
  assert.equal(watch.delayMs(), 2400);
  watch.seen({ ...counters(2000, 2), playoutMs: 1_795_204_998_600 }, 1000);
  assert.equal(watch.delayMs(), null);
});

test("bytes without pictures are no picture, unless there is none or nobody looks", () => {
  const bytes = (now) => counters(now + 1, 0, now);
  assert.equal(looked(createWatch(0), 0, 20_000, bytes).why, "decode");
  assert.equal(looked(createWatch(0), 0, 20_000, bytes, { ...WELL, hasPicture: false }), null);
  assert.equal(looked(createWatch(0), 0, 20_000, bytes, { ...WELL, isVisible: false }), null);
  const watch = createWatch(0);
  looked(watch, 0, 5000, (now) => counters(now + 1, now / 50));
  assert.equal(looked(watch, 5500, 20_000, (now) => counters(now, 100)).why, "decode");
});

test("a page that slept has not seen silence", () => {
  const watch = createWatch(0);
  looked(watch, 0, 5000, (now) => counters(now + 1, now / 50));
  assert.equal(watch.verdict(65_000, WELL), null);
  assert.equal(looked(watch, 65_500, 80_000, nothing).why, "silent");
  const early = createWatch(0);
  assert.equal(early.verdict(60_000, WELL), null);
});

test("sound that is missing is noticed when pictures have come for a while", () => {
  const watch = createWatch(0);
  watch.seen(counters(1000, 1), 1000);
  assert.equal(watch.isSoundless(2000), false);
  for (let now = 3000; now < 8500; now += 1000) watch.seen(counters(now, now / 20), now);
  watch.seen(counters(9000, 1600), 8500);
  // What converts it may have begun for the second time just now.
  assert.equal(watch.isSoundless(8500), false);
  watch.seen(counters(9200, 1650), 9100);
  assert.deepEqual([watch.isSoundless(9100), watch.isHeard()], [true, false]);
  assert.equal(watch.isShown(true), true);
  watch.seen(counters(9500, 1660, 20), 9200);
  assert.deepEqual([watch.isSoundless(9200), watch.isHeard()], [false, true]);
});

test("the bit rate leaves out what came on joining", () => {
  const watch = createWatch(0);
  watch.seen(counters(2_000_000, 60), 500);
  for (let now = 1000; now <= 5000; now += 500) watch.seen(counters(2_000_000 + (now - 500) * 125, 60 + now), now);
  assert.equal(watch.bitrateBps(5000), 1_000_000);
});
