// A camera on the network: GStreamer's RTSP server with moving pictures.

import { join } from "node:path";
import { start } from "./processes.mjs";
import { root, systemPython } from "./programs.mjs";
import { until } from "./until.mjs";

/** @param {[number, number]} size */
const picture = ([width, height]) =>
  `videotestsrc is-live=true pattern=ball ! video/x-raw,width=${width},height=${height},framerate=15/1` +
  " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=400 ! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1";

/**
 * @param {import("node:test").TestContext} t the camera ends with this test
 * @param {{ login?: string, pictures?: Record<string, [number, number]> }} [options] `login`: `USER:PASSWORD` of who is let
 *   in; `pictures`: what it has, and in which size
 */
export async function startCamera(t, { login, pictures = { main: [320, 240] } } = {}) {
  const script = join(root, "tests", "support", "rtsp_server.py");
  const mounts = Object.entries(pictures).map(([name, size]) => `${name}=${picture(size)}`);
  const running = start(systemPython(), [script, "--shared", ...(login === undefined ? [] : ["--login", login]), ...mounts]);
  t.after(() => running.end("SIGKILL"));
  const port = await until("the camera's port", () => {
    if (running.exit()) throw new Error(`the camera ended at once: ${running.stderr()}`);
    return running.stdout().match(/^port (\d+)$/m)?.[1];
  }, { within: 30_000, explain: running.stderr });
  const times = (/** @type {string} */ what) => running.stdout().split("\n").filter((line) => line === what).length;
  const host = `127.0.0.1:${port}`;
  return {
    host,
    main: `rtsp://${host}/main`,
    /** Of another of its pictures. @param {string} name */
    address: (name) => `rtsp://${host}/${name}`,
    /** How many clients there are. */
    clients: () => times("connected") - times("closed"),
  };
}
