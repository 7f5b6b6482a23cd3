import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createAddress, snapshotAddress, tokenOf, withToken } from "../../web/live/address.js";
import { codecName, inContainer, parseMime, sameTracks } from "../../web/live/codecs.js";
import { createMeter } from "../../web/live/meter.js";
import { containerFor, inability } from "../../web/live/paths.js";
import { choosePlaying } from "../../web/live/playing.js";
import { pathOf, streamOf } from "../../web/live/route.js";
import { createServerClock } from "../../web/live/server-clock.js";
import { heldUp, parseList, playedOf, tilesOf } from "../../web/live/streams.js";
import { createWords } from "../../web/live/words.js";
import { controlAddress } from "../../web/lib/control.js";
import { createStrings } from "../../web/lib/strings.js";

const strings = (lang) => createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang);

test("a name turns nothing around it", () => {
  assert.deepEqual(parseList({ streams: [{ stream: "a", name: "\u202eDoor\u2069" }, { stream: "b", name: "\u202e" }] }).streams.map(({ name }) => name), ["b", "Door"]);
});

test("the list, in an order that stays", () => {
  const streams = [
    { stream: "b", name: "Tablet 10", state: "live", mime: "video/webm", video: { codec: "vp8", width: 1280, height: 720 }, audio: { codec: "opus" }, bitrate_bps: 2.5e6, behind_ms: 0, viewers: 2 },
    { stream: "c", name: "tablet 2", state: "away", video: null, audio: null, behind_ms: 4000 },
    { stream: "a", name: "Tablet 10", state: "new one", behind_ms: -5 },
  ];
  const list = parseList({ type: "streams", now_ms: 7, streams, more: 1 });
  assert.equal(list.nowMs, 7);
  assert.deepEqual(list.streams.map(({ stream }) => stream), ["c", "a", "b"]);
  assert.deepEqual(list.streams[2], { stream: "b", name: "Tablet 10", state: "live", mime: "video/webm", size: { width: 1280, height: 720 }, hasSound: true, hasPicture: true, bitrateBps: 2.5e6, behindMs: 0, small: null, of: null });
  assert.deepEqual(list.streams[1], { stream: "a", name: "Tablet 10", state: "live", mime: null, size: null, hasSound: false, hasPicture: true, bitrateBps: null, behindMs: 0, small: null, of: null });
  assert.equal(parseList({ streams: [{ stream: "x", mime: "audio/webm", video: null, audio: {} }] }).streams[0].hasPicture, false);
  assert.deepEqual(parseList({ now_ms: 1, streams: [] }), { nowMs: 1, streams: [] });
});

test("what is no list is none, and what is no stream is left out", () => {
  for (const message of [null, 7, {}, { type: "weather", streams: [] }, { type: "streams" }]) assert.equal(parseList(message), null);
  const list = parseList({ streams: [null, 1, {}, { stream: "" }, { stream: "x" }, { stream: "x", name: "twice" }, { stream: "y", name: "  " }] });
  assert.deepEqual(list.streams.map(({ stream, name }) => [stream, name]), [["x", "x"], ["y", "y"]]);
});

test("for how long a stream has been held up goes on between two lists", () => {
  const [away] = parseList({ streams: [{ stream: "x", state: "away", behind_ms: 4000 }] }).streams;
  assert.equal(heldUp(away, 2500), 6500);
  assert.equal(heldUp({ ...away, state: "live" }, 2500), 0);
});

test("what it does, in words of both languages", () => {
  const { stream, latency, bitrate, player } = createWords(strings("en"));
  assert.deepEqual(stream({ state: "live", behindMs: 0 }), { tone: "good", text: "live" });
  assert.deepEqual(stream({ state: "behind", behindMs: 12_000 }), { tone: "late", text: "12 s behind" });
  assert.deepEqual(stream({ state: "away", behindMs: 40_000 }), { tone: "bad", text: "away for 40 s" });
  assert.equal(stream({ state: "away", behindMs: 0 }).text, "away");
  assert.equal(stream({ state: "away", behindMs: 180_000 }).text, "away for 3 min");
  assert.equal(stream({ state: "away", behindMs: 3 * 3600_000 }).text, "away for 3 h");
  assert.equal(latency(1234), "1.2 s");
  assert.equal(latency(12_400), "12 s");
  assert.deepEqual([2_500_000, 130_000, 64_000].map(bitrate), ["2.5 Mbit/s", "130 kbit/s", "64 kbit/s"]);
  const look = { codecs: [], reason: "", latencyMs: null, bitrateBps: null, canJump: false, missingSound: null, kind: "mse", against: [] };
  assert.equal(player({ ...look, state: "playing" }), "");
  assert.equal(player({ ...look, state: "connecting" }), "Connecting …");
  assert.match(player({ ...look, state: "connecting" }, true), /camera is away/);
  assert.equal(player({ ...look, state: "playing" }, true), "");
  assert.match(player({ ...look, state: "unsupported", codecs: ["VP8", "Opus"] }), /cannot play VP8 and Opus/);
  assert.match(player({ ...look, state: "unsupported" }), /cannot play live video/);
  assert.match(player({ ...look, state: "refused", reason: "it sleeps" }), /it sleeps/);
  const told = createWords(strings("en"));
  assert.equal(told.path({ ...look, kind: "jpeg" }), "Single pictures, no sound");
  assert.equal(told.path({ ...look, kind: null }), "–");
  const against = [{ kind: "webrtc", why: { code: "server", text: "it is off" } }, { kind: "mse", why: { code: "codec", codecs: ["VP8", "Opus"] } }];
  assert.equal(told.why({ ...look, against }), "No WebRTC: the server says: it is off. No video by WebSocket: this browser cannot play VP8 and Opus that way.");
  assert.equal(told.why(look), "");
  assert.match(told.why({ ...look, kind: "webrtc", missingSound: "no_ffmpeg" }), /no sound: the server has no ffmpeg/);
  assert.match(told.why({ ...look, kind: "webrtc", missingSound: "not_offered" }), /no sound: none has come/);
  for (const lang of ["en", "zh"]) {
    for (const code of ["browser", "codec", "server", "no_route", "silent", "decode", "lost", "closed", "no_sound"]) {
      assert.doesNotMatch(createWords(strings(lang)).why({ ...look, against: [{ kind: "webrtc", why: { code } }] }), /live\.why/);
    }
  }
  assert.equal(createWords(strings("zh")).stream({ state: "away", behindMs: 40_000 }).text, "已断开 40 秒");
});

test("media types", () => {
  assert.deepEqual(parseMime('video/webm; codecs="vp8,opus"'), { container: "webm", codecs: ["vp8", "opus"] });
  assert.deepEqual(parseMime("video/mp4;codecs=avc1.42E01E,opus"), { container: "mp4", codecs: ["avc1.42E01E", "opus"] });
  assert.deepEqual(parseMime("audio/webm"), { container: "webm", codecs: [] });
  assert.equal(parseMime("text/plain"), null);
  assert.deepEqual(["avc1.42E01E", "hev1.1", "vp08.00", "vp09.00", "av01.0", "opus", "mp4a.40.2", "xyz"].map(codecName), ["H.264", "HEVC (H.265)", "VP8", "VP9", "AV1", "Opus", "AAC", "xyz"]);
  assert.equal(inContainer({ container: "webm", codecs: ["vp09.00.10.08", "opus"] }, "mp4"), 'video/mp4; codecs="vp09.00.10.08,opus"');
  assert.equal(inContainer({ container: "webm", codecs: ["opus"] }, "mp4"), 'audio/mp4; codecs="opus"');
  assert.equal(inContainer({ container: "webm", codecs: ["vp8", "opus"] }, "mp4"), null);
  assert.equal(inContainer({ container: "mp4", codecs: ["avc1.42E01E"] }, "webm"), null);
});

test("a source buffer keeps the number of its tracks", () => {
  assert.ok(sameTracks('video/webm; codecs="vp8,opus"', 'video/webm; codecs="opus,vp9"'));
  assert.ok(sameTracks('video/webm; codecs="vp8,opus"', 'video/mp4; codecs="avc1.42E01E,mp4a.40.2"'));
  assert.ok(!sameTracks('video/webm; codecs="vp8,opus"', 'video/webm; codecs="vp8"'));
  assert.ok(!sameTracks('audio/webm; codecs="opus"', 'video/webm; codecs="vp8"'));
});

test("the path: as it is, in the other container, or none with the reason", () => {
  const only = (...known) => ({ isTypeSupported: (mime) => known.some((one) => mime.includes(one)), rtc: null });
  assert.deepEqual(containerFor('video/webm; codecs="vp8,opus"', only("webm")), { container: null });
  assert.deepEqual(containerFor(null, only()), { container: null });
  assert.deepEqual(containerFor('video/webm; codecs="av01.0,opus"', only("video/mp4")), { container: "mp4" });
  assert.deepEqual(containerFor('video/webm; codecs="vp8,opus"', only("opus\"")), { container: null });
  assert.equal(containerFor('video/webm; codecs="vp8,opus"', only('audio/webm; codecs="opus"')), null);
  assert.equal(containerFor('video/webm; codecs="av01.0,opus"', { ...only("video/mp4"), isAsItIs: true }), null);
  const missing = (...known) => inability("mse", 'video/webm; codecs="vp8,opus"', only(...known));
  assert.deepEqual(missing('audio/webm; codecs="opus"'), { code: "codec", codecs: ["VP8"] });
  assert.deepEqual(missing('codecs="vp8"', 'codecs="opus"'), { code: "codec", codecs: ["VP8", "Opus"] });
  assert.equal(missing("webm"), null);
  assert.deepEqual(inability("mse", "video/webm", { isTypeSupported: null, rtc: null }), { code: "browser" });
  assert.equal(inability("mse", null, only()), null);
});

test("what WebRTC carries, and what this browser decodes of it", () => {
  const lacks = (mime, rtc) => inability("webrtc", mime, { isTypeSupported: null, rtc });
  const all = ["vp8", "vp9", "h264", "av1"];
  for (const codec of ["vp8", "vp09.00.10.08", "avc1.42E01E", "av01.0.04M.08"]) assert.equal(lacks(`video/webm; codecs="opus,${codec}"`, all), null, codec);
  assert.deepEqual(lacks('video/mp4; codecs="avc1.42E01E,opus"', ["vp8"]), { code: "codec", codecs: ["H.264"] });
  assert.deepEqual(lacks('video/mp4; codecs="hvc1.1.6.L93.B0,mp4a.40.2"', all), { code: "codec", codecs: ["HEVC (H.265)"] });
  assert.equal(lacks('audio/webm; codecs="opus"', ["vp8"]), null);
  assert.equal(lacks(null, []), null);
  assert.deepEqual(lacks('video/webm; codecs="vp8"', null), { code: "browser" });
  assert.equal(inability("jpeg", null, { isTypeSupported: null, rtc: null }), null);
});

test("those that play go on, and free places go to the first on screen", () => {
  const order = ["a", "b", "c", "d", "e"];
  const choose = (seen, playing, most) => Array.from(choosePlaying(order, new Set(seen), new Set(playing), most)).sort().join("");
  assert.equal(choose(["a", "b", "c"], [], 9), "abc");
  assert.equal(choose(order, [], 2), "ab");
  assert.equal(choose(["b", "c", "d"], ["a", "c", "d"], 2), "cd");
  assert.equal(choose(["d", "e"], ["a", "d"], 2), "de");
  assert.equal(choose([], ["a"], 2), "");
});

test("addresses", () => {
  const place = { protocol: "https:", host: "cam.local:5001" };
  const address = createAddress(place);
  assert.equal(address.live("front-door", null), "wss://cam.local:5001/ws/live/front-door");
  assert.equal(address.live("front-door", "mp4"), "wss://cam.local:5001/ws/live/front-door?container=mp4");
  assert.equal(address.whep("front-door"), "https://cam.local:5001/whep/front-door");
  assert.equal(address.jpeg("front-door", 2), "wss://cam.local:5001/ws/jpeg/front-door?fps=2");
  assert.deepEqual(["?path=mse", "?lang=zh&path=webrtc", "?path=jpeg", "?path=other", ""].map(pathOf), ["mse", "webrtc", "jpeg", null, null]);
  assert.equal(controlAddress(place), "wss://cam.local:5001/ws/control");
  assert.equal(streamOf("#front-door"), "front-door");
  for (const hash of ["", "#", "#Front", "#a/b", `#${"a".repeat(65)}`]) assert.equal(streamOf(hash), null, hash);
});

test("a link's token goes with everything that is asked for, and without one nothing changes", () => {
  const place = { protocol: "https:", host: "cam.local:5001" };
  const token = tokenOf("?lang=zh&token=lcl_a%26b");
  const address = createAddress(place, token);
  assert.equal(address.live("door", null), "wss://cam.local:5001/ws/live/door?token=lcl_a%26b");
  assert.equal(address.live("door", "mp4"), "wss://cam.local:5001/ws/live/door?container=mp4&token=lcl_a%26b");
  assert.equal(address.jpeg("door", 2), "wss://cam.local:5001/ws/jpeg/door?fps=2&token=lcl_a%26b");
  assert.equal(address.whep("door"), "https://cam.local:5001/whep/door", "in a header, which no log has");
  assert.deepEqual(address.headers, { authorization: "Bearer lcl_a&b" });
  assert.equal(snapshotAddress("door", token), "/api/streams/door/snapshot.jpg?token=lcl_a%26b");
  assert.equal(withToken(controlAddress(place), tokenOf("?path=mse")), controlAddress(place));
  assert.deepEqual(createAddress(place).headers, {});
});

test("the server's clock: the fastest message is believed, and a leap at once", () => {
  let now = 0;
  const clock = createServerClock({ progress: () => now });
  assert.equal(clock.now(), null);
  clock.heard(1_000_000 - 300);
  clock.heard(1_000_000 - 20);
  clock.heard(1_000_000 - 900);
  assert.equal(clock.now(), 999_980);
  now = 1000;
  assert.equal(clock.now(), 1_000_980);
  clock.heard(500_000);
  assert.equal(clock.now(), 500_000);
  // A journey that has become longer is believed when the faster ones are forgotten.
  for (let at = 0; at < 12; at += 1) clock.heard(499_000);
  assert.equal(clock.now(), 499_000);
});

test("the bit rate of the last few seconds", () => {
  const meter = createMeter();
  assert.equal(meter.rate(0), null);
  for (let at = 0; at <= 10; at += 1) meter.count(125_000, at * 1000);
  assert.equal(meter.rate(10_000), 1_000_000);
  assert.equal(meter.rate(60_000), null);
});

test("a camera with a smaller picture has one tile, which plays that as long as it is there", () => {
  const of = (streams) => parseList({ streams }).streams;
  const [door, small] = [{ stream: "door", name: "Door", small: "door-small", mime: "video/mp4", video: {} }, { stream: "door-small", name: "Door, small", of: "door", mime: "video/mp4", video: {} }];
  const played = (streams) => tilesOf(of(streams)).map((stream) => [stream.stream, playedOf(stream, of(streams)).stream]);
  assert.deepEqual(played([door, small, { stream: "tablet" }]), [["door", "door-small"], ["tablet", "tablet"]]);
  assert.deepEqual(played([door]), [["door", "door"]]);
  assert.deepEqual(played([door, { ...small, state: "away" }]), [["door", "door"]]);
  assert.deepEqual(played([door, { ...small, video: null }]), [["door", "door"]], "sound alone is no picture");
  assert.deepEqual(played([small]), [["door-small", "door-small"]], "all that there is of the camera");
});
