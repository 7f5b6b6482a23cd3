#!/usr/bin/env node
// What mp4box.js, which is GPAC's and knows nothing of this project, finds in finished MP4 files, as one line of JSON.
//
//   node tests/judge/mp4box.mjs FILE...

import { readFile } from "node:fs/promises";
import { createFile, Log, MP4BoxBuffer } from "mp4box";

/**
 * @typedef {{ offset: number, size: number, seconds: number, sync: boolean }} Sample `seconds`: when it is shown, edits followed
 * @typedef {{ kind: string, seconds: number, samples: Sample[] }} Track
 * @typedef {{ seconds: number, indexInFront: boolean, fragmented: boolean, said: string[], tracks: Track[] }} Found
 */

/** @param {string} path @returns {Promise<Found>} */
async function read(path) {
  const data = await readFile(path);
  const file = createFile();
  /** @type {string[]} */
  const said = [];
  const hear = (/** @type {unknown[]} */ ...words) => void said.push(words.map(String).join(" "));
  Log.warn = hear;
  Log.error = hear;
  file.onError = hear;
  /** @type {import("mp4box").Movie | undefined} */
  let movie;
  file.onReady = (found) => (movie = found);
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(data).buffer, 0), true);
  file.flush();
  if (!movie) throw new Error(`${path}: mp4box.js finds no movie; ${said.join("; ")}`);
  const { timescale } = movie;
  const tracks = movie.tracks.map((track) => {
    // What is empty at first, and from where on the media is shown (ISO 14496-12 clause 8.6.6).
    const edits = track.edits ?? [];
    const shown = edits.find((edit) => edit.media_time >= 0);
    const before = shown ? edits.slice(0, edits.indexOf(shown)) : [];
    const late = before.reduce((sum, edit) => sum + edit.segment_duration / timescale, 0);
    const samples = file.getTrackSamplesInfo(track.id).map((sample) => ({
      offset: sample.offset, size: sample.size, sync: sample.is_sync,
      seconds: (sample.cts - (shown?.media_time ?? 0)) / sample.timescale + late,
    }));
    return { kind: track.video ? "video" : "audio", seconds: track.movie_duration / timescale, samples };
  });
  return { seconds: movie.duration / timescale, indexInFront: movie.isProgressive, fragmented: movie.isFragmented, said, tracks };
}

const found = [];
for (const path of process.argv.slice(2)) found.push(await read(path));
process.stdout.write(`${JSON.stringify(found)}\n`);
