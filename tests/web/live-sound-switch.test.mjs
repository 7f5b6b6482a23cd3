import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { soundSwitch } from "../../web/live/sound-switch.js";

test("sound that is on can be turned off, also while there is none", () => {
  assert.equal(soundSwitch({ hasSound: true, isMuted: true }), "off");
  assert.equal(soundSwitch({ hasSound: false, isMuted: true }), "none");
  for (const hasSound of [true, false]) assert.equal(soundSwitch({ hasSound, isMuted: false }), "on");
});

test("a frame at rest keeps its buttons within the keyboard's reach", async () => {
  const css = await readFile(new URL("../../web/embed.css", import.meta.url), "utf8");
  assert.doesNotMatch(css, /visibility:\s*hidden/);
});
