// What a page and the server say to each other about the bytes of a recording's first generation.

/**
 * @typedef {{ sent: number, durable: number, welcomes: { received: number, durable: number }[] }} Overheard
 *   `sent`, `durable`: up to this byte, over all connections; `welcomes`: where the server stood when each began
 * @param {import("playwright-core").Page} page whose connections begin later
 * @returns {Overheard} grows
 */
export function overhear(page) {
  /** @type {Overheard} */
  const heard = { sent: 0, durable: 0, welcomes: [] };
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => {
      if (typeof payload === "string" || payload.readUInt32BE(4) !== 0) return;
      heard.sent = Math.max(heard.sent, Number(payload.readBigUInt64BE(8)) + payload.length - 16);
    });
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(String(payload));
      if (message.type === "ack" && message.generation === 0) heard.durable = Math.max(heard.durable, message.durable);
      if (message.type !== "welcome") return;
      const { received = 0, durable = 0 } = message.positions.find((/** @type {any} */ { generation }) => generation === 0) ?? {};
      heard.welcomes.push({ received, durable });
      heard.durable = Math.max(heard.durable, durable);
    });
  });
  return heard;
}
