// A program at /ws/control that gives commands.

import { WebSocket } from "ws";
import { until } from "./until.mjs";

/** @typedef {{ ok: boolean | null, code?: string, message?: string }} Result */

/**
 * @param {import("node:test").TestContext} t
 * @param {import("./server.mjs").Server} server
 */
export async function openControl(t, server) {
  const socket = new WebSocket(`${server.https.replace(/^https/, "wss")}/ws/control`, { rejectUnauthorized: false, perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  t.after(() => socket.close(1000));
  /** @type {any[]} */
  let devices = [];
  /** @type {Map<string, Result[]>} */
  const results = new Map();
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "devices") devices = message.devices;
    if (message.type === "result") results.get(message.id)?.push(message);
  });
  let given = 0;

  return {
    /** What the only device was last said to be. */
    device: () => devices[0],

    /** @param {string} what @param {(device: any) => boolean} condition */
    is: (what, condition) =>
      until(`a device that ${what}`, () => devices.length === 1 && condition(devices[0]) && devices[0], { explain: () => JSON.stringify(devices) }),

    /**
     * @param {string} what @param {string} [value]
     * @returns what the device answered, in the order in which it came, so far
     */
    command(what, value) {
      const id = `test-${(given += 1)}`;
      /** @type {Result[]} */
      const answers = [];
      results.set(id, answers);
      socket.send(JSON.stringify({ type: "command", id, to: devices[0].device, do: what, value }));
      return answers;
    },

    /** @param {string} what @param {string} [value] @returns the last word */
    async order(what, value) {
      const answers = this.command(what, value);
      const explain = () => JSON.stringify([answers, devices]);
      const { ok, code, message } = await until(`an answer to ${what}`, () => answers.find((answer) => answer.ok !== null), { within: 70_000, explain });
      return { ok, code, message };
    },
  };
}
