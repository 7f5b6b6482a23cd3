// Moving pictures that count themselves: each has its number in black and white fields along its upper edge, which any
// encoder leaves readable, so that a page can say which picture it shows.

import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const FRAMES_PER_SECOND = 25;
export const FRAME_MS = 1000 / FRAMES_PER_SECOND;
const WIDTH = 320;
const HEIGHT = 180;
/** The number, and a field that makes the white ones odd in number: what is no number at all is known. */
const BITS = 12;
const FIELD = 24;

/** @typedef {"webm" | "mp4"} Container */
/** @typedef {{ stream: Buffer, mime: string, beginsMs: number, frames: number }} Counting `beginsMs`: media time of its first picture */

const CODECS = /** @type {const} */ ({
  webm: {
    mime: 'video/webm;codecs="vp8,opus"',
    args: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-c:a", "libopus", "-b:a", "32k", "-f", "webm", "-cluster_time_limit", "200", "-live", "1"],
  },
  mp4: {
    mime: 'video/mp4;codecs="avc1.42c01e,mp4a.40.2"',
    args: [
      "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-b:v", "600k", "-c:a", "aac", "-b:a", "48k",
      "-f", "mp4", "-movflags", "+empty_moov+default_base_moof+frag_keyframe", "-frag_duration", "200000",
    ],
  },
});

/** @param {number} number */
function picture(number) {
  const gray = Buffer.alloc(WIDTH * HEIGHT, 96);
  let ones = 0;
  for (let bit = 0; bit <= BITS; bit += 1) {
    const isWhite = bit < BITS ? ((number >> bit) & 1) === 1 : ones % 2 === 0;
    if (isWhite) ones += 1;
    for (let y = 0; y < FIELD; y += 1) gray.fill(isWhite ? 235 : 16, y * WIDTH + bit * FIELD, y * WIDTH + (bit + 1) * FIELD);
  }
  // Something that moves, as encoders expect it.
  const left = (number * 5) % (WIDTH - 40);
  for (let y = 80; y < 140; y += 1) gray.fill(180, y * WIDTH + left, y * WIDTH + left + 40);
  return gray;
}

/**
 * @param {string} folder @param {{ container: Container, first: number, frames: number, keyEvery?: number }} options `first`: its first number
 * @returns {Promise<Counting>}
 */
export async function makeCounting(folder, { container, first, frames, keyEvery = FRAMES_PER_SECOND }) {
  const file = join(folder, `counting-${first}-${frames}.${container}`);
  const { mime, args } = CODECS[container];
  const seconds = frames / FRAMES_PER_SECOND;
  const encoder = spawn("ffmpeg", [
    "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", `${WIDTH}x${HEIGHT}`, "-r", String(FRAMES_PER_SECOND), "-i", "-",
    "-f", "lavfi", "-i", `sine=frequency=330:beep_factor=4:duration=${seconds}`, "-g", String(keyEvery), "-keyint_min", String(keyEvery), ...args, file,
  ], { stdio: ["pipe", "inherit", "inherit"] });
  const done = new Promise((resolve, reject) => {
    encoder.once("error", reject);
    encoder.once("exit", (code) => (code === 0 ? resolve(undefined) : reject(new Error(`ffmpeg ended with ${code}`))));
  });
  for (let number = first; number < first + frames; number += 1) {
    if (!encoder.stdin.write(picture(number))) await new Promise((resolve) => encoder.stdin.once("drain", resolve));
  }
  encoder.stdin.end();
  await done;
  const { stdout } = await run("ffprobe", ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-read_intervals", "%+#1", "-of", "csv=p=0", file]);
  return { stream: await readFile(file), mime, beginsMs: Number(stdout.trim().split(/[\s,]/)[0]) * 1000, frames };
}

/**
 * Puts into the page what reads the numbers: `counting.number()` of what is shown now, null where there is none, and
 * `counting.watch()`, which notes each picture that is shown. Runs in the page.
 */
export function installCounting() {
  const [bits, field, width, height] = [12, 24, 320, 180];
  const scope = /** @type {any} */ (globalThis);
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = field;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  const shown = () => /** @type {HTMLVideoElement | null} */ (document.querySelector("video.is-shown"));

  /** @param {HTMLVideoElement | null} video */
  function numberOf(video) {
    if (!video || video.readyState < 2) return null;
    pen.drawImage(video, 0, 0, video.videoWidth, (video.videoHeight * field) / height, 0, 0, width, field);
    let number = 0;
    let ones = 0;
    for (let bit = 0; bit <= bits; bit += 1) {
      const [value = 0] = pen.getImageData(bit * field + field / 2, field / 2, 1, 1).data;
      if (value > 70 && value < 180) return null;
      if (value >= 180) {
        ones += 1;
        if (bit < bits) number |= 1 << bit;
      }
    }
    return ones % 2 === 1 ? number : null;
  }

  /** @typedef {{ number: number | null, atMs: number, mediaS: number, presented: number }} Seen */
  /** @type {Seen[]} */
  let seen = [];
  let isWatching = false;
  /** @param {HTMLVideoElement} video @param {number} atMs @param {number} mediaS @param {number} presented */
  function note(video, atMs, mediaS, presented) {
    if (video !== shown()) return;
    const number = numberOf(video);
    const last = seen[seen.length - 1];
    if (!last || last.number !== number) seen.push({ number, atMs, mediaS, presented });
  }
  const hasCallback = "requestVideoFrameCallback" in HTMLVideoElement.prototype;
  scope.counting = {
    number: () => numberOf(shown()),
    hasCallback,
    watch() {
      seen = [];
      if (isWatching) return;
      isWatching = true;
      if (!hasCallback) {
        const look = (/** @type {number} */ atMs) => {
          const video = shown();
          if (video) note(video, atMs, video.currentTime, 0);
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        return;
      }
      for (const video of document.querySelectorAll("video")) {
        /** @param {number} nowMs @param {any} metadata */
        const take = (nowMs, metadata) => {
          video.requestVideoFrameCallback(take);
          note(video, metadata.expectedDisplayTime || nowMs, metadata.mediaTime, metadata.presentedFrames);
        };
        video.requestVideoFrameCallback(take);
      }
    },
    seen: () => seen,
  };
}

/** @typedef {{ number: number | null, atMs: number, mediaS: number, presented: number }} Seen */
