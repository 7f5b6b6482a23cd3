// A camera on the network: GStreamer's RTSP server, with a moving picture in two sizes.

import { join } from "node:path";
import { start } from "./processes.mjs";
import { root } from "./programs.mjs";
import { until } from "./until.mjs";

/** Debian's own, which has the bindings of its GStreamer. */
const PYTHON = "/usr/bin/python3";

/** @param {number} width @param {number} height */
const picture = (width, height) =>
  `videotestsrc is-live=true pattern=ball ! video/x-raw,width=${width},height=${height},framerate=15/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1`;

/**
 * @param {import("node:test").TestContext} t the camera ends with this test
 * @param {{ login: string }} options "user:password"
 */
export async function startRtspCamera(t, { login }) {
  const running = start(PYTHON, [join(root, "tests", "support", "rtsp_server.py"), "--login", login, `main=${picture(640, 360)}`, `small=${picture(320, 180)}`]);
  t.after(() => running.end("SIGKILL"));
  const port = await until("the camera's port", () => running.stdout().match(/^port (\d+)$/m)?.[1], { explain: running.stderr });
  return { host: `127.0.0.1:${port}`, main: `rtsp://127.0.0.1:${port}/main`, small: `rtsp://127.0.0.1:${port}/small` };
}
