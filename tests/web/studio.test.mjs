import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createStudio } from "../../web/capture/studio.js";
import { settle } from "./support/virtual-time.mjs";

/** A studio in a browser that asks the person about the camera, who is not there. */
function fixture() {
  mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const page = {
    navigator: { vendor: "", mediaDevices: { getUserMedia: () => ((asked += 1), new Promise(() => {})), enumerateDevices: async () => [] } },
    MediaRecorder: class {
      static isTypeSupported = () => true;
    },
    WebSocket: class {},
    Blob,
    document: { visibilityState: "visible" },
  };
  const studio = createStudio({
    page,
    device: { id: "device-7q2m", name: "Front door" },
    settings: { cameraId: "", facing: "back", microphone: "none", height: 720, quality: "standard", type: "", delay: "normal" },
    client: "",
    clock: { now: () => 0 },
    origins: {},
    storage: null,
    store: Promise.resolve(null),
    room: { bytes: () => 0, ms: () => null, isLow: () => false },
    onChange() {},
    onSettings() {},
    onLetGo() {},
  });
  return { studio, asked: () => asked };
}

test("Stop does not wait for a camera that never opens", async (t) => {
  t.after(() => mock.timers.reset());
  const { studio, asked } = fixture();
  const recorded = studio.record();
  await settle();
  assert.deepEqual([asked(), studio.state().inSession], [1, true]);
  const stopped = studio.stop();
  mock.timers.tick(3000);
  await stopped;
  assert.deepEqual([await recorded, studio.state().inSession, studio.state().opening], [false, false, false]);
});

test("what waits behind an opening that was given up has its turn", async (t) => {
  t.after(() => mock.timers.reset());
  const { studio, asked } = fixture();
  const changed = studio.change({ cameraId: "back" }, "camera");
  const next = studio.change({ cameraId: "front" }, "camera");
  await settle();
  mock.timers.tick(3_600_000);
  await settle();
  assert.equal(asked(), 1);
  studio.giveUp();
  mock.timers.tick(0);
  await changed;
  await settle();
  assert.equal(asked(), 2);
  studio.giveUp();
  mock.timers.tick(0);
  await next;
});
