// What came of a recording that was interrupted: every byte that was handed over and stored, against the files.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge } from "../../judge/judge.mjs";
import { truth } from "./capture.mjs";
import { readOriginals } from "./lasting-tap.mjs";
import { until } from "./until.mjs";

/** @typedef {import("./page.mjs").Page} Page */

/** The time on the page's clock; runs in the page. */
export const elapsed = () => document.querySelector("#elapsed")?.textContent ?? "";
/** Runs in the page. @param {string} id */
export const shown = (id) => {
  const element = document.getElementById(id);
  return element && !element.closest("[hidden]") ? (element.textContent ?? "").trim() : "";
};
/** Whether the browser keeps the page; runs in the page. */
export const isKept = async () => Boolean((await navigator.serviceWorker.getRegistration())?.active);

/** Waits for so many pieces of the newest recorder. @param {Page} page @param {number} generations @param {number} pieces */
export const handedOver = (page, generations, pieces) =>
  until(`${pieces} pieces of recording ${generations}`, async () => {
    const originals = await readOriginals(page);
    return originals.length >= generations && (originals[generations - 1]?.pieces.length ?? 0) >= pieces;
  }, { within: 40_000, explain: async () => `${await truth(page)} ${page.errors}` });

/** Waits until every session is over on the server. @param {import("./server.mjs").Server} server */
export async function ended(server) {
  await until("the end of the sessions", async () => (await server.sessions(false)).every(({ events }) => events.some(({ event }) => event === "stop")), {
    within: 40_000,
    explain: async () => JSON.stringify((await server.sessions(false)).map(({ events }) => events.map(({ event, reason }) => [event, reason]))),
  });
  return server.sessions();
}

/** The only session, when it is over. @param {import("./server.mjs").Server} server */
export async function over(server) {
  const sessions = await ended(server);
  assert.equal(sessions.length, 1, `there are ${sessions.length} sessions instead of one`);
  return /** @type {import("./server.mjs").Session} */ (sessions[0]);
}

/**
 * One generation's files against its bytes.
 * @param {import("node:test").TestContext} t @param {string} name @param {Buffer} bytes @param {string[]} files
 */
export async function judged(t, name, bytes, files) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-original-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const original = join(folder, "original.bin");
  await writeFile(original, bytes);
  const verdict = await judge(original, files, { segmentSeconds: 4 });
  assert.deepEqual(verdict.violations, [], `${name}: ${files.join(" ")}`);
  t.diagnostic(`${name}: ${verdict.frames} frames, ${verdict.audioPackets} audio packets`);
}

/**
 * Every byte that was handed over and stored, against the files. What was on its way from the encoder to the storage
 * when the page died is not stored: at most `unstored` pieces of each generation.
 * @param {import("node:test").TestContext} t @param {Page} page @param {import("./server.mjs").Server} server
 * @param {{ generations: number, unstored?: number, tapped?: number }} expected `tapped`: how many recorders could be listened to
 */
export async function arrived(t, page, server, { generations, unstored = 0, tapped }) {
  const session = await over(server);
  const originals = await readOriginals(page);
  const lengths = new Map(session.events.filter(({ event }) => event === "generation_end").map(({ generation, bytes }) => [generation, bytes]));
  assert.deepEqual([...lengths.keys()].sort(), [...Array(generations).keys()], "the generations of which the device told the length");
  assert.deepEqual([...session.generations.keys()].sort(), [...lengths.keys()].sort());
  assert.equal(originals.length, tapped ?? generations);
  for (const [index, { pieces, bytes }] of originals.entries()) {
    const length = Number(lengths.get(index));
    let whole = 0;
    let stored = 0;
    while (stored < pieces.length && whole < length) whole += pieces[stored++]?.length ?? 0;
    assert.equal(whole, length, `generation ${index} ends inside a piece: ${length} of ${bytes.length}`);
    assert.ok(pieces.length - stored <= unstored, `generation ${index}: ${pieces.length - stored} pieces of ${pieces.length} were not stored`);
    await judged(t, `generation ${index}, ${pieces.length - stored} pieces not stored`, bytes.subarray(0, length), session.generations.get(index) ?? []);
  }
  return session;
}

/** @param {import("./server.mjs").Session} session */
export const gapsOf = ({ events }) =>
  events.filter(({ event, reason }) => event === "gap" && reason !== "damaged_input").map(({ reason, start_us, end_us, detail }) => ({ reason, detail, ms: (end_us - start_us) / 1000 }));

/** @param {import("./server.mjs").Session} session */
export const reasonsOf = ({ events }) => events.filter(({ event }) => event === "generation").map(({ reason }) => reason);
