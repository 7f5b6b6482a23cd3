import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { WebSocket } from "ws";
import { createIngest } from "../../web/lib/ingest.js";
import { createOrigins } from "../../web/lib/origins.js";
import { createDisk } from "./support/fake-spool.mjs";

/** As a page at this server has it. */
const at = (server) => createOrigins({ own: `http://127.0.0.1:${server.address().port}` });

/** A server of the protocol that keeps what it gets, and drops the connection when told. */
function listen() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "localcamera.v1" });
  const kept = { generations: [], connections: 0, dropAfter: Infinity };
  server.on("connection", (socket) => {
    kept.connections += 1;
    const say = (message) => socket.send(JSON.stringify(message));
    socket.on("message", (data, binary) => {
      if (binary) {
        const generation = data.readUInt32BE(4);
        const position = Number(data.readBigUInt64BE(8));
        const own = kept.generations[generation];
        assert.equal(position, own.length);
        kept.generations[generation] = Buffer.concat([own, data.subarray(16)]);
        const total = kept.generations.reduce((sum, bytes) => sum + bytes.length, 0);
        if (total > kept.dropAfter) {
          kept.dropAfter = Infinity;
          socket.terminate();
          return;
        }
        say({ type: "ack", generation, received: total, durable: kept.generations[generation].length, credit_bytes: 200000 });
        return;
      }
      const message = JSON.parse(data.toString());
      if (message.type === "hello") {
        const positions = kept.generations.map((bytes, generation) => ({ generation, received: bytes.length, durable: bytes.length }));
        say({ type: "welcome", positions, limits: { message_bytes: 4096, credit_bytes: 200000 }, retry_ms: 1 });
      } else if (message.type === "generation") {
        kept.generations[message.generation] = kept.generations[message.generation] || Buffer.alloc(0);
      } else if (message.type === "stop") {
        assert.deepEqual(message.generations.map(({ bytes }) => bytes), kept.generations.map((bytes) => bytes.length));
        say({ type: "summary", session: "session-0001", folder: "f", files: [] });
      }
    });
  });
  return new Promise((resolve) => {
    server.on("listening", () => resolve({ server, kept, origins: at(server) }));
  });
}

test("what was appended is what arrives, through a dropped connection", async () => {
  const { server, kept, origins } = await listen();
  kept.dropAfter = 150000;
  const sent = [Buffer.alloc(0), Buffer.alloc(0)];
  const summary = await new Promise((resolve, reject) => {
    const ingest = createIngest({
      origins,
      spool: createDisk().open(),
      identity: { device: "device-0001", name: "x", session: "session-0001", startedMs: 0, client: "test" },
      Socket: /** @type {any} */ (WebSocket),
      onOver: (why, _message, got) => (why === "finished" ? resolve(got) : reject(new Error(why))),
    });
    ingest.connect();
    void (async () => {
      for (let generation = 0; generation < 2; generation += 1) {
        const number = ingest.begin({ mime: "video/webm", startedMs: 0, reason: "start" });
        for (let piece = 0; piece < 20; piece += 1) {
          const bytes = new Uint8Array(9000).map((_, at) => (at * 31 + piece * 7 + generation) % 251);
          sent[generation] = Buffer.concat([sent[generation], bytes]);
          await ingest.append(number, bytes);
        }
        ingest.end(number);
      }
      ingest.stop();
    })();
  });
  server.close();
  assert.equal(summary.folder, "f");
  assert.equal(kept.connections, 2);
  assert.ok(kept.generations[0].equals(sent[0]));
  assert.ok(kept.generations[1].equals(sent[1]));
});

/** @param {(socket: import("ws").WebSocket, connection: number, message: any) => void} answer */
function scripted(answer) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "localcamera.v1" });
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    const connection = connections;
    socket.on("message", (data, binary) => answer(socket, connection, binary ? { type: "chunk", bytes: data.length - 16 } : JSON.parse(data.toString())));
  });
  return new Promise((resolve) => {
    server.on("listening", () => resolve({ server, origins: at(server) }));
  });
}

const say = (socket, message) => socket.send(JSON.stringify(message));
const welcome = (socket, positions, retryMs) =>
  say(socket, { type: "welcome", positions, limits: { message_bytes: 4096, credit_bytes: 200000 }, retry_ms: retryMs });
const identity = { device: "device-0001", name: "x", session: "session-0001", startedMs: 0, client: "test" };

test("a summary that was lost comes after the next hello, and nothing is sent a second time", async () => {
  const heard = [[], []];
  const { server, origins } = await scripted((socket, connection, message) => {
    heard[connection - 1].push(message.type);
    if (message.type === "hello") {
      welcome(socket, connection === 1 ? [] : [{ generation: 0, received: 100, durable: 100, ended: true }], 1);
      if (connection === 2) say(socket, { type: "summary", session: "session-0001", folder: "f", files: [] });
    } else if (message.type === "chunk") {
      say(socket, { type: "ack", generation: 0, received: 100, durable: 100, credit_bytes: 200000 });
    } else if (message.type === "stop") socket.terminate();
  });
  const { why, summary, lostBytes } = await new Promise((resolve) => {
    const ingest = createIngest({
      origins,
      spool: createDisk().open(),
      identity: { ...identity },
      Socket: /** @type {any} */ (WebSocket),
      onOver: (why, _message, summary) => resolve({ why, summary, lostBytes: ingest.view().lostBytes }),
    });
    ingest.connect();
    void ingest.append(ingest.begin({ mime: "video/webm", startedMs: 0, reason: "start" }), new Uint8Array(100));
    ingest.stop();
  });
  server.close();
  assert.equal(why, "finished");
  assert.equal(summary.folder, "f");
  assert.equal(lostBytes, 0);
  assert.deepEqual(heard[0], ["hello", "generation", "chunk", "generation_end", "stop"]);
  assert.deepEqual(heard[1].filter((type) => type !== "stop"), ["hello"]);
});
