#!/usr/bin/env node
// Runs the browser tests one file at a time: two browsers encoding video at once starve each other on a small machine.
//
//   node tests/browser/run.mjs [NAME...]      NAME is the part of a file's name before `.test.mjs`
//
// LOCALCAMERA_BIN names the binary (default: the newer of target/debug and target/release).
// LOCALCAMERA_LONG=1 adds the recording of three minutes.
// LOCALCAMERA_PLAY=1 adds playing thirty files to their end in each engine.
// LOCALCAMERA_OFFLINE_SECONDS=45 keeps the network away for longer than 10 s.
// LOCALCAMERA_LATENCY=1 adds what is in time only on a machine that does nothing else.
// LOCALCAMERA_KEEP=1 leaves the folders of recordings and originals behind and names them.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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
/** @type {import("node:child_process").ChildProcess | undefined} */
let runner;
let isStopped = false;
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    isStopped = true;
    runner?.kill(signal);
  });
}

/** @param {string} file @returns {Promise<boolean>} whether its tests passed */
function passes(file) {
  return new Promise((resolve) => {
    runner = spawn(process.execPath, ["--test", "--test-concurrency=1", file], { stdio: "inherit" });
    runner.on("error", () => resolve(false));
    runner.on("exit", (code) => resolve(code === 0));
  });
}

// A browser that the machine starved is known by passing the second time; it is named all the same.
/** @type {string[]} */
const failed = [];
for (const file of files) if (!isStopped && !(await passes(file))) failed.push(file);
/** @type {string[]} */
const again = [];
for (const file of failed) if (!isStopped && (await passes(file))) again.push(file);
const names = (/** @type {string[]} */ some) => some.map((file) => basename(file, ".test.mjs")).join(", ");
if (again.length > 0) process.stderr.write(`passed only when run again, which is a fault of theirs: ${names(again)}\n`);
const lost = failed.filter((file) => !again.includes(file));
if (lost.length > 0) process.stderr.write(`failed: ${names(lost)}\n`);
process.exitCode = isStopped || lost.length > 0 ? 1 : 0;
