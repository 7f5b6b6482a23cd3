// What ffprobe and ffmpeg say about a file. Nothing here knows how the project reads media.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

const TIME_LIMIT_MS = 180_000;
const OUTPUT_LIMIT = 1 << 30;

/**
 * @typedef {{ pts: number, time: number, interval: number, duration: number, key: boolean,
 *             size: number, hash: string, additions: string }} Packet
 *   `time` in seconds; `interval` is the distance to the next packet, or the best guess for the last one.
 * @typedef {{ index: number, kind: "video" | "audio", codec: string, num: number, den: number,
 *             looks: Record<string, unknown>, packets: Packet[] }} Track
 * @typedef {{ file: string, container: "webm" | "mp4" | "other", startTime: number, duration: number | undefined,
 *             tracks: Track[], video: Track | undefined, audio: Track | undefined, messages: string[] }} Probe
 * @typedef {{ frames: { hash: string, size: number, time: number }[], audioBytes: number, messages: string[] }} Decoded
 */

/**
 * Runs a program to its end, within time and memory bounds.
 * @param {string} program @param {string[]} args
 * @returns {Promise<{ code: number, stdout: Buffer, stderr: string }>}
 */
export function run(program, args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: "buffer", timeout: TIME_LIMIT_MS, killSignal: "SIGKILL", maxBuffer: OUTPUT_LIMIT }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") {
        reject(new Error(`${program} ${args.join(" ")}: ${error.message}`));
      } else {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr: stderr.toString() });
      }
    });
  });
}

/** @param {string} text */
export const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/**
 * Log lines name the reader's address in memory, which differs from run to run. Of every file with uncompressed sound
 * ffmpeg says what it takes its channels for.
 * @param {string} text
 */
const messages = (text) => lines(text.replace(/ @ 0x[0-9a-f]+/g, "")).filter((line) => !line.startsWith("Guessed Channel Layout"));

/** @param {string} file @returns {Promise<Probe>} */
export async function probe(file) {
  const { code, stdout, stderr } = await run("ffprobe", [
    "-v", "warning", "-show_format", "-show_streams", "-show_packets", "-show_data_hash", "MD5", "-of", "json", file,
  ]);
  const found = messages(stderr);
  if (code !== 0) throw new Error(`ffprobe cannot read ${file}: ${found.join("; ") || `exit code ${code}`}`);
  const report = JSON.parse(stdout.toString());
  /** @type {Track[]} */
  const tracks = report.streams
    .filter((/** @type {any} */ stream) => stream.codec_type === "video" || stream.codec_type === "audio")
    .map((/** @type {any} */ stream) => track(stream, report.packets));
  const format = String(report.format.format_name);
  const video = tracks.find((one) => one.kind === "video");
  if (video && report.packets.some((/** @type {any} */ packet) => packet.side_data_list?.some(isAddition))) await readAdditions(file, video);
  return {
    file,
    container: format.includes("webm") ? "webm" : format.includes("mp4") ? "mp4" : "other",
    startTime: Number(report.format.start_time),
    duration: report.format.duration === undefined ? undefined : Number(report.format.duration),
    tracks,
    video,
    audio: tracks.find((one) => one.kind === "audio"),
    messages: found,
  };
}

/** @param {{ side_data_type: string }} data */
const isAddition = (data) => data.side_data_type === "Matroska BlockAdditional";

/** @param {any} stream @param {any[]} all @returns {Track} */
function track(stream, all) {
  const [num, den] = stream.time_base.split("/").map(Number);
  /** @type {Packet[]} */
  const packets = all
    .filter((packet) => packet.stream_index === stream.index)
    .map((packet) => ({
      pts: packet.pts === undefined ? NaN : Number(packet.pts),
      time: packet.pts === undefined ? NaN : (Number(packet.pts) * num) / den,
      interval: NaN,
      duration: packet.duration === undefined ? NaN : (Number(packet.duration) * num) / den,
      key: packet.flags.includes("K"),
      size: Number(packet.size),
      hash: packet.data_hash,
      additions: "",
    }));
  // Presentation order may differ from decoding order, so the next packet in time is looked for.
  const inTime = [...packets].sort((a, b) => a.time - b.time);
  inTime.forEach((packet, i) => {
    const next = inTime[i + 1];
    const before = inTime[i - 1];
    if (next) packet.interval = next.time - packet.time;
    else if (before) packet.interval = before.interval;
    else packet.interval = Number.isNaN(packet.duration) ? 0 : packet.duration;
  });
  const matrix = stream.side_data_list?.find((/** @type {any} */ data) => data.displaymatrix)?.displaymatrix;
  const looks =
    stream.codec_type === "video"
      ? {
          "colour range": stream.color_range, "colour space": stream.color_space, "colour transfer": stream.color_transfer,
          "colour primaries": stream.color_primaries, "pixel format": stream.pix_fmt,
          "rotation matrix": matrix?.replace(/\s+/g, " ").trim(),
        }
      : { "sample rate": stream.sample_rate, channels: stream.channels };
  return { index: stream.index, kind: stream.codec_type, codec: stream.codec_name, num, den, looks, packets };
}

/** Hashes of what Matroska carries beside a frame (an alpha plane), put to the frame. @param {string} file @param {Track} video */
async function readAdditions(file, video) {
  const { stdout } = await run("ffmpeg", [
    "-v", "error", "-nostdin", "-i", file, "-map", "0:v:0", "-c", "copy", "-copyinkf", "-f", "framehash", "-hash", "md5", "-",
  ]);
  const rows = lines(stdout.toString()).filter((line) => !line.startsWith("#"));
  rows.forEach((row, i) => {
    const packet = video.packets[i];
    if (packet) packet.additions = row.split(/,\s*/).slice(6).join(",");
  });
}

/** Decodes everything. @param {string} file @param {Probe} probed @returns {Promise<Decoded>} */
export async function decode(file, probed) {
  const maps = [];
  if (probed.video) maps.push("-map", "0:v:0");
  if (probed.audio) maps.push("-map", "0:a:0");
  const { code, stdout, stderr } = await run("ffmpeg", [
    "-v", "warning", "-nostdin", "-threads", "1", "-noautorotate", "-i", file, ...maps,
    "-c:a", "pcm_s16le", "-autoscale", "0", "-fps_mode", "passthrough", "-f", "framemd5", "-",
  ]);
  const found = messages(stderr);
  if (code !== 0) found.push(`ffmpeg ended with exit code ${code}`);
  /** @type {Decoded} */
  const decoded = { frames: [], audioBytes: 0, messages: found };
  const videoIndex = probed.video ? 0 : -1;
  const bases = new Map([...stdout.toString().matchAll(/^#tb (\d+): (\d+)\/(\d+)$/gm)].map((m) => [Number(m[1]), Number(m[2]) / Number(m[3])]));
  for (const row of lines(stdout.toString())) {
    if (row.startsWith("#")) continue;
    const [index, , pts, , size, hash] = row.split(/,\s*/);
    if (Number(index) === videoIndex) {
      decoded.frames.push({ hash: String(hash), size: Number(size), time: Number(pts) * (bases.get(Number(index)) ?? NaN) });
    } else decoded.audioBytes += Number(size);
  }
  return decoded;
}

/** The size of the first decoded picture. @param {string} file */
export async function firstFrameSize(file) {
  const { stdout } = await run("ffprobe", [
    "-v", "error", "-select_streams", "v:0", "-read_intervals", "%+#1", "-show_entries", "frame=width,height", "-of", "json", file,
  ]);
  const frame = JSON.parse(stdout.toString()).frames?.[0];
  return frame ? { width: Number(frame.width), height: Number(frame.height) } : undefined;
}

/** One decoded frame at a place, as a player would seek to it. @param {string} file @param {number} seconds @param {"v" | "a"} kind */
export async function seek(file, seconds, kind) {
  const { code, stdout, stderr } = await run("ffmpeg", [
    "-v", "warning", "-nostdin", "-threads", "1", "-noautorotate", "-ss", seconds.toFixed(6), "-i", file,
    "-map", `0:${kind}:0`, `-frames:${kind}`, "1", "-autoscale", "0", "-fps_mode", "passthrough", "-f", "framemd5", "-",
  ]);
  const rows = lines(stdout.toString()).filter((row) => !row.startsWith("#"));
  return { hash: rows[0]?.split(/,\s*/)[5], messages: code === 0 ? messages(stderr) : [...messages(stderr), `exit code ${code}`] };
}

/**
 * H.264 packets named by their NAL units, so that Annex B and length prefixes compare. Parameter sets (7, 8) move between
 * the samples and the header and access unit delimiters (9) belong to the byte stream format: they are left aside.
 * @param {Probe} probed
 */
export async function nalHashes(probed) {
  const video = /** @type {Track} */ (probed.video);
  const { stdout } = await run("ffmpeg", [
    "-v", "error", "-nostdin", "-i", probed.file, "-map", "0:v:0", "-c", "copy", "-copyinkf", "-f", "data", "-",
  ]);
  const total = video.packets.reduce((sum, packet) => sum + packet.size, 0);
  if (total !== stdout.length) throw new Error(`${probed.file}: ffprobe counts ${total} bytes of video, ffmpeg copies ${stdout.length}`);
  // Matroska holds either kind: length prefixes where the header has the parameter sets, as ffmpeg writes it.
  const prefixed = probed.container === "mp4" || (stdout.indexOf("\0\0\x01", 0, "latin1") >>> 0) > 1;
  let at = 0;
  return video.packets.map((packet) => {
    const data = stdout.subarray(at, (at += packet.size));
    const hash = createHash("md5");
    for (const unit of prefixed ? lengthPrefixed(data) : annexB(data)) {
      const type = /** @type {number} */ (unit[0]) & 31;
      if (type === 7 || type === 8 || type === 9) continue;
      hash.update(`${unit.length}:`).update(unit);
    }
    return hash.digest("hex");
  });
}

/** @param {Buffer} data */
function annexB(data) {
  /** @type {number[]} */
  const starts = [];
  for (let i = data.indexOf("\0\0\x01", 0, "latin1"); i >= 0; i = data.indexOf("\0\0\x01", i + 3, "latin1")) starts.push(i);
  return starts.map((start, i) => {
    let end = starts[i + 1] ?? data.length;
    while (end > start + 3 && data[end - 1] === 0) end--;
    return data.subarray(start + 3, end);
  }).filter((unit) => unit.length > 0);
}

/** @param {Buffer} data */
function lengthPrefixed(data) {
  const units = [];
  for (let at = 0; at < data.length; ) {
    const length = at + 4 <= data.length ? data.readUInt32BE(at) : Infinity;
    if (at + 4 + length > data.length) throw new Error("a sample's NAL unit lengths do not add up to its size");
    let end = at + 4 + length;
    while (end > at + 4 && data[end - 1] === 0) end--;
    if (length > 0) units.push(data.subarray(at + 4, end));
    at += 4 + length;
  }
  return units;
}

/** @param {string} file */
export const bytes = (file) => readFile(file);
