// A finished file of every dialect in docs/container-matrix.md plays and seeks in the browsers' own players.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { root } from "./support/programs.mjs";
import { openWebKit } from "./support/webkit.mjs";

/** @typedef {{ name: string, file: string, type: string | null, seconds: number, picture: boolean }} Made */

/** What an engine is known not to play, though it says that it does, and why. @type {Record<string, Record<string, string>>} */
const KNOWN = {
  chromium: { "ffmpeg-mp4-open-h264": "Chromium seeks into no open group of H.264, in ffmpeg's own files neither" },
};

/** No engine that plays less has been asked for what browsers record. */
const FEWEST = 25;

test("every dialect's files play in every engine", { timeout: 900_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-players-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await promisify(execFile)(process.env.CARGO ?? "cargo", ["test", "--package", "container", "--locked", "--test", "engine", "--", "--ignored", "files_for_players"], {
    cwd: root, env: { ...process.env, LOCALCAMERA_PLAYER_FILES: folder }, maxBuffer: 1 << 26,
  });
  /** @type {Made[]} */
  const made = JSON.parse(await readFile(join(folder, "files.json"), "utf8"));
  assert.ok(made.length > 60, `${made.length} files`);

  /** @type {[string, (t: import("node:test").TestContext) => Promise<import("./support/page.mjs").Page>][]} */
  const engines = [
    ["chromium", async (t) => (await openChromium(t, null, { tap: false })).newPage()],
    ["firefox", async (t) => (await openFirefox(t)).newPage({ tap: false })],
    ["webkit", async (t) => (await openWebKit(t)).page],
  ];
  for (const [engine, openPage] of engines) {
    await t.test(engine, async (t) => {
      const page = await openPage(t);
      let played = 0;
      for (const { name, file, type, seconds, picture } of made) {
        await t.test(name, async (t) => {
          if (type === null) return t.skip("a codec that no browser plays");
          const able = await page.evaluate((type) => document.createElement("video").canPlayType(String(type)), type);
          if (able === "") return t.skip(`${engine} says it cannot play ${type}`);
          const reason = KNOWN[engine]?.[name];
          if (reason) return t.skip(reason);
          await playsInBrowser(t, page, [file], { seconds: [seconds], picture });
          played++;
        });
      }
      assert.ok(played >= FEWEST, `${engine} played ${played} of ${made.length} files`);
    });
  }
});
