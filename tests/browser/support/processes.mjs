// Child processes that end with the test, also when it fails. Each is the leader of its own process group, so that
// what it started ends with it, and is ended by its own id.

import { spawn } from "node:child_process";
import { until } from "./until.mjs";

/** By process id, with which signal each ends. @type {Map<number, NodeJS.Signals>} */
const running = new Map();
process.on("exit", () => {
  for (const [pid, signal] of running) signalGroup(pid, signal);
});
for (const [signal, code] of /** @type {const} */ ([["SIGINT", 130], ["SIGTERM", 143]])) process.once(signal, () => process.exit(code));

/** @param {number} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/**
 * @typedef {{ pid: number, stdout(): string, stderr(): string, exit(): { code: number | null, signal: string | null } | undefined,
 *             signal(name: NodeJS.Signals): void, end(name?: NodeJS.Signals, within?: number): Promise<{ code: number | null, signal: string | null }>,
 *             stdio: import("node:child_process").ChildProcess["stdio"] }} Running
 * @param {string} program @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, pipes?: number, output?: "pipe" | "inherit", atExit?: NodeJS.Signals }} [options]
 *   `pipes` more descriptors from 3 on; `output`: where it goes; `atExit`: what it ends with when the test does, "SIGTERM" for what ends its own
 * @returns {Running}
 */
export function start(program, args, { cwd, env, pipes = 0, output = "pipe", atExit = "SIGKILL" } = {}) {
  const stdio = /** @type {import("node:child_process").StdioOptions} */ (["ignore", output, output, ...Array(pipes).fill("pipe")]);
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio, detached: true });
  let stdout = "";
  let stderr = "";
  /** @type {{ code: number | null, signal: string | null } | undefined} */
  let exit;
  child.stdout?.on("data", (data) => (stdout += data));
  child.stderr?.on("data", (data) => (stderr += data));
  child.on("error", (error) => {
    stderr += `${error.message}\n`;
    exit ??= { code: null, signal: error.message };
  });
  const pid = child.pid ?? 0;
  if (pid > 0) running.set(pid, atExit);
  child.on("exit", (code, signal) => {
    exit = { code, signal };
    running.delete(pid);
    // What it started may have outlived it.
    if (pid > 0) signalGroup(pid, "SIGKILL");
  });
  const end = async (/** @type {NodeJS.Signals} */ name = "SIGTERM", within = 10_000) => {
    if (!exit && pid > 0) process.kill(pid, name);
    try {
      return await until(`the end of ${program} after ${name}`, () => exit, { within, explain: () => stderr.slice(-2000) });
    } catch (error) {
      signalGroup(pid, "SIGKILL");
      throw error;
    }
  };
  return { pid, stdout: () => stdout, stderr: () => stderr, exit: () => exit, signal: (name) => void child.kill(name), end, stdio: child.stdio };
}
