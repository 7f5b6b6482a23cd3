// Files made of every kind of stream that browsers record play and seek in Chromium, Firefox and WebKit.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { judge } from "../judge/judge.mjs";
import { openChromium } from "./support/chromium.mjs";
import { openFirefox } from "./support/firefox.mjs";
import { playsInBrowser } from "./support/playback.mjs";
import { root } from "./support/programs.mjs";
import { publish } from "./support/raw.mjs";
import { startServer } from "./support/server.mjs";
import { openWebKit } from "./support/webkit.mjs";

const SEGMENT_SECONDS = 6;
const captures = join(root, "tests", "captures");

/** What a finished file of a capture is, in the words of `canPlayType`. */
const TYPES = new Map([
  ["chromium-webm-vp8-opus", 'video/webm; codecs="vp8, opus"'],
  ["chromium-webm-vp8-opus-default-gop", 'video/webm; codecs="vp8, opus"'],
  ["chromium-webm-vp8-opus-resized", 'video/webm; codecs="vp8, opus"'],
  ["chromium-webm-vp8-video-only", 'video/webm; codecs="vp8"'],
  ["chromium-webm-vp9-opus", 'video/webm; codecs="vp9, opus"'],
  ["chromium-webm-av1-opus", 'video/webm; codecs="av01.0.00M.08, opus"'],
  ["chromium-webm-opus-audio-only", 'audio/webm; codecs="opus"'],
  ["chromium-mkv-h264-opus", 'video/mp4; codecs="avc1.42C015, opus"'],
  ["chromium-mp4-h264-opus", 'video/mp4; codecs="avc1.42C015, opus"'],
  ["chromium-mp4-vp9-opus", 'video/mp4; codecs="vp09.00.10.08, opus"'],
  ["firefox-webm-vp8-opus", 'video/webm; codecs="vp8, opus"'],
  ["webkit-mp4-h264-aac", 'video/mp4; codecs="avc1.4D402A, mp4a.40.2"'],
  ["webkit-mp4-h264-aac-stopped", 'video/mp4; codecs="avc1.4D402A, mp4a.40.2"'],
]);

test("every capture plays in every engine", { timeout: 600_000 }, async (t) => {
  const server = await startServer(t, { segmentSeconds: SEGMENT_SECONDS });
  /** @type {Map<string, { files: string[], seconds: (number | undefined)[], picture: boolean }>} */
  const made = new Map();

  await t.test("published to the raw port, they are cut into sound files", async (t) => {
    const names = (await readdir(captures)).filter((name) => name.endsWith(".bin")).map((name) => basename(name, ".bin"));
    assert.deepEqual(names.filter((name) => !TYPES.has(name)), [], "captures that this test does not know");
    for (const name of names) {
      await t.test(name, async () => {
        const original = join(captures, `${name}.bin`);
        const { chunk_bytes: chunks } = JSON.parse(await readFile(join(captures, `${name}.json`), "utf8"));
        const session = await publish(server, await readFile(original), chunks);
        const files = [...session.generations.values()].flat();
        const verdict = await judge(original, files, { segmentSeconds: SEGMENT_SECONDS });
        made.set(name, { files, seconds: verdict.segments.map((segment) => segment.seconds), picture: verdict.videoPackets > 0 });
        assert.deepEqual(verdict.violations, [], files.join(" "));
      });
    }
  });

  /** @type {[string, (t: import("node:test").TestContext) => Promise<import("./support/page.mjs").Page>][]} */
  const engines = [
    ["Chromium", async (t) => (await openChromium(t, null, { tap: false })).newPage()],
    ["Firefox", async (t) => (await openFirefox(t)).newPage({ tap: false })],
    ["WebKit", async (t) => (await openWebKit(t)).page],
  ];
  for (const [engine, openPage] of engines) {
    await t.test(engine, async (t) => {
      const page = await openPage(t);
      for (const [name, { files, seconds, picture }] of made) {
        await t.test(name, async (t) => {
          const able = await page.evaluate((type) => document.createElement("video").canPlayType(String(type)), TYPES.get(name));
          if (able === "") return t.skip(`${engine} says it cannot play ${TYPES.get(name)}`);
          await playsInBrowser(t, page, files, { seconds, picture });
        });
      }
    });
  }
  await server.stop();
});
