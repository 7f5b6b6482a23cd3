// A publisher that knows nothing but WebSocket: sends a recorded byte stream to the raw port.

import { WebSocket } from "ws";
import { until } from "./until.mjs";

/**
 * @param {import("./server.mjs").Server} server @param {Buffer} stream @param {number[]} chunks their lengths in order
 * @returns {Promise<import("./server.mjs").Session>} the finished session
 */
export async function publish(server, stream, chunks) {
  const known = new Set((await server.sessions()).map((session) => session.folder));
  const socket = new WebSocket(`${server.wss}/`, { rejectUnauthorized: false, perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  let at = 0;
  for (const length of chunks) socket.send(stream.subarray(at, (at += length)));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close(1000);
  await closed;
  const find = async (/** @type {boolean} */ settled) => (await server.sessions(settled)).find((one) => !known.has(one.folder));
  await until("the end of the published session", async () => (await find(false))?.events.some((event) => event.event === "stop"), { explain: server.log });
  return /** @type {import("./server.mjs").Session} */ (await find(true));
}
