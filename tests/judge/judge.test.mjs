// The judge is judged: sound segments pass, and each kind of damage is caught and named.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutRepeatedHeaders } from "./boxes.mjs";
import { judge } from "./judge.mjs";
import { run } from "./media.mjs";

const captures = join(dirname(fileURLToPath(import.meta.url)), "..", "captures");
const capture = (/** @type {string} */ name) => join(captures, `${name}.bin`);
const vp8 = capture("chromium-webm-vp8-opus");
const resized = capture("chromium-webm-vp8-opus-resized");
const options = { timeout: 240_000 };

/** @type {string} */
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "judge-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** @param {...string} args the arguments between `ffmpeg` and the output @returns {(name: string) => Promise<string>} */
const ffmpeg = (...args) => async (name) => {
  const output = join(folder, name);
  const { code, stderr } = await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args, output]);
  assert.equal(code, 0, stderr);
  if (name.endsWith(".webm") && !name.includes("%") && !args.includes(resized)) await withoutAlpha(output);
  return output;
};

/** Takes back Chromium's promise of alpha planes, which ffmpeg copies, from a file that has none. @param {string} file */
async function withoutAlpha(file) {
  const data = await readFile(file);
  const mode = data.indexOf(Buffer.from([0x53, 0xc0, 0x81, 0x01]));
  if (mode < 0) return;
  data.writeUInt8(0, mode + 3);
  await writeFile(file, data);
}
const front = ["-c", "copy", "-cues_to_front", "1"];

/** ffmpeg's own segment muxer. @param {string} original @param {string} prefix @param {string[]} more */
async function segmented(original, prefix, ...more) {
  await ffmpeg(
    "-i", original, "-map", "0", "-c", "copy", "-f", "segment", "-segment_time", "4", "-segment_format", "webm",
    "-reset_timestamps", "1", "-segment_format_options", "cues_to_front=1", ...more,
  )(`${prefix}-%02d.webm`);
  const files = (await readdir(folder)).filter((name) => name.startsWith(`${prefix}-`)).sort().map((name) => join(folder, name));
  for (const file of files) await withoutAlpha(file);
  return files;
}

/** @param {string} name @param {Buffer} data */
async function written(name, data) {
  const file = join(folder, name);
  await writeFile(file, data);
  return file;
}

/** @param {import("./judge.mjs").Verdict} verdict @param {RegExp[]} expected each must match some violation */
function caught(verdict, ...expected) {
  assert.equal(verdict.ok, false);
  for (const words of expected) {
    assert.ok(verdict.violations.some((violation) => words.test(violation)), `${words} not among:\n${verdict.violations.join("\n")}`);
  }
}
/** @param {import("./judge.mjs").Verdict} verdict */
const passed = (verdict) => assert.deepEqual(verdict.violations, []);

/** The audio SimpleBlocks (track 1) of a Chromium stream, whose clusters have no size, as byte ranges. @param {Buffer} data */
function audioBlocks(data) {
  const found = [];
  for (let at = data.indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75])); at < data.length; ) {
    const first = /** @type {number} */ (data[at]);
    const idLength = Math.clz32(first) - 23;
    const sizeLength = Math.clz32(/** @type {number} */ (data[at + idLength])) - 23;
    const head = at + idLength + sizeLength;
    if (first === 0x1f) {
      at = head;
      continue;
    }
    let size = /** @type {number} */ (data[at + idLength]) & (0xff >> sizeLength);
    for (let i = 1; i < sizeLength; i++) size = size * 256 + /** @type {number} */ (data[at + idLength + i]);
    if (first === 0xa3 && data[head] === 0x81) found.push({ at, end: head + size });
    at = head + size;
  }
  return found;
}

test("segments cut by ffmpeg at key frames pass, also by the cut rule", options, async () => {
  const files = await segmented(vp8, "good");
  const verdict = await judge(vp8, files, { segmentSeconds: 4 });
  passed(verdict);
  assert.equal(verdict.segments.length, 4);
  assert.equal(verdict.frames, 320);
});

test("one track alone passes", options, async () => {
  for (const name of ["chromium-webm-opus-audio-only", "chromium-webm-vp8-video-only"]) {
    passed(await judge(capture(name), [await ffmpeg("-i", capture(name), ...front)(`${name}.webm`)]));
  }
});

test("H.264 compares across Annex B and length prefixes", options, async () => {
  const original = capture("chromium-mkv-h264-opus");
  passed(await judge(original, [await ffmpeg("-i", original, "-c", "copy", "-movflags", "+faststart")("annexb.mp4")]));
});

test("another H.264 picture is caught across Annex B and length prefixes", options, async () => {
  const original = capture("chromium-mkv-h264-opus");
  const data = await readFile(original);
  const slice = data.indexOf(Buffer.from([0, 0, 0, 1, 0x61]), 60_000);
  data.writeUInt8(/** @type {number} */ (data[slice + 120]) ^ 1, slice + 120);
  const changed = await written("changed-h264.bin", data);
  const file = await ffmpeg("-i", changed, "-c", "copy", "-movflags", "+faststart")("changed-h264.mp4");
  caught(await judge(original, [file]), /altered: 1 of the original's 240 video packets/);
});

test("AAC in fragmented MP4 passes as a progressive file", options, async () => {
  const original = capture("webkit-mp4-h264-aac");
  passed(await judge(original, [await ffmpeg("-i", original, "-c", "copy", "-movflags", "+faststart")("aac.mp4")]));
});

test("a fragment header that the recorder wrote twice counts once", options, async () => {
  const original = capture("webkit-mp4-h264-aac-stopped");
  const once = await written("once.bin", /** @type {Buffer} */ (withoutRepeatedHeaders(await readFile(original))));
  const faststart = ["-c", "copy", "-movflags", "+faststart"];
  passed(await judge(original, [await ffmpeg("-i", once, ...faststart)("once.mp4")]));
  caught(await judge(original, [await ffmpeg("-i", original, ...faststart)("repeated.mp4")]), /audio packets that do not belong there: 17 from/);
});

test("a dropped audio packet is caught", options, async () => {
  const data = await readFile(vp8);
  const { at, end } = /** @type {any} */ (audioBlocks(data)[100]);
  const lost = await written("lost.bin", Buffer.concat([data.subarray(0, at), data.subarray(end)]));
  const verdict = await judge(vp8, await segmented(lost, "lost"));
  caught(verdict, /missing: 1 of the original's 266 audio packets \(101 to 101, at 6 s to 6 s\)/, /266|766080 audio samples/);
});

test("a doubled audio packet is caught", options, async () => {
  const data = await readFile(vp8);
  const { at, end } = /** @type {any} */ (audioBlocks(data)[150]);
  const twice = await written("twice.bin", Buffer.concat([data.subarray(0, end), data.subarray(at)]));
  const verdict = await judge(vp8, await segmented(twice, "twice"));
  caught(verdict, /audio packets that do not belong there: 1 from segment 3 .* 1 of them copies of what the original has once/);
});

test("a dropped video frame is caught", options, async () => {
  const files = await segmented(vp8, "short");
  const cut = await ffmpeg("-i", /** @type {string} */ (files[3]), "-map", "0", "-frames:v", "75", ...front)("one-frame-less.webm");
  caught(await judge(vp8, [...files.slice(0, 3), cut]), /missing: 1 of the original's 320 video packets/, /missing: 1 of the original's 320 decoded frames/);
});

test("a missing segment and a wrong order are caught", options, async () => {
  const files = /** @type {[string, string, string, string]} */ (await segmented(vp8, "order"));
  caught(await judge(vp8, [files[0], files[1], files[3]]), /missing: 81 of the original's 320 video packets/);
  caught(await judge(vp8, [files[0], files[2], files[1], files[3]]), /video packets/);
});

test("sound shifted by 30 ms is caught", options, async () => {
  const file = await ffmpeg("-itsoffset", "0.03", "-i", vp8, "-i", vp8, "-map", "0:a", "-map", "1:v", ...front)("shifted.webm");
  caught(await judge(vp8, [file]), /266 of 266 audio packets are presented at the wrong time, by up to 30 ms \(2 ms allowed\), first at packet 1/);
});

test("a segment that begins with a delta frame is caught", options, async () => {
  const files = await segmented(vp8, "delta", "-break_non_keyframes", "1", "-segment_time", "5");
  caught(await judge(vp8, files), /begins with a video packet that is not a key frame/, /decodable frames|decoded frames/);
});

test("a missing duration is caught", options, async () => {
  const [file, ...others] = await segmented(vp8, "endless");
  const data = await readFile(/** @type {string} */ (file));
  const at = data.indexOf(Buffer.from([0x44, 0x89, 0x88]));
  data.writeUInt16BE(0xec89, at);
  caught(await judge(vp8, [await written("no-duration.webm", data), ...others]), /its header has no duration/);
});

test("a wrong duration is caught", options, async () => {
  const [file, ...others] = await segmented(vp8, "long");
  const data = await readFile(/** @type {string} */ (file));
  const at = data.indexOf(Buffer.from([0x44, 0x89, 0x88]));
  data.writeDoubleBE(4300, at + 3);
  caught(await judge(vp8, [await written("wrong-duration.webm", data), ...others]), /its header gives a duration of 4.3 s, its media ends at 4.14 s/);
});

test("an index behind the media is caught", options, async () => {
  caught(await judge(vp8, [await ffmpeg("-i", vp8, "-c", "copy")("behind.webm")]), /the Cues stand behind the first Cluster/);
  const h264 = capture("chromium-mp4-h264-opus");
  caught(await judge(h264, [await ffmpeg("-i", h264, "-c", "copy")("behind.mp4")]), /the 'moov' stands behind the first 'mdat'/);
});

test("a file without an index is caught", options, async () => {
  const live = await written("live.webm", await readFile(vp8));
  caught(await judge(vp8, [live]), /there is no SeekHead/, /there are no Cues/, /its header has no duration/, /no known size/);
  const h264 = capture("chromium-mp4-h264-opus");
  const fragmented = await written("fragmented.mp4", await readFile(h264));
  caught(await judge(h264, [fragmented]), /there is a fragment/, /the video track's sample table is empty/);
});

test("a cue that lies is caught", options, async () => {
  const [file, ...others] = await segmented(vp8, "cue");
  const data = await readFile(/** @type {string} */ (file));
  // The first time it is named in the SeekHead, in front of what ffmpeg numbers by chance.
  const cues = data.lastIndexOf(Buffer.from([0x1c, 0x53, 0xbb, 0x6b]));
  const second = data.indexOf(0xbb, data.indexOf(Buffer.from([0xf1]), cues));
  const position = data.indexOf(0xf1, second);
  data.writeUInt8(/** @type {number} */ (data[position + 2]) ^ 1, position + 2);
  caught(await judge(vp8, [await written("lying.webm", data), ...others]), /where no Cluster begins/);
});

test("a key flag that is lost is caught", options, async () => {
  const [file, ...others] = await segmented(vp8, "flag");
  const data = await readFile(/** @type {string} */ (file));
  // The second key frame of the file: a video block (track 2) that begins a cluster's pictures with flag 0x80.
  const start = data.indexOf(Buffer.from([0x9d, 0x01, 0x2a]), data.indexOf(Buffer.from([0x9d, 0x01, 0x2a])) + 3);
  const flags = start - 4;
  assert.equal(data[flags], 0x80);
  data.writeUInt8(0, flags);
  caught(await judge(vp8, [await written("flagless.webm", data), ...others]), /: 1 frames are marked in the container as key frames and are none, or the other way round/);
});

test("an altered alpha plane is caught", options, async () => {
  const data = await readFile(await ffmpeg("-i", resized, ...front)("alpha.webm"));
  const at = data.indexOf(Buffer.from([0x2a, 0x11, 0xc0, 0x00, 0x18]));
  data.writeUInt8(/** @type {number} */ (data[at + 10]) ^ 1, at + 10);
  caught(await judge(resized, [await written("alpha-altered.webm", data)]), /altered: 1 of the original's 298 video packets/);
});

test("alpha planes that are promised and missing, or there without a promise, are caught", options, async () => {
  const [file, ...others] = await segmented(vp8, "promise");
  const data = await readFile(/** @type {string} */ (file));
  data.writeUInt8(1, data.indexOf(Buffer.from([0x53, 0xc0, 0x81])) + 3);
  caught(await judge(vp8, [await written("promised.webm", data), ...others]), /promises alpha planes \(AlphaMode\) and no frame has one/);
  const planes = await readFile(await ffmpeg("-i", resized, ...front)("planes.webm"));
  planes.writeUInt8(0, planes.indexOf(Buffer.from([0x53, 0xc0, 0x81])) + 3);
  caught(await judge(resized, [await written("unpromised.webm", planes)]), /frames carry alpha planes that the header does not promise/);
});

test("a change of the picture's size must begin a segment", options, async () => {
  const file = await ffmpeg("-i", resized, ...front)("resized.webm");
  passed(await judge(resized, [file]));
  caught(await judge(resized, [file], { segmentSeconds: 60 }), /must begin at video packets 1 \(0 s\), 133 \(5.377 s\), they begin at 1/);
});

test("cuts in the wrong place are caught", options, async () => {
  caught(await judge(vp8, await segmented(vp8, "early"), { segmentSeconds: 5 }), /with 5 s the segments must begin at video packets/);
});

test("a delay that cuts sound at every seam is caught", options, async () => {
  const original = capture("chromium-mp4-h264-opus");
  await ffmpeg(
    "-i", original, "-map", "0", "-c", "copy", "-f", "segment", "-segment_time", "4", "-reset_timestamps", "1",
    "-segment_format_options", "movflags=+faststart",
  )("preskip-%02d.mp4");
  const files = (await readdir(folder)).filter((name) => name.startsWith("preskip-")).sort().map((name) => join(folder, name));
  caught(await judge(original, files), /the original decodes to 572160 audio samples/);
});

test("damage inside a frame is caught", options, async () => {
  const files = await segmented(vp8, "damage");
  const data = await readFile(/** @type {string} */ (files[1]));
  data.fill(0xff, 60_000, 60_040);
  caught(await judge(vp8, [/** @type {string} */ (files[0]), await written("damaged.webm", data), ...files.slice(2)]), /altered: 1 of the original's/);
});

test("a file that is no media is caught", options, async () => {
  caught(await judge(vp8, [await written("noise.webm", Buffer.alloc(1000, 7))]), /ffprobe cannot read/, /missing: 320/);
});
