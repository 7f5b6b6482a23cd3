import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { opensUnasked } from "../../web/lib/camera.js";
import { createChoices } from "../../web/capture/choices.js";
import { createLiveCamera } from "../../web/capture/live-camera.js";
import { settle } from "./support/virtual-time.mjs";

const WISH = { cameraId: "", facing: /** @type {const} */ ("back"), microphone: "none", height: 720 };

/** A browser that opens a camera when a test says so. */
function fixture() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const waiting = [];
  const ended = [];
  const mediaDevices = {
    getUserMedia: () =>
      new Promise((resolve) => {
        const name = `stream ${waiting.length + 1}`;
        const track = { kind: "video", stop: () => ended.push(name), getSettings: () => ({}) };
        waiting.push(() => resolve({ name, getTracks: () => [track], getVideoTracks: () => [track], getAudioTracks: () => [] }));
      }),
  };
  const page = { navigator: { mediaDevices } };
  const camera = createLiveCamera({ page, now: () => 0, onChange() {}, onEnded() {}, onMuted() {}, onUnmuted() {} });
  return { camera, waiting, ended };
}

test("a camera that does not open in time is an error, and what comes of it later is shut", async (t) => {
  t.after(() => mock.timers.reset());
  const { camera, waiting, ended } = fixture();
  const failed = assert.rejects(camera.open(WISH, 10_000), { name: "TimeoutError" });
  await settle();
  mock.timers.tick(10_000);
  await failed;
  assert.deepEqual([camera.opening, camera.opened], [false, null]);
  waiting[0]();
  await settle();
  assert.deepEqual([camera.opened, ended], [null, ["stream 1"]]);
});

test("an opening without an end can be hurried, and one that has ended is left alone", async (t) => {
  t.after(() => mock.timers.reset());
  const { camera, waiting, ended } = fixture();
  const failed = assert.rejects(camera.open(WISH), { name: "TimeoutError" });
  mock.timers.tick(3_600_000);
  await settle();
  assert.equal(camera.opening, true, "a person may take their time");
  camera.hurry(3000);
  mock.timers.tick(3000);
  await failed;
  const opens = camera.open(WISH, 10_000);
  await settle();
  waiting[1]();
  await opens;
  camera.hurry(0);
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual([camera.opened.stream.name, ended], ["stream 2", []]);
});

test("a change whose camera never opens goes on with the one of before", async () => {
  const did = [];
  const recording = { phase: "recording", inSession: () => true, event() {}, note: ({ key }) => did.push(key), endRun: async () => did.push("shut"), beginRun: async () => did.push("runs") };
  let opens = 0;
  const choices = createChoices({
    initial: WISH,
    camera: { opened: {} },
    recording,
    regain: { failed: () => did.push("lost") },
    inTurn: (work) => work(),
    open: async () => {
      opens += 1;
      if (opens === 1) throw Object.assign(new Error("not in time"), { name: "TimeoutError" });
    },
    onSettings() {},
    onChange() {},
  });
  await choices.change({ cameraId: "front" }, "camera");
  assert.deepEqual([did, choices.settings.cameraId], [["shut", "error.camera_failed", "runs"], ""]);
});

test("whether a browser would ask before it opens a camera", async () => {
  const browser = (states) => ({ permissions: { query: async ({ name }) => (states[name] ? { state: states[name] } : Promise.reject(new TypeError("unknown"))) } });
  const asks = (states, withMicrophone = true) => opensUnasked(browser(states), withMicrophone);
  assert.equal(await asks({ camera: "granted", microphone: "granted" }), "yes");
  assert.equal(await asks({ camera: "granted", microphone: "denied" }), "yes");
  assert.equal(await asks({ camera: "granted", microphone: "prompt" }), "no");
  assert.equal(await asks({ camera: "granted", microphone: "prompt" }, false), "yes");
  assert.equal(await asks({ camera: "prompt" }), "no");
  assert.equal(await asks({ camera: "denied" }), "no");
  assert.equal(await asks({}), "unknown");
  assert.equal(await opensUnasked({}, true), "unknown");
});
