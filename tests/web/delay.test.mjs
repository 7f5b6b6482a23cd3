import assert from "node:assert/strict";
import { test } from "node:test";
import { SHORT_TIMESLICE_MS, shortDelay, timesliceMs } from "../../web/capture/delay.js";
import { createPlan } from "../../web/capture/plan.js";
import { TIMESLICE_MS } from "../../web/lib/recorder.js";
import { chooseType, supportedTypes } from "../../web/lib/recording-types.js";

const page = (vendor, supported) => ({ navigator: { vendor }, MediaRecorder: Object.assign(function Recorder() {}, { isTypeSupported: supported }) });
const CHROMIUM = (mime) => /webm|mp4;codecs=(avc1\.42E01F|vp9),opus|mp4;codecs=avc1\.42E01F$/.test(mime);
const FIREFOX = (mime) => /webm;codecs=vp8/.test(mime);
const SAFARI = (mime) => /mp4|webm/.test(mime);

/** What the recorder is asked for, with the settings of a person who chose these. */
function asked(vendor, supported, more) {
  const plan = createPlan(page(vendor, supported), () => ({ height: 720, quality: "standard", type: "", delay: "short", ...more }));
  return [plan.of({ audio: {} }).timesliceMs, plan.shortDelay()];
}

test("the short delay is asked of encoders that keep to it, and of no others", () => {
  assert.deepEqual(asked("Google Inc.", CHROMIUM, {}), [SHORT_TIMESLICE_MS, "works"]);
  assert.deepEqual(asked("", FIREFOX, {}), [SHORT_TIMESLICE_MS, "works"]);
  assert.deepEqual(asked("Google Inc.", CHROMIUM, { type: "h264" }), [TIMESLICE_MS, "type"], "MP4 comes at key frames alone");
  assert.deepEqual(asked("Apple Computer, Inc.", SAFARI, {}), [TIMESLICE_MS, "never"]);
  assert.deepEqual(asked("Apple Computer, Inc.", SAFARI, { type: "vp8" }), [TIMESLICE_MS, "never"], "some of its versions gave empty blobs");
});

test("H.264 that arrives as Matroska is handed over like WebM", () => {
  const matroska = supportedTypes({ supported: (mime) => /webm;codecs=h264/.test(mime), height: 720 });
  const type = chooseType(matroska, { apple: false, wanted: "h264" });
  assert.equal(type.container, "mp4");
  assert.equal(shortDelay({ apple: false, type }), "works");
  assert.equal(timesliceMs({ delay: "short", apple: false, mime: type.silent }), SHORT_TIMESLICE_MS);
});

test("who does not ask for it gets a second, and so does everybody else", () => {
  for (const vendor of ["Google Inc.", "", "Apple Computer, Inc."]) {
    assert.equal(asked(vendor, CHROMIUM, { delay: "normal" })[0], TIMESLICE_MS);
  }
  assert.equal(shortDelay({ apple: false, type: null }), "never");
});
