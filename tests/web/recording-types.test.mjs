import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseType, mimeFor, supportedTypes } from "../../web/lib/recording-types.js";

/** What each engine said when asked, cut to what matters. */
const ENGINES = {
  chromium: (mime) => /^video\/webm;codecs=(vp8|vp9|av1|h264)(,opus)?$/.test(mime) || /^video\/mp4;codecs=avc1\.42E0(1E|1F|28|33)(,opus)?$/.test(mime),
  firefox: (mime) => /^video\/webm;codecs=vp8(,opus)?$/.test(mime),
  safari145: (mime) => /^video\/mp4(;codecs=avc1\.[0-9A-F]{6}(,mp4a\.40\.2)?)?$/.test(mime),
  safari184: (mime) => /^video\/mp4(;codecs=(avc1|hvc1)[.\w]*(,(mp4a\.40\.2|opus))?)?$/.test(mime) || /^video\/webm;codecs=(vp8|vp9)(,opus)?$/.test(mime),
  plainMp4: (mime) => mime === "video/mp4",
  none: () => false,
};

const ids = (engine, height = 720) => supportedTypes({ supported: ENGINES[engine], height }).map(({ id }) => id);
const choice = (engine, options, height = 720) => chooseType(supportedTypes({ supported: ENGINES[engine], height }), options);

test("what each engine offers", () => {
  assert.deepEqual(ids("chromium"), ["vp8", "vp9", "h264", "av1"]);
  assert.deepEqual(ids("firefox"), ["vp8"]);
  assert.deepEqual(ids("safari145"), ["h264"]);
  assert.deepEqual(ids("safari184"), ["vp8", "vp9", "h264", "hevc"]);
  assert.deepEqual(ids("plainMp4"), ["mp4"]);
});

test("the default: WebM with VP8, from Safari MP4 with H.264", () => {
  assert.equal(choice("chromium", { apple: false }).withSound, "video/webm;codecs=vp8,opus");
  assert.equal(choice("firefox", { apple: false }).withSound, "video/webm;codecs=vp8,opus");
  assert.equal(choice("safari145", { apple: true }).withSound, "video/mp4;codecs=avc1.42E01F,mp4a.40.2");
  assert.equal(choice("safari184", { apple: true }).id, "h264");
  assert.equal(choice("plainMp4", { apple: true }).withSound, "video/mp4");
  assert.equal(choice("none", { apple: false }), null);
});

test("the person's choice, where the browser has it", () => {
  assert.equal(choice("chromium", { apple: false, wanted: "h264" }).withSound, "video/mp4;codecs=avc1.42E01F,opus");
  assert.equal(choice("firefox", { apple: false, wanted: "h264" }).id, "vp8");
});

test("the H.264 level fits the picture", () => {
  assert.match(choice("chromium", { apple: false, wanted: "h264" }, 1080).silent, /avc1\.42E028$/);
  assert.match(choice("chromium", { apple: false, wanted: "h264" }, 2160).silent, /avc1\.42E033$/);
});

test("the mime names the tracks that are there", () => {
  const type = choice("firefox", { apple: false });
  assert.equal(mimeFor(type, { audio: true }), "video/webm;codecs=vp8,opus");
  assert.equal(mimeFor(type, { audio: false }), "video/webm;codecs=vp8");
});
