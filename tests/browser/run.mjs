#!/usr/bin/env node
// Runs the browser tests one file at a time: two browsers encoding video at once starve each other on a small machine.
//
//   node tests/browser/run.mjs [NAME...]      NAME is the part of a file's name before `.test.mjs`
//
// LOCALCAMERA_BIN names the binary (default: the newer of target/debug and target/release).
// LOCALCAMERA_LONG=1 adds the recording of three minutes.
// LOCALCAMERA_OFFLINE_SECONDS=45 keeps the network away for longer than 10 s.
// LOCALCAMERA_SLOWNESS=2 lets first pictures take twice as long.
// LOCALCAMERA_KEEP=1 leaves the folders of recordings and originals behind and names them.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith(".test.mjs") && (wanted.length === 0 || wanted.includes(name.replace(".test.mjs", ""))))
  .map((name) => join(here, name));
if (files.length === 0) {
  process.stderr.write(`there is no browser test named ${wanted.join(" or ")}\n`);
  process.exit(2);
}
const runner = spawn(process.execPath, ["--test", "--test-concurrency=1", ...files], { stdio: "inherit" });
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => runner.kill(signal));
runner.on("exit", (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
