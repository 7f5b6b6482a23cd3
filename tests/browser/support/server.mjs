// The real binary in a fresh folder, on free ports.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "./processes.mjs";
import { localcamera } from "./programs.mjs";
import { until } from "./until.mjs";

/**
 * @typedef {{ https: string, wss: string, folder: string, recordings: string, stop(): Promise<void>, log(): string,
 *             sessions(settled?: boolean): Promise<Session[]> }} Server
 * @typedef {{ folder: string, session: any, events: any[], generations: Map<number, string[]> }} Session
 *   `generations`: the paths of each generation's finished files, in order
 */

/**
 * @param {import("node:test").TestContext} t the server ends with this test
 * @param {{ segmentSeconds?: number | null, args?: string[], isOpen?: boolean, isForAll?: boolean }} [options] `null`: the
 *   default of 60 s; `isOpen`: without sign-in; `isForAll`: at every address that this computer has, in a network of the test's own
 * @returns {Promise<Server>}
 */
export async function startServer(t, { segmentSeconds = 4, args = [], isOpen = true, isForAll = false } = {}) {
  const binary = localcamera();
  const folder = await mkdtemp(join(tmpdir(), "localcamera-test-"));
  const recordings = join(folder, "recordings");
  const running = start(
    binary,
    [
      ...(isOpen ? ["--open"] : []), ...(isForAll ? [] : ["--bind", "127.0.0.1", "--lan-ip", "127.0.0.1"]), "--https-port", "0", "--wss-port", "0", "--webrtc-port", "0", "--mdns=false",
      "--recordings", recordings, "--certs", join(folder, "certs"), "--state", join(folder, "state"),
      ...(segmentSeconds === null ? [] : ["--segment-seconds", String(segmentSeconds)]), ...args,
    ],
    // Options that the caller's environment holds would change the server under test.
    { cwd: folder, env: Object.fromEntries(Object.keys(process.env).filter((key) => key.startsWith("LOCALCAMERA_")).map((key) => [key, undefined])) },
  );
  let stopped = false;
  const log = () => `stdout:\n${running.stdout()}\nstderr:\n${running.stderr()}`;
  t.after(async () => {
    // A test that fails must not hide its reason behind a server that then ends badly.
    if (!stopped) await running.end("SIGKILL");
    if (process.env["LOCALCAMERA_KEEP"]) t.diagnostic(`kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  });
  const url = (/** @type {string} */ scheme) => running.stdout().match(new RegExp(`^\\S*(${scheme}://\\S+)`, "m"))?.[1];
  await until("the server's addresses on its standard output", () => {
    const exit = running.exit();
    if (exit) throw new Error(`the server ended at once with ${exit.code ?? exit.signal}\n${log()}`);
    return url("https") && url("wss");
  }, { within: 30_000, explain: log });
  return {
    https: String(url("https")).replace(/\/$/, ""),
    wss: String(url("wss")).replace(/\/$/, ""),
    folder,
    recordings,
    log,
    async stop() {
      stopped = true;
      const { code, signal } = await running.end("SIGINT", 20_000);
      assert.equal(code, 0, `after SIGINT the server ended with ${code ?? signal} instead of 0\n${log()}`);
      assert.deepEqual((await everything(recordings)).filter((name) => name.endsWith(".part")), [], "growing files are left behind");
    },
    sessions: (settled = true) => readSessions(recordings, { settled }),
  };
}

/** @param {string} folder @returns {Promise<string[]>} */
async function everything(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return (await Promise.all(entries.map((entry) => (entry.isDirectory() ? everything(join(folder, entry.name)) : [join(folder, entry.name)])))).flat();
}

/**
 * What the journals say is in the recordings folder.
 * @param {string} recordings @param {{ settled: boolean }} options `settled`: nothing is being recorded, so that the
 *   journals and the files must agree
 * @returns {Promise<Session[]>}
 */
async function readSessions(recordings, { settled }) {
  const sessions = [];
  for (const journal of (await everything(recordings)).filter((file) => file.endsWith(".jsonl")).sort()) {
    const text = await readFile(journal, "utf8");
    // The line that is being written right now has no end yet.
    const events = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const folder = join(journal, "..");
    /** @type {Map<number, string[]>} */
    const generations = new Map();
    for (const event of events.filter((one) => one.event === "segment")) {
      generations.set(event.generation, [...(generations.get(event.generation) ?? []), join(folder, event.file)]);
    }
    sessions.push({ folder, session: events.find((one) => one.event === "session"), events, generations });
  }
  if (settled) {
    const media = (await everything(recordings)).filter((file) => /video_[^/]*\.(webm|mp4)(\.part)?$/.test(file)).sort();
    const named = sessions.flatMap((session) => [...session.generations.values()].flat()).sort();
    assert.deepEqual(media, named, "the files in the recordings folder are not those that the journals name");
  }
  return sessions;
}
