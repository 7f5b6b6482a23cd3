// A camera on the network: GStreamer's RTSP server with a moving picture.

import { join } from "node:path";
import { start } from "./processes.mjs";
import { root, systemPython } from "./programs.mjs";
import { until } from "./until.mjs";

/**
 * @param {import("node:test").TestContext} t the camera ends with this test
 * @param {{ user?: string, password?: string }} [options]
 */
export async function startCamera(t, { user, password = "" } = {}) {
  const login = user === undefined ? [] : ["--user", user, "--password", password];
  const running = start(systemPython(), [join(root, "tests", "support", "rtsp_server.py"), ...login]);
  t.after(() => running.end("SIGKILL"));
  const address = await until("the camera's address", () => {
    if (running.exit()) throw new Error(`the camera ended at once: ${running.stderr()}`);
    return running.stdout().match(/^rtsp:\S+/)?.[0];
  }, { within: 30_000, explain: running.stderr });
  return {
    address,
    /** How many clients have come, and how many there are. */
    clients() {
      const lines = [...running.stdout().matchAll(/^([+-]) (\d+)$/gm)];
      return { came: lines.filter(([, sign]) => sign === "+").length, now: Number(lines.at(-1)?.[2] ?? 0) };
    },
  };
}
