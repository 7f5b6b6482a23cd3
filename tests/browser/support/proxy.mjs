// A network that can be cut or slow: a TCP proxy in front of the server.

import { connect, createServer } from "node:net";

/**
 * @param {import("node:test").TestContext} t @param {string} target such as `https://127.0.0.1:41234`
 * @returns {Promise<{ url: string, cut(): Promise<void>, restore(): Promise<void>, pace(bytesPerSecond: number): void }>}
 */
export async function startProxy(t, target) {
  const { hostname, port, protocol } = new URL(target);
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set();
  let bytesPerSecond = Infinity;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of /** @type {const} */ ([[client, upstream], [upstream, client]])) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
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
  t.after(() => (server.listening ? cut() : undefined));
  return {
    url: `${protocol}//127.0.0.1:${address.port}`,
    cut: async () => void (await cut()),
    restore: async () => void (await listen(address.port)),
    pace(wanted) {
      bytesPerSecond = wanted;
    },
  };
}
