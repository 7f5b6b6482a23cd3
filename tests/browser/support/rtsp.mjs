// A camera on the network: GStreamer's RTSP server with a moving picture.

import { join } from "node:path";
import { start } from "./processes.mjs";
import { root, systemPython } from "./programs.mjs";
import { until } from "./until.mjs";

const PICTURE =
  "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1" +
  " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=400 ! rtph264pay name=pay0 pt=96 config-interval=1";

/**
 * @param {import("node:test").TestContext} t the camera ends with this test
 * @param {{ login?: string }} [options] `login`: `USER:PASSWORD` of who is let in
 */
export async function startCamera(t, { login } = {}) {
  const script = join(root, "tests", "support", "rtsp_server.py");
  const running = start(systemPython(), [script, "--shared", ...(login === undefined ? [] : ["--login", login]), `pattern=${PICTURE}`]);
  t.after(() => running.end("SIGKILL"));
  const port = await until("the camera's port", () => {
    if (running.exit()) throw new Error(`the camera ended at once: ${running.stderr()}`);
    return running.stdout().match(/^port (\d+)$/m)?.[1];
  }, { within: 30_000, explain: running.stderr });
  const times = (/** @type {string} */ what) => running.stdout().split("\n").filter((line) => line === what).length;
  return {
    address: `rtsp://127.0.0.1:${port}/pattern`,
    /** How many clients there are. */
    clients: () => times("connected") - times("closed"),
  };
}
