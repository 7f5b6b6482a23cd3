// A network of the test file's own, as a home has it: one interface whose address can change, and names that lead there.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./processes.mjs";
import { until } from "./until.mjs";

const INTERFACE = "lan0";
const MARK = "LOCALCAMERA_TEST_NETWORK";

/** @typedef {{ address(): string, move(to: string): void }} OwnNetwork */

/** @param {string} program @param {string[]} args */
function run(program, ...args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

/**
 * Runs the test file that calls it once more, beside nobody: the rest of it sees this network alone, and so does what
 * it starts. `null`, and said, where that is not allowed.
 * @param {string} address @param {Record<string, string>} [hosts] addresses by name
 * @returns {Promise<OwnNetwork | null>}
 */
export async function inOwnNetwork(address, hosts = {}) {
  if (process.env[MARK] === undefined) {
    if (spawnSync("unshare", ["--net", "--mount", "ip", "link", "set", "lo", "up"]).status !== 0) {
      process.stderr.write("SKIPPED: a network of the test's own takes root, unshare and iproute2\n");
      return null;
    }
    return again();
  }
  run("ip", "link", "set", "lo", "up");
  // Whatever is sent along a cable without a second computer goes nowhere; what is meant for this one never leaves it.
  run("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", "nobody0");
  for (const end of [INTERFACE, "nobody0"]) {
    withoutIpv6(end);
    run("ip", "link", "set", end, "up");
  }
  const add = (/** @type {string} */ one) => run("ip", "addr", "add", `${one}/24`, "dev", INTERFACE);
  add(address);
  name(hosts);
  let here = address;
  return {
    address: () => here,
    move(to) {
      run("ip", "addr", "flush", "dev", INTERFACE, "scope", "global");
      add((here = to));
    },
  };
}

/** Never returns: what the file had to do is done when its second run ends. @returns {Promise<never>} */
async function again() {
  const args = ["--net", "--mount", process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // Killed, it would leave its browsers behind; they are not of its process group.
  const inner = start("unshare", args, { env: { [MARK]: "1" }, output: "inherit", atExit: "SIGTERM" });
  const { code } = await until("the end of the run in its own network", inner.exit, { within: Infinity });
  process.exit(code ?? 1);
}

/** An address that IPv6 makes by itself is there a second or two late, and Chromium breaks off what it loads then. @param {string} end */
function withoutIpv6(end) {
  const setting = `/proc/sys/net/ipv6/conf/${end}/disable_ipv6`;
  if (existsSync(setting)) writeFileSync(setting, "1");
}

/** In this file's mounts alone. @param {Record<string, string>} hosts */
function name(hosts) {
  const folder = mkdtempSync(join(tmpdir(), "localcamera-hosts-"));
  const lines = Object.entries(hosts).map(([host, address]) => `${address} ${host}\n`);
  writeFileSync(join(folder, "hosts"), readFileSync("/etc/hosts", "utf8") + lines.join(""));
  run("mount", "--bind", join(folder, "hosts"), "/etc/hosts");
  rmSync(folder, { recursive: true });
}
