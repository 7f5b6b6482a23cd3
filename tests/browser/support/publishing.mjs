// A publisher that speaks localcamera.v1 and says itself when its media was recorded: sessions of any length are there at
// once, with the gaps and the wall times that a test wants.

import { WebSocket } from "ws";
import { until } from "./until.mjs";

/** Below what the server takes. */
const PAYLOAD_BYTES = 128 * 1024;
const HEADER_BYTES = 16;
const CHUNK = 1;

/**
 * @param {import("./server.mjs").Server} server
 * @param {{ session: string, device?: string, name?: string, startedMs: number }} hello
 */
export async function openPublisher(server, { session, device = "counting-device", name = "Bench", startedMs }) {
  const socket = new WebSocket(`${server.wss.replace(/:\d+$/, "")}:${new URL(server.https).port}/ws/ingest`, ["localcamera.v1"], { rejectUnauthorized: false, perMessageDeflate: false });
  /** @type {any[]} */
  const heard = [];
  socket.on("message", (data, isBinary) => void (isBinary || heard.push(JSON.parse(String(data)))));
  const closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const say = (/** @type {object} */ message) => socket.send(JSON.stringify(message));
  const explain = () => JSON.stringify(heard.filter(({ type }) => type !== "ack"));
  say({ type: "hello", device, name, session, started_ms: Math.round(startedMs), now_ms: Date.now(), client: "test/1" });
  await until("a welcome", () => heard.some(({ type }) => type === "welcome"), { explain });
  /** @type {{ sent: number, isOver: boolean }[]} */
  const generations = [];

  return {
    session,
    heard,
    /** @param {{ mime: string, startedMs: number, reason?: string }} of @returns {number} its number */
    begin({ mime, startedMs: at, reason = generations.length === 0 ? "start" : "interrupted" }) {
      // Without an offset the time on the way would be added.
      say({ type: "generation", generation: generations.length, mime, started_ms: Math.round(at), offset_ms: 0, reason });
      return generations.push({ sent: 0, isOver: false }) - 1;
    },
    /** @param {number} generation @param {Buffer} bytes */
    send(generation, bytes) {
      const of = /** @type {{ sent: number }} */ (generations[generation]);
      for (let at = 0; at < bytes.length; at += PAYLOAD_BYTES) {
        const payload = bytes.subarray(at, at + PAYLOAD_BYTES);
        const header = Buffer.alloc(HEADER_BYTES);
        header.writeUInt8(CHUNK, 0);
        header.writeUInt32BE(generation, 4);
        header.writeBigUInt64BE(BigInt(of.sent), 8);
        socket.send(Buffer.concat([header, payload]));
        of.sent += payload.length;
      }
    },
    /** @param {number} generation */
    end(generation) {
      const of = /** @type {{ sent: number, isOver: boolean }} */ (generations[generation]);
      of.isOver = true;
      say({ type: "generation_end", generation, bytes: of.sent });
    },
    /** @param {object} event */
    tell: (event) => say({ type: "event", offset_ms: 0, ...event }),
    /** Everything is delivered and on the disk. */
    async stop() {
      generations.forEach((of, index) => of.isOver || this.end(index));
      say({ type: "stop", generations: generations.map(({ sent }, generation) => ({ generation, bytes: sent })) });
      await until("a summary", () => heard.some(({ type }) => type === "summary"), { within: 30_000, explain });
      await closed;
      return heard.find(({ type }) => type === "summary");
    },
    /** As a device that goes away. */
    async leave() {
      socket.terminate();
      await closed;
    },
  };
}
