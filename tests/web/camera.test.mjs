import assert from "node:assert/strict";
import { test } from "node:test";
import { audioConstraints, cameraFailure, openCamera, recorderFailure, videoConstraints } from "../../web/lib/camera.js";

const failure = (name, message = "") => Object.assign(new Error(message), { name });
const WISH = { cameraId: "", facing: /** @type {const} */ ("back"), microphone: "", height: 720 };

/** Devices that answer each request by what it asks for. */
function devices(answer) {
  const asked = [];
  return {
    asked,
    getUserMedia: async (constraints) => {
      asked.push(constraints);
      const refusal = answer(constraints);
      if (refusal) throw refusal;
      return {
        getVideoTracks: () => [{ kind: "video" }],
        getAudioTracks: () => (constraints.audio ? [{ kind: "audio" }] : []),
      };
    },
  };
}
const navigatorWith = (states = {}) => ({
  permissions: {
    query: async ({ name }) => {
      if (!(name in states)) throw new TypeError(name);
      return { state: states[name] };
    },
  },
});
const open = (from, browser, wish = {}) => openCamera(from, browser, { ...WISH, ...wish });

test("both, when both are there", async () => {
  const from = devices(() => null);
  const { audio, sound } = await open(from, navigatorWith());
  assert.ok(audio);
  assert.equal(sound, null);
  assert.equal(from.asked.length, 1);
});

test("a missing, busy or refused microphone does not prevent a recording, and is named", async () => {
  for (const [name, key] of [
    ["NotFoundError", "capture.sound.missing"],
    ["NotReadableError", "capture.sound.in_use"],
    ["NotAllowedError", "capture.sound.refused"],
  ]) {
    const { audio, sound } = await open(devices(({ audio }) => (audio ? failure(name) : null)), navigatorWith());
    assert.equal(audio, null);
    assert.equal(sound, key);
  }
});

test("a refused camera is not asked for twice where the browser tells", async () => {
  const from = devices(() => failure("NotAllowedError"));
  await assert.rejects(open(from, navigatorWith({ camera: "denied" })), { name: "NotAllowedError" });
  assert.equal(from.asked.length, 1);
});

test("sound that nobody wants is not asked for", async () => {
  const from = devices(() => null);
  const { sound } = await open(from, navigatorWith(), { microphone: "none" });
  assert.equal(sound, "capture.sound.off");
  assert.equal(from.asked[0].audio, false);
});

test("a chosen camera that is gone gives way to another, a chosen microphone too", async () => {
  const from = devices(({ video }) => (video.deviceId ? failure("OverconstrainedError") : null));
  await open(from, navigatorWith(), { cameraId: "gone" });
  assert.deepEqual(from.asked[from.asked.length - 1].video.facingMode, { ideal: "environment" });
  const microphones = devices(({ audio }) => (audio && audio.deviceId ? failure("OverconstrainedError") : null));
  const { audio } = await open(microphones, navigatorWith(), { microphone: "gone" });
  assert.ok(audio);
});

test("constraints", () => {
  assert.deepEqual(videoConstraints({ ...WISH, height: 480 }).width, { ideal: 854 });
  assert.deepEqual(videoConstraints({ ...WISH, facing: "front" }).facingMode, { ideal: "user" });
  assert.deepEqual(videoConstraints({ ...WISH, cameraId: "x" }).deviceId, { exact: "x" });
  assert.equal(audioConstraints({ ...WISH, microphone: "none" }), false);
});

test("every failure has its sentence", () => {
  const key = (name, message) => cameraFailure(failure(name, message)).key;
  assert.equal(key("NotAllowedError", "Permission denied"), "error.permission");
  assert.equal(key("NotAllowedError", "Permission denied by system"), "error.permission_system");
  assert.equal(key("NotAllowedError", "Permission dismissed"), "error.permission_dismissed");
  assert.equal(key("NotFoundError"), "error.no_camera");
  assert.equal(key("NotReadableError"), "error.camera_in_use");
  assert.equal(key("OverconstrainedError"), "error.overconstrained");
  assert.equal(key("SecurityError"), "error.permission_policy");
  assert.equal(key("Surprise"), "error.camera_failed");
  assert.equal(cameraFailure(undefined).key, "error.camera_failed");
  assert.equal(recorderFailure(failure("NotSupportedError")).key, "error.type_unsupported");
  assert.equal(recorderFailure(failure("UnknownError")).key, "error.recorder_failed");
});
