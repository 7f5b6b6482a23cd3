// The player among its paths: which it takes, when it leaves one, and what is seen meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createWords } from "../../web/live/words.js";
import { fragment, initSegment, settle } from "./support/fake-media.mjs";
import { LIVE, VP8, fixture } from "./support/player-fixture.mjs";

const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0,opus"';

test("WebRTC comes first, into an empty element before its first picture; leaving ends it at the server", async () => {
  const { player, rtc, sockets, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(250, { bytes: false });
  assert.deepEqual(rtc.requests, ["POST /whep/door"]);
  assert.ok(media.video.srcObject, "the pictures that are sent on joining find it");
  assert.equal(look().state, "connecting");
  await pass(1000);
  assert.deepEqual([look().kind, look().state, sockets.made.length], ["webrtc", "playing", 0]);
  player.stop();
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
  assert.ok(rtc.last().isClosed);
  assert.equal(media.video.srcObject, null);
});

test("a server without it is left at once, and asked again after a pause, while the picture goes on", async () => {
  const { player, rtc, sockets, media, look, pass, socket, seen } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  assert.equal(sockets.last().url, "wss://x/ws/live/door");
  await socket();
  media.video.currentTime = 1.2;
  await pass(500);
  assert.deepEqual([look().kind, look().state], ["mse", "playing"]);
  assert.deepEqual(look().against, [{ kind: "webrtc", why: { code: "server", text: "it said 503" } }]);
  seen.length = 0;
  const [made] = sockets.made;
  for (let at = 0; rtc.made.length < 2 && at < 40; at += 1) {
    made.onmessage({ data: fragment(2 + at, 3 + at) });
    await pass(500);
    media.video.currentTime += 0.5;
  }
  assert.equal(rtc.made.length, 2, "it was tried again");
  await pass(1000);
  assert.equal(look().kind, "webrtc");
  assert.ok(seen.includes("keep"), "the old picture stayed in the meantime");
  assert.ok(made.closed);
});

test("what gives nothing for 4 s is left, and ended at the server", async () => {
  const { player, rtc, sockets, look, pass } = fixture();
  player.start(LIVE);
  await pass(3500, { bytes: false });
  assert.equal(sockets.made.length, 0);
  await pass(1500, { bytes: false });
  assert.equal(look().kind, "mse");
  assert.equal(look().against[0].why.code, "no_route");
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
  // The next stream of this server is not made to wait for the same.
  player.stop();
  player.start(LIVE);
  await pass(250);
  assert.equal(look().kind, "mse");
});

test("media that stops is left, while the old picture stays and nothing is said for a moment", async () => {
  const { player, media, look, pass, still } = fixture();
  player.start(LIVE);
  await pass(6000);
  await pass(8500, { bytes: false });
  assert.equal(look().kind, "mse");
  assert.ok(still.shown);
  assert.equal(look().state, "waiting");
  await pass(3500);
  assert.equal(look().state, "connecting");
  player.stop();
  assert.equal(media.video.srcObject, null, "the next camera does not begin with this one's picture");
});

test("a device that is silent is no reason to leave", async () => {
  const { player, look, pass } = fixture();
  player.start(LIVE);
  await pass(3000);
  player.told({ ...LIVE, state: "away", bitrateBps: 0 });
  await pass(60_000, { bytes: false });
  assert.deepEqual([look().kind, look().state], ["webrtc", "waiting"]);
});

test("the list calls a device live for 5 s after it has stalled, and that is no reason to leave either", async () => {
  const { player, rtc, look, pass } = fixture();
  player.start(LIVE);
  await pass(5000);
  for (let at = 0; at < 5; at += 1) {
    // Its bit rate stays as it was.
    for (let said = 0; said < 6; said += 1) {
      player.told({ ...LIVE });
      await pass(1000, { bytes: false });
    }
    player.told({ ...LIVE, state: "away" });
    await pass(20_000, { bytes: false });
    player.told({ ...LIVE });
    await pass(1000, { bytes: false });
    await pass(3000);
  }
  assert.deepEqual([look().kind, look().state, rtc.made.length], ["webrtc", "playing", 1]);
});

test("a goodbye of the server: another offer at once; a stream that is over is waited for", async () => {
  const { player, rtc, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(6000);
  rtc.answers.push(201, 404, 404);
  const before = media.video.srcObject;
  rtc.last().goodbye();
  await pass(500, { bytes: false });
  assert.equal(media.video.srcObject, before, "the old picture is seen until there is a new one");
  await pass(1000);
  assert.equal(rtc.made.length, 2);
  assert.notEqual(media.video.srcObject, before);
  assert.deepEqual([look().kind, look().state], ["webrtc", "playing"]);
  await pass(6000);
  rtc.last().goodbye();
  await pass(250);
  assert.deepEqual([look().kind, look().state], ["webrtc", "over"]);
  const offers = rtc.made.length;
  player.told(null);
  player.told(LIVE);
  await pass(1500);
  assert.ok(rtc.made.length > offers);
});

test("a connection that ends again and again makes no storm", async () => {
  const { player, rtc, look, pass } = fixture();
  player.start(LIVE);
  await pass(1000);
  rtc.last().goodbye();
  await pass(1000);
  assert.equal(look().kind, "mse");
  await pass(9000);
  assert.equal(rtc.made.length, 1);
});

test("leaving the page tells the server; a page that is shown again connects anew", async () => {
  const { player, rtc, heard, pass, look } = fixture();
  player.start(LIVE);
  await pass(1000);
  heard.get("pagehide")();
  assert.equal(rtc.requests[1], "DELETE /whep/door/1 keepalive");
  await pass(1500);
  assert.equal(rtc.requests[2], "POST /whep/door");
  assert.equal(look().state, "playing");
});

test("while the device is silent nothing is tried beside the path that waits for it", async () => {
  const { player, rtc, pass, socket, media } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  media.video.currentTime = 1.2;
  player.told({ ...LIVE, state: "away" });
  await pass(25_000, { bytes: false });
  assert.equal(rtc.made.length, 1);
});

test("an offer that is left before its answer is ended when the answer comes", async () => {
  const { player, rtc, pass } = fixture();
  rtc.hold();
  player.start(LIVE);
  await pass(250, { bytes: false });
  player.stop();
  rtc.release();
  await pass(250, { bytes: false });
  assert.deepEqual(rtc.requests, ["POST /whep/door", "DELETE /whep/door/1 keepalive"]);
});

test("an offer that nobody answers is given up", async () => {
  const { warn } = console;
  console.warn = () => {};
  try {
    const { player, rtc, look, pass } = fixture();
    rtc.hold();
    player.start(LIVE);
    await pass(7000, { bytes: false });
    assert.equal(look().kind, "mse");
  } finally {
    console.warn = warn;
  }
});

test("counters that one connection never tells are asked of the next one", async () => {
  const { player, rtc, look, pass } = fixture({ kinds: ["webrtc"] });
  player.start(LIVE);
  await pass(250, { bytes: false });
  rtc.last().isMute = true;
  for (let at = 0; rtc.made.length < 2 && at < 40; at += 1) await pass(250);
  await pass(2000);
  assert.deepEqual([rtc.made.length, look().state], [2, "playing"]);
});

test("a page that nobody sees tries nothing beside what it has", async () => {
  const { player, rtc, pass, page, socket } = fixture();
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  page.document.visibilityState = "hidden";
  await pass(60_000);
  assert.equal(rtc.made.length, 1);
});

test("single pictures where nothing else plays, and what is missing by name where there are none either", async () => {
  const { player, sockets, look, pass } = fixture({ supported: (mime) => !mime.includes("hvc1") });
  player.start({ ...LIVE, mime: HEVC });
  await pass(250);
  assert.equal(sockets.last().url, "wss://x/ws/jpeg/door?fps=10");
  assert.deepEqual(look().against.map(({ kind, why }) => [kind, why.code]), [["webrtc", "codec"], ["mse", "codec"]]);
  sockets.last().say({ error: "pictures need ffmpeg, which is not installed on the server" });
  sockets.last().fail(4404);
  assert.deepEqual([look().state, look().codecs], ["unsupported", ["HEVC (H.265)"]]);
});

test("a server that closes without a sentence is not quoted", async () => {
  const { player, sockets, look, pass } = fixture({ kinds: ["jpeg"] });
  const words = createWords({ t: (key, { why = "", text = "" } = {}) => [key, why, text].filter(Boolean).join(" ") });
  player.start(LIVE);
  await pass(250);
  sockets.last().fail(4404);
  await pass(250);
  const refused = (text) => words.why({ ...look(), against: [{ kind: "jpeg", why: { code: "server", text } }] });
  assert.equal(refused(""), "live.why.jpeg live.why.server_refuses");
  assert.equal(refused("no ffmpeg"), "live.why.jpeg live.why.server no ffmpeg");
  assert.deepEqual([look().state, look().reason], ["refused", ""]);
  await pass(5000);
  sockets.last().fail(4404, "it is full");
  assert.equal(look().reason, "it is full");
});

test("media that cannot be decoded again and again gives way to single pictures", async () => {
  const { warn } = console;
  console.warn = () => {};
  try {
    const { player, sockets, look, pass, world } = fixture({ kinds: ["mse", "jpeg"] });
    player.start(LIVE);
    for (let at = 0; at < 3; at += 1) {
      const socket = sockets.last();
      socket.onopen();
      socket.say({ type: "init", generation: 1, mime: VP8, start_ms: 0, now_ms: 0 });
      socket.onmessage({ data: initSegment() });
      socket.onmessage({ data: new TextEncoder().encode("broken").buffer });
      await settle();
      const before = sockets.made.length;
      await world.run(() => sockets.made.length > before || look().kind === "jpeg", 6000);
    }
    await pass(250);
    assert.equal(look().kind, "jpeg");
    assert.match(sockets.last().url, /\/ws\/jpeg\//);
  } finally {
    console.warn = warn;
  }
});
