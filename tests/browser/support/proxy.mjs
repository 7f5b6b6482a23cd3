// A network that can be cut, lost or slow: a TCP proxy in front of the server.

import { connect, createServer } from "node:net";
import { until } from "./until.mjs";

/**
 * @param {import("node:test").TestContext} t @param {string} target such as `https://127.0.0.1:41234`
 * @returns {Promise<{ url: string, cut(): Promise<void>, lose(bytes: number): Promise<number>, restore(): Promise<void>, pace(bytesPerSecond: number): void }>}
 *   `cut`: both ends see their connections break; `lose`: the server sees nothing
 */
export async function startProxy(t, target) {
  const { hostname, port, protocol } = new URL(target);
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  /** The other end's breaking is no news for these. @type {Set<import("node:net").Socket>} */
  const unaware = new Set();
  let bytesPerSecond = Infinity;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of /** @type {const} */ ([[client, upstream], [upstream, client]])) {
      sockets.add(socket);
      // A close follows.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        if (!unaware.has(other)) other.destroy();
      });
      socket.pipe(other);
    }
    client.on("data", ({ length }) => {
      if (bytesPerSecond === Infinity) return;
      client.pause();
      setTimeout(() => client.resume(), (1000 * length) / bytesPerSecond);
    });
  });
  /** @param {number} on */
  const listen = (on) =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(on, "127.0.0.1", () => resolve(undefined));
    });
  await listen(0);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const cut = () =>
    new Promise((resolve) => {
      server.close(() => resolve(undefined));
      for (const socket of sockets) socket.resetAndDestroy();
    });
  /**
   * As Wi-Fi goes: first what is sent arrives nowhere, then the device's connections break and new ones fail. The server
   * keeps its ends, on which nothing comes any more.
   * @param {number} bytes at least so many of the device's get lost on their way
   */
  const lose = async (bytes) => {
    server.close();
    const ends = [...sockets];
    let lost = 0;
    for (const socket of ends) {
      const isClient = socket.localPort === address.port;
      if (!isClient) unaware.add(socket);
      socket.unpipe();
      socket.on("data", ({ length }) => {
        if (isClient) lost += length;
      });
      socket.resume();
    }
    await until(`${bytes} bytes that get lost`, () => lost >= bytes);
    for (const socket of ends) if (!unaware.has(socket)) socket.resetAndDestroy();
    return lost;
  };
  t.after(cut);
  return {
    url: `${protocol}//127.0.0.1:${address.port}`,
    cut: async () => void (await cut()),
    lose,
    restore: async () => void (await listen(address.port)),
    pace(wanted) {
      bytesPerSecond = wanted;
    },
  };
}
