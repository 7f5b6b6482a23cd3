#!/usr/bin/env node
// Says whether finished segments hold exactly what the browser recorded: promises P1 and P2.
//
//   node tests/judge/judge.mjs [--json] [--segment-seconds N] ORIGINAL SEGMENT...
//
// ORIGINAL is the byte stream of one generation as MediaRecorder gave it, the SEGMENTs are its files in order.
// Reads with ffprobe, ffmpeg and mkvinfo and with two small walkers of its own, one process at a time.

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inspectMp4, withoutRepeatedHeaders } from "./boxes.mjs";
import { inspectWebm } from "./ebml.mjs";
import { bytes, decode, firstFrameSize, lines, nalHashes, probe, run, seek } from "./media.mjs";
import { compare } from "./sequence.mjs";

/**
 * @typedef {import("./media.mjs").Probe} Probe
 * @typedef {import("./media.mjs").Track} Track
 * @typedef {import("./media.mjs").Packet} Packet
 * @typedef {import("./media.mjs").Decoded} Decoded
 * @typedef {{ file: string, probe: Probe, decoded: Decoded, label: string }} Segment
 * @typedef {{ ok: boolean, original: string, segments: { file: string, seconds: number | undefined, video: number, audio: number, keys: number }[],
 *             videoPackets: number, audioPackets: number, frames: number, longestGroupSeconds: number, worstTimeMs: number, violations: string[], notes: string[] }} Verdict
 */

const MS = 0.001;
const LONE_FRAME = 0.04;
const SEEKS = [0, 0.25, 0.5, 0.75, 0.97];

/**
 * @param {string} original @param {string[]} files
 * @param {{ segmentSeconds?: number }} [options]
 * @returns {Promise<Verdict>}
 */
export async function judge(original, files, options = {}) {
  const data = await bytes(original);
  const cleaned = data.toString("latin1", 4, 8) === "ftyp" ? withoutRepeatedHeaders(data) : undefined;
  if (!cleaned) return judgeAgainst(original, files, options);
  const folder = await mkdtemp(join(tmpdir(), "judge-"));
  try {
    const copy = join(folder, basename(original));
    await writeFile(copy, cleaned);
    const verdict = await judgeAgainst(copy, files, options);
    verdict.notes.push(`original: ${data.length - cleaned.length} bytes of fragment headers that the recorder wrote twice are left aside`);
    return verdict;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} original @param {string[]} files
 * @param {{ segmentSeconds?: number }} options
 */
async function judgeAgainst(original, files, options) {
  const source = await probe(original);
  const decodedSource = await decode(original, source);
  /** @type {Verdict} */
  const verdict = {
    ok: false, original: basename(original), segments: [], videoPackets: source.video?.packets.length ?? 0,
    audioPackets: source.audio?.packets.length ?? 0, frames: decodedSource.frames.length,
    longestGroupSeconds: longestGroup(source.video), worstTimeMs: 0, violations: [], notes: [],
  };
  const report = (/** @type {string} */ words) => verdict.violations.push(words);
  for (const message of [...source.messages, ...decodedSource.messages]) verdict.notes.push(`original: ${message}`);
  if (files.length === 0) report("there are no segments");

  /** @type {Segment[]} */
  const segments = [];
  for (const [i, file] of files.entries()) {
    const label = `segment ${i + 1} (${basename(file)})`;
    try {
      const probed = await probe(file);
      segments.push({ file, label, probe: probed, decoded: await decode(file, probed) });
    } catch (error) {
      report(`${label}: ${error instanceof Error ? error.message : error}`);
    }
  }

  const violations = [
    ...(await checkPackets(source, segments, verdict)),
    ...checkFrames(decodedSource, source, segments),
    ...(options.segmentSeconds === undefined ? [] : checkCuts(source, decodedSource, segments, options.segmentSeconds)),
  ];
  for (const segment of segments) violations.push(...(await checkFile(segment, source, original)));
  violations.forEach(report);

  verdict.segments = segments.map(({ file, probe: { duration, video, audio } }) => ({
    file: basename(file), seconds: duration, video: video?.packets.length ?? 0, audio: audio?.packets.length ?? 0,
    keys: video?.packets.filter((packet) => packet.key).length ?? 0,
  }));
  verdict.ok = verdict.violations.length === 0;
  return verdict;
}

/**
 * P2: the packets of the segments in order are the original's, at the same presentation times.
 * @param {Probe} source @param {Segment[]} segments @param {Verdict} verdict
 */
async function checkPackets(source, segments, verdict) {
  const problems = [];
  /** @type {Map<Segment, { original: Packet, found: Packet, kind: "video" | "audio", place: number }[]>} */
  const paired = new Map(segments.map((segment) => [segment, []]));
  for (const kind of /** @type {const} */ (["video", "audio"])) {
    const track = source[kind];
    const extra = source.tracks.filter((one) => one.kind === kind).length;
    if (extra > 1) problems.push(`the original has ${extra} ${kind} tracks: only one can be judged`);
    /** @type {{ segment: Segment, packet: Packet, hash: string, place: number }[]} */
    const found = [];
    // H.264 that leaves Matroska for MP4 is written differently; everything else keeps its bytes.
    const unlike = track?.codec === "h264" && segments.some((segment) => segment.probe.container !== source.container);
    for (const segment of segments) {
      const own = segment.probe[kind];
      if (segment.probe.tracks.filter((one) => one.kind === kind).length > 1) problems.push(`${segment.label}: has more than one ${kind} track`);
      if (!own) continue;
      let names = own.packets.map((packet) => packet.hash);
      if (kind === "video" && unlike) {
        try {
          names = await nalHashes(segment.probe);
        } catch (error) {
          problems.push(`${segment.label}: ${error instanceof Error ? error.message : error}`);
        }
      }
      own.packets.forEach((packet, i) => found.push({ segment, packet, hash: names[i] + packet.additions, place: i }));
    }
    if (!track) {
      if (found.length > 0) problems.push(`the original has no ${kind}, the segments have ${found.length} packets of it`);
      continue;
    }
    const names = kind === "video" && unlike ? await nalHashes(source) : track.packets.map((packet) => packet.hash);
    const originals = track.packets.map((packet, i) => names[i] + packet.additions);
    const difference = compare(originals, found.map((one) => one.hash));
    problems.push(...describe(kind, "packets", difference, track.packets, originals, found.map((one) => ({ hash: one.hash, where: `${one.segment.label}, packet ${one.place + 1}` }))));
    for (const [o, f] of difference.pairs) {
      const { segment, packet, place } = /** @type {typeof found[0]} */ (found[f]);
      paired.get(segment)?.push({ original: /** @type {Packet} */ (track.packets[o]), found: packet, kind, place });
    }
  }
  for (const segment of segments) problems.push(...checkTimes(source, segment, paired.get(segment) ?? [], verdict));
  return problems;
}

/**
 * @param {string} kind @param {string} noun @param {import("./sequence.mjs").Difference} difference
 * @param {{ time: number }[]} originals @param {string[]} names @param {{ hash: string, where: string }[]} found
 */
function describe(kind, noun, difference, originals, names, found) {
  const problems = [];
  const range = (/** @type {import("./sequence.mjs").Range} */ { from, to }) =>
    `${to - from} of the original's ${originals.length} ${kind} ${noun} (${from + 1} to ${to}, at ${seconds(originals[from]?.time)} to ${seconds(originals[to - 1]?.time)})`;
  for (const missing of difference.missing) problems.push(`missing: ${range(missing)}`);
  for (const { from, to } of difference.extra) {
    const twice = found.slice(from, to).filter((one) => names.includes(one.hash)).length;
    problems.push(`${kind} ${noun} that do not belong there: ${to - from} from ${found[from]?.where} on, ${twice} of them copies of what the original has once`);
  }
  for (const { original, found: { from, to } } of difference.altered) {
    problems.push(`altered: ${range(original)} stand as ${to - from} others from ${found[from]?.where} on`);
  }
  return problems;
}

/**
 * One offset per segment, taken at its first video packet, must bring every packet to its original presentation time.
 * The limit is P2's (1 ms or one tick of the coarser timescale) and what rounding to ticks on both sides adds; ffprobe rounds
 * a CodecDelay of 6.5 ms to the millisecond, which half a tick covers too.
 * @param {Probe} source @param {Segment} segment
 * @param {{ original: Packet, found: Packet, kind: "video" | "audio", place: number }[]} pairs @param {Verdict} verdict
 */
function checkTimes(source, segment, pairs, verdict) {
  const problems = [];
  const first = pairs.find((pair) => pair.kind === "video") ?? pairs[0];
  if (!first) return [`${segment.label}: holds nothing of the original`];
  const offset = first.original.time - first.found.time;
  for (const kind of /** @type {const} */ (["video", "audio"])) {
    const [from, to] = [source[kind], segment.probe[kind]];
    if (!from || !to) continue;
    const ticks = [from, to].map((track) => track.num / track.den);
    const limit = Math.max(MS, ...ticks) + (/** @type {number} */ (ticks[0]) + /** @type {number} */ (ticks[1])) / 2;
    let worst = 0;
    const off = pairs.filter((pair) => {
      if (pair.kind !== kind) return false;
      const error = pair.found.time + offset - pair.original.time;
      if (Math.abs(error) > Math.abs(worst)) worst = error;
      return !(Math.abs(error) <= limit + 1e-9);
    });
    verdict.worstTimeMs = Math.max(verdict.worstTimeMs, round(Math.abs(worst) * 1000));
    if (off.length > 0) {
      problems.push(
        `${segment.label}: ${off.length} of ${to.packets.length} ${kind} packets are presented at the wrong time, by up to ${round(worst * 1000)} ms (${round(limit * 1000)} ms allowed), first at packet ${/** @type {any} */ (off[0]).place + 1}`,
      );
    }
    const keys = pairs.filter((pair) => pair.kind === kind && pair.original.key !== pair.found.key);
    if (keys.length > 0) {
      const { place, original } = /** @type {any} */ (keys[0]);
      problems.push(`${segment.label}: ${keys.length} ${kind} packets are marked wrongly as key or not, first packet ${place + 1}, which is ${original.key ? "a key frame" : "no key frame"} in the original`);
    }
  }
  const timeless = segment.probe.tracks.flatMap((track) => track.packets).filter((packet) => Number.isNaN(packet.time)).length;
  if (timeless > 0) problems.push(`${segment.label}: ${timeless} packets have no presentation time`);
  return problems;
}

/** @param {Decoded} source @param {Probe} probed @param {Segment[]} segments */
function checkFrames(source, probed, segments) {
  const problems = [];
  const name = (/** @type {{ hash: string, size: number }} */ frame) => `${frame.hash}/${frame.size}`;
  const found = segments.flatMap((segment) => segment.decoded.frames.map((frame, i) => ({ hash: name(frame), where: `${segment.label}, frame ${i + 1}` })));
  const names = source.frames.map(name);
  problems.push(...describe("decoded", "frames", compare(names, found.map((one) => one.hash)), source.frames, names, found));
  if (probed.video && source.frames.length === 0) problems.push("no frame of the original decodes: nothing can be compared");
  // A CodecDelay or pre-skip that belongs to the first file alone would cut sound at every seam of the others.
  const sound = segments.reduce((sum, segment) => sum + segment.decoded.audioBytes, 0);
  if (sound !== source.audioBytes) problems.push(`the original decodes to ${source.audioBytes / 2} audio samples, the segments to ${sound / 2}`);
  return problems;
}

/**
 * Where to cut: at the first key frame at least N seconds after the segment's first frame, and at the key frame that
 * changes the picture's size; sound goes to the file whose time span holds it.
 * @param {Probe} source @param {Decoded} decoded @param {Segment[]} segments @param {number} limit
 */
function checkCuts(source, decoded, segments, limit) {
  const problems = [];
  const track = source.video ?? source.audio;
  if (!track) return ["the original has no media"];
  const framesMatch = decoded.frames.length === track.packets.length;
  /** @type {number[]} */
  const expected = [];
  let start = /** @type {Packet | undefined} */ (undefined);
  track.packets.forEach((packet, i) => {
    const resized = track.kind === "video" && framesMatch && i > 0 && decoded.frames[i]?.size !== decoded.frames[i - 1]?.size;
    // Whole ticks are compared, so that a key frame exactly N seconds later counts.
    const late = start && (packet.pts - start.pts) * track.num >= limit * track.den - 1e-6;
    if (!start || (packet.key && (late || resized))) {
      expected.push(i);
      start = packet;
    }
  });
  /** @type {number[]} */
  const actual = [];
  let count = 0;
  for (const segment of segments) {
    actual.push(count);
    count += segment.probe[track.kind]?.packets.length ?? 0;
  }
  const say = (/** @type {number[]} */ places) => places.map((i) => `${i + 1} (${seconds(track.packets[i]?.time)})`).join(", ");
  if (expected.join() !== actual.join()) {
    problems.push(`with ${limit} s the segments must begin at ${track.kind} packets ${say(expected)}, they begin at ${say(actual)}`);
  } else if (source.video && source.audio) {
    let audio = 0;
    segments.forEach((segment, i) => {
      const from = i === 0 ? -Infinity : /** @type {Packet} */ (track.packets[/** @type {number} */ (actual[i])]).time;
      const next = actual[i + 1];
      const to = next === undefined ? Infinity : /** @type {Packet} */ (track.packets[next]).time;
      const own = segment.probe.audio?.packets.length ?? 0;
      const packets = /** @type {Track} */ (source.audio).packets.slice(audio, audio + own);
      audio += own;
      // A packet that spans the cut may lie on either side.
      const astray = packets.filter((packet) => packet.time + packet.interval < from - MS || packet.time > to + MS);
      if (astray.length > 0) problems.push(`${segment.label}: ${astray.length} audio packets belong to another segment's time, the first at ${seconds(astray[0]?.time)} (the segment spans ${seconds(from)} to ${seconds(to)})`);
    });
  }
  return problems;
}

/**
 * P1: one file by itself.
 * @param {Segment} segment @param {Probe} source @param {string} original
 */
async function checkFile(segment, source, original) {
  const { probe: probed, decoded, file } = segment;
  /** @type {string[]} */
  const problems = [];
  // Nothing is exempt: none of the captures gives a message, and what ffmpeg warns of in a file that has been written
  // from sound samples, a player may stumble over.
  for (const message of new Set([...probed.messages, ...decoded.messages])) problems.push(`ffmpeg says: ${message}`);

  const first = probed.video?.packets[0];
  if (source.video && !first) problems.push("has no video");
  if (first && !first.key) problems.push("begins with a video packet that is not a key frame");
  if (probed.video && decoded.frames.length !== probed.video.packets.length) {
    problems.push(`has ${probed.video.packets.length} video packets and ${decoded.frames.length} decodable frames`);
  }
  for (const kind of /** @type {const} */ (["video", "audio"])) {
    const [from, to] = [source[kind], probed[kind]];
    if (!from || !to) continue;
    if (from.codec !== to.codec) problems.push(`has ${kind} codec ${to.codec} instead of ${from.codec}`);
    for (const [name, value] of Object.entries(from.looks)) {
      if (value !== to.looks[name]) problems.push(`has ${name} ${to.looks[name]} instead of ${value}`);
    }
  }
  if (!(Math.abs(probed.startTime) <= 0.1)) problems.push(`its time line begins at ${seconds(probed.startTime)} instead of 0`);

  const data = await bytes(file);
  const header = probed.container === "mp4" ? inspectMp4(data) : inspectWebm(data);
  problems.push(...header.problems);
  problems.push(...checkDuration(probed, header.duration));
  // ffprobe looks into VP8 and H.264 to find key frames; players go by what the container says.
  const wrong = probed.video?.packets.filter((packet, i) => packet.key !== header.keys?.[i]).length ?? 0;
  if (wrong > 0) problems.push(`${wrong} frames are marked in the container as key frames and are none, or the other way round`);
  const size = probed.video ? await firstFrameSize(file) : undefined;
  if (size && (size.width !== header.width || size.height !== header.height)) {
    problems.push(`its header promises ${header.width}x${header.height}, its first picture is ${size.width}x${size.height}`);
  }
  if (probed.container === "webm") problems.push(...(await checkMkvinfo(file, original)));
  problems.push(...(await checkSeeking(segment)));
  return problems.map((problem) => `${segment.label}: ${problem}`);
}

/** @param {Probe} probed @param {number | undefined} inHeader */
function checkDuration(probed, inHeader) {
  const problems = [];
  // Nothing in a file says how long its last frame lasts. A camera that stutters makes any of its intervals likely,
  // and the guess from the one before it too long: what counts is that the last packet begins within the file.
  const packets = probed.tracks.flatMap((track) => track.packets);
  const begins = Math.max(...packets.map((packet) => packet.time));
  const last = Math.max(...packets.map((packet) => packet.time + packet.interval));
  // A file of a single frame has no interval to go by: any usual frame rate will do.
  const frame = Math.max(...packets.map((packet) => packet.interval)) || LONE_FRAME;
  if (inHeader === undefined) problems.push("its header has no duration");
  for (const [who, value] of /** @type {const} */ ([["its header", inHeader], ["ffprobe", probed.duration]])) {
    if (value === undefined || Number.isNaN(value)) {
      if (who === "ffprobe") problems.push("ffprobe finds no duration");
    } else if (value < begins - MS || value > last + frame + MS) {
      problems.push(`${who} gives a duration of ${seconds(value)}, its media ends at ${seconds(last)} (${seconds(frame + MS)} of difference allowed)`);
    }
  }
  return problems;
}

/** The longest time from one key frame to the next: by so much a file may be longer than asked for. @param {Track | undefined} video */
function longestGroup(video) {
  const keys = (video?.packets ?? []).filter((packet) => packet.key).map((packet) => packet.time);
  return round(Math.max(0, ...keys.slice(1).map((time, i) => time - Number(keys[i]))));
}

/** @type {boolean | undefined} */
let mkvinfo;

/** @param {string} file @param {string} original */
async function checkMkvinfo(file, original) {
  mkvinfo ??= (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, "mkvinfo")));
  if (!mkvinfo) return [];
  const suspicious = async (/** @type {string} */ path) => {
    const { code, stdout, stderr } = await run("mkvinfo", ["--ui-language", "en_US", "-v", "-v", path]);
    const words = lines(stdout.toString()).filter((line) => /unknown element|error|warning|invalid|damaged|no EBML/i.test(line));
    return { code, words: [...words.map((line) => line.replace(/ at \d+|size:? \d+/g, "")), ...lines(stderr)] };
  };
  const { code, words } = await suspicious(file);
  // Older versions of mkvinfo do not know AlphaMode, which Chromium writes and a segment has to keep: what mkvinfo
  // says about the original's own elements is no fault of the segment.
  const known = words.length > 0 ? (await suspicious(original)).words : [];
  const problems = [...new Set(words)].filter((word) => !known.includes(word)).map((word) => `mkvinfo says: ${word}`);
  if (code !== 0) problems.push(`mkvinfo ends with exit code ${code}`);
  return problems;
}

/** @param {Segment} segment */
async function checkSeeking({ file, probe: { video, audio, startTime }, decoded }) {
  const problems = [];
  const track = video ?? audio;
  if (!track) return ["has neither video nor audio"];
  const times = track.packets.map((packet) => packet.time).sort((a, b) => a - b);
  for (const place of SEEKS) {
    const index = Math.round((times.length - 1) * place);
    // Half a frame early, so that rounding does not decide which frame is meant.
    // Places count from where the file's time line begins.
    const at = Math.max(0, Number(times[index]) - startTime - (index > 0 ? (Number(times[index]) - Number(times[index - 1])) / 2 : 0));
    const found = await seek(file, at, track.kind === "video" ? "v" : "a");
    for (const message of found.messages) problems.push(`seeking to ${seconds(at)}: ${message}`);
    if (!found.hash) problems.push(`seeking to ${seconds(at)} shows nothing`);
    else if (track.kind === "video" && decoded.frames.length === times.length) {
      const wanted = decoded.frames.slice(Math.max(0, index - 1), index + 2).map((frame) => frame.hash);
      if (!wanted.includes(found.hash)) problems.push(`seeking to ${seconds(at)} shows another picture than frame ${index + 1}`);
    }
  }
  return problems;
}

/** @param {number} value */
const round = (value) => Math.round(value * 1000) / 1000;
/** @param {number | undefined} value */
const seconds = (value) => (value === undefined || !Number.isFinite(value) ? String(value) : `${round(value)} s`);

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, "segment-seconds": { type: "string" } },
  });
  const [original, ...files] = positionals;
  const limit = values["segment-seconds"] === undefined ? undefined : Number(values["segment-seconds"]);
  if (!original || files.length === 0 || (limit !== undefined && !(limit > 0))) {
    process.stderr.write("usage: node judge.mjs [--json] [--segment-seconds N] ORIGINAL SEGMENT...\n");
    return 2;
  }
  const verdict = await judge(original, files, limit === undefined ? {} : { segmentSeconds: limit });
  if (values.json || verdict.ok) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  if (!verdict.ok && !values.json) {
    for (const violation of verdict.violations) process.stdout.write(`${violation}\n`);
    for (const note of verdict.notes) process.stdout.write(`note: ${note}\n`);
  }
  return verdict.ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then((code) => (process.exitCode = code), (error) => {
    process.stderr.write(`the judge could not judge: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 2;
  });
}
