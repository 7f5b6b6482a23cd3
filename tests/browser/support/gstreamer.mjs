// Compiles the test-only GStreamer element that lets WebKitGTK's recorder start where the system has no `autovideoflip`.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./programs.mjs";

/** @param {string} folder where the plugin goes @returns {Record<string, string>} the environment that makes WebKit find it */
export function buildFlipPlugin(folder) {
  const flags = execFileSync("pkg-config", ["--cflags", "--libs", "gstreamer-1.0"], { encoding: "utf8" }).trim().split(/\s+/);
  const source = join(root, "tests", "gstreamer", "autovideoflip.c");
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", join(folder, "libgstlocalcameraflip.so"), source, ...flags], { stdio: "pipe" });
  // A registry of its own: the user's must not remember a plugin that is gone after the test.
  return { GST_PLUGIN_PATH: folder, GST_REGISTRY: join(folder, "registry.bin") };
}
