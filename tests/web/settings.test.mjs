import assert from "node:assert/strict";
import { test } from "node:test";
import { bitrate, loadSettings, parseQuery, saveSettings } from "../../web/capture/settings.js";

/** @returns a storage in memory */
function storage(text) {
  let kept = text;
  return { getItem: () => kept, setItem: (_key, value) => (kept = value) };
}

test("the query of a kiosk", () => {
  assert.deepEqual(parseQuery("?record=now&name=Lab%202&camera=FRONT&quality=1080p,high&delay=Short"), {
    recordNow: true,
    name: "Lab 2",
    facing: "front",
    height: 1080,
    quality: "high",
    delay: "short",
  });
  assert.deepEqual(parseQuery("?record=later&camera=up&quality=superb&delay=0"), {
    recordNow: false,
    name: "",
    facing: "",
    height: 0,
    quality: "",
    delay: "",
  });
  assert.equal(parseQuery("?quality=720").height, 720);
  assert.equal(parseQuery("?quality=4k").height, 2160);
  assert.equal(parseQuery("?quality=low").quality, "economy");
});

test("defaults: 720p at 2.5 Mbit/s, and what costs nothing while nobody watches", () => {
  const settings = loadSettings(null, parseQuery(""));
  assert.equal(settings.height, 720);
  assert.equal(bitrate(settings.height, settings.quality), 2_500_000);
  assert.equal(settings.delay, "normal");
});

test("choices are kept; the query goes before them; rubbish is ignored", () => {
  const kept = storage("{}");
  saveSettings(kept, { ...loadSettings(null, parseQuery("")), height: 1080, cameraId: "cam", facing: "front", delay: "short" });
  assert.equal(loadSettings(kept, parseQuery("")).height, 1080);
  assert.equal(loadSettings(kept, parseQuery("")).delay, "short");
  const asked = loadSettings(kept, parseQuery("?camera=back&quality=480p&delay=normal"));
  assert.equal(asked.delay, "normal");
  assert.equal(asked.height, 480);
  assert.equal(asked.facing, "back");
  assert.equal(asked.cameraId, "", "the kept camera is not the one asked for");
  for (const text of ["{", "null", '{"height":7,"quality":3,"facing":"up","type":1,"delay":250}']) {
    assert.deepEqual(loadSettings(storage(text), parseQuery("")), loadSettings(null, parseQuery("")));
  }
});
