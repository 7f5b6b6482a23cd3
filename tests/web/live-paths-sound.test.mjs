// The player among its paths, for those who listen: pauses, sound that is turned on, and a path that has none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fragment } from "./support/fake-media.mjs";
import { LIVE, fixture } from "./support/player-fixture.mjs";

test("a picture that the engine has paused goes on; one that a person has paused does not", async () => {
  const { player, media, look, pass, page } = fixture();
  player.start(LIVE);
  await pass(5000);
  media.video.paused = true;
  await pass(500);
  assert.deepEqual([media.video.paused, look().state], [false, "playing"]);
  page.document.pictureInPictureElement = media.video;
  media.video.paused = true;
  await pass(5000);
  assert.equal(look().state, "paused");
  page.document.pictureInPictureElement = null;
  // By the engine, with nobody there.
  media.video.muted = false;
  await pass(5000);
  assert.equal(look().state, "playing");
  media.video.muted = true;
  player.toggleSound();
  media.video.tell("seeked");
  await pass(250);
  media.video.paused = true;
  media.video.tell("pause");
  await pass(5000);
  assert.equal(look().state, "playing", "who listens has not paused it in the middle of a jump");
  media.video.paused = true;
  media.video.tell("pause");
  await pass(5000);
  assert.equal(look().state, "paused");
});

test("sound that the engine turns on is not heard, and the picture goes on; what a person turns on is heard", async () => {
  const { player, media, pass, page } = fixture();
  const { video } = media;
  const turnOn = () => {
    video.muted = false;
    video.tell("volumechange");
  };
  const heard = () => !video.muted && video.volume === 1;
  // As WebKitGTK does it: it turns on what it pauses then, since nobody has asked for it.
  video.refusal = ({ muted, volume }) => !muted && volume > 0;
  player.start(LIVE);
  await pass(1000);
  turnOn();
  assert.deepEqual([video.muted, video.volume], [true, 0]);
  video.paused = true;
  await pass(3000);
  assert.equal(video.paused, false);
  video.refusal = null;
  player.toggleSound();
  video.tell("volumechange");
  assert.ok(heard(), "by the button");
  player.stop();
  video.muted = true;
  player.start(LIVE);
  turnOn();
  assert.ok(video.muted, "the next stream begins without sound");
  page.document.pictureInPictureElement = video;
  turnOn();
  assert.ok(heard(), "in the small window");
  page.document.pictureInPictureElement = null;
  player.stop();
  video.muted = true;
  player.start(LIVE);
  video.tell("contextmenu");
  turnOn();
  assert.ok(heard(), "in the browser's menu");
});

test("a path whose picture stays paused whatever is done gives way; one that waits for a tap does not", async () => {
  const { player, media, look, pass } = fixture({ kinds: ["webrtc", "jpeg"] });
  player.start(LIVE);
  await pass(5000);
  media.video.refusal = () => true;
  media.video.paused = true;
  await pass(15_000);
  assert.deepEqual([look().kind, look().state], ["webrtc", "paused"]);
  media.video.play = () => Promise.resolve();
  await pass(15_000);
  assert.equal(look().kind, "jpeg");
});

test("who wants sound gets it where the quicker path has none", async () => {
  const { player, media, look, pass } = fixture();
  player.start(LIVE);
  await pass(5000, { audio: 0 });
  assert.equal(look().kind, "webrtc", "without sound anyway");
  media.video.muted = false;
  await pass(4000, { audio: 0 });
  assert.equal(look().kind, "mse");
  assert.equal(look().against[0].why.code, "no_sound");
  assert.equal(media.video.muted, false);
});

/** Plays by WebSocket, with the sound on, until WebRTC is tried beside it. */
async function listening(made) {
  const { rtc, player, media, sockets, pass, socket, look } = made;
  rtc.answers.push(503);
  player.start(LIVE);
  await pass(250);
  await socket();
  media.video.muted = false;
  let at = 2;
  const go = async (ms, how) => {
    for (let gone = 0; gone < ms; gone += 500) {
      if (sockets.made[0].onmessage) sockets.made[0].onmessage({ data: fragment(at, (at += 1)) });
      await pass(500, how);
      media.video.currentTime += 0.5;
    }
  };
  while (rtc.made.length < 2) await go(500, { bytes: false });
  assert.deepEqual([look().kind, media.video.srcObject], ["mse", null]);
  return go;
}

test("who listens keeps the sound until the better path has it", async () => {
  const made = fixture();
  const go = await listening(made);
  await go(3000, { audio: 0 });
  assert.deepEqual([made.look().kind, made.media.video.srcObject], ["mse", null], "its picture is no reason yet");
  await go(1000);
  assert.equal(made.look().kind, "webrtc");
  assert.ok(made.media.video.srcObject);
});

test("a better path that says that it has no sound is dropped unseen, and not tried again", async () => {
  const made = fixture();
  made.rtc.headers.set("localcamera-sound", "missing; reason=no_ffmpeg");
  const go = await listening(made);
  made.seen.length = 0;
  await go(60_000, { audio: 0 });
  assert.deepEqual([made.look().kind, made.sockets.made.length, made.rtc.made.length, made.seen], ["mse", 1, 2, []]);
  assert.equal(made.look().against[0].why.code, "no_sound");
  assert.ok(made.rtc.last().isClosed);
});

test("sound that only does not come, or that is too much for the server now, is looked for again", async () => {
  for (const said of ["missing; reason=too_many", "converted"]) {
    const made = fixture();
    made.rtc.headers.set("localcamera-sound", said);
    const go = await listening(made);
    await go(90_000, { audio: 0 });
    assert.deepEqual([made.look().kind, made.sockets.made.length], ["mse", 1], said);
    assert.ok(made.rtc.made.length > 2, said);
  }
});

test("a better path that shows nothing is dropped after a while", async () => {
  const made = fixture();
  const go = await listening(made);
  made.rtc.last().isMute = true;
  made.player.told({ ...LIVE, state: "away" });
  await go(19_000, { bytes: false });
  assert.ok(!made.rtc.last().isClosed);
  await go(2000, { bytes: false });
  assert.ok(made.rtc.made[1].isClosed);
  assert.equal(made.look().kind, "mse");
});
