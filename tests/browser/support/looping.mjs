// A device that records a capture over and over, at the pace at which a browser made it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { WebSocket } from "ws";
import { root } from "./programs.mjs";

/** The name of its stream. */
export const STREAM = "looping-device";

const CAPTURE = "chromium-webm-vp8-opus";

/** As `docs/protocol.md` has them. */
const HEADER_BYTES = 16;
const PAYLOAD_BYTES = 262_128;

/** @param {number} generation @param {number} position @param {Uint8Array} payload */
function chunk(generation, position, payload) {
  const message = Buffer.alloc(HEADER_BYTES + payload.length);
  message.writeUInt8(1, 0);
  message.writeUInt32BE(generation, 4);
  message.writeBigUInt64BE(BigInt(position), 8);
  message.set(payload, HEADER_BYTES);
  return message;
}

/**
 * Goes on until the test ends.
 * @param {import("node:test").TestContext} t @param {import("./server.mjs").Server} server
 */
export async function startLooping(t, server) {
  const stream = await readFile(join(root, "tests", "captures", `${CAPTURE}.bin`));
  const about = JSON.parse(await readFile(join(root, "tests", "captures", `${CAPTURE}.json`), "utf8"));
  const socket = new WebSocket(`${server.https.replace("https:", "wss:")}/ws/ingest`, "localcamera.v1", {
    rejectUnauthorized: false,
    perMessageDeflate: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const say = (/** @type {object} */ message) => socket.send(JSON.stringify(message));
  const now_ms = Date.now();
  say({ type: "hello", device: STREAM, name: "Looping", session: `session-${now_ms}`, started_ms: now_ms, now_ms, client: "test/1" });

  let generation = 0;
  let index = 0;
  let position = 0;
  let begun_ms = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const next = () => {
    if (index === 0) {
      begun_ms = Date.now();
      say({ type: "generation", generation, mime: about.mime_type, started_ms: begun_ms, offset_ms: 0, reason: "start" });
    }
    const bytes = about.chunk_bytes[index];
    for (let at = position; at < position + bytes; at += PAYLOAD_BYTES) {
      socket.send(chunk(generation, at, stream.subarray(at, Math.min(at + PAYLOAD_BYTES, position + bytes))));
    }
    position += bytes;
    index += 1;
    if (index === about.chunk_bytes.length) {
      say({ type: "generation_end", generation, bytes: position });
      generation += 1;
      index = position = 0;
    }
    const due_ms = index === 0 ? Date.now() : begun_ms + about.chunk_ms[index] - about.chunk_ms[0];
    timer = setTimeout(next, Math.max(0, due_ms - Date.now()));
  };
  next();
  t.after(async () => {
    clearTimeout(timer);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.close(1000);
    await closed;
  });
}
