import assert from "node:assert/strict";
import { test } from "node:test";
import { confirmed } from "../../web/devices/confirmed.js";

function fixture(...recording) {
  const about = { recording, asked: [], gone: [], yes: () => {} };
  const named = (devices) => devices.map(({ device }) => device);
  confirmed({
    meant: () => about.recording.map((device) => ({ device })),
    ask(devices, yes) {
      about.asked.push(named(devices));
      about.yes = yes;
    },
    go: (devices) => about.gone.push(named(devices)),
  });
  return about;
}

test("those that were named are stopped", () => {
  const about = fixture("a", "b");
  about.yes();
  assert.deepEqual([about.asked, about.gone], [[["a", "b"]], [["a", "b"]]]);
});

test("who has begun to record while the question stood is asked about anew", () => {
  const about = fixture("a", "b");
  about.recording = ["a", "b", "c"];
  about.yes();
  assert.deepEqual([about.asked, about.gone], [[["a", "b"], ["a", "b", "c"]], []]);
  about.yes();
  assert.deepEqual(about.gone, [["a", "b", "c"]]);
});

test("who has stopped in the meantime changes nothing, and nobody at all is nothing to do", () => {
  const about = fixture("a", "b");
  about.recording = ["b"];
  about.yes();
  assert.deepEqual([about.asked.length, about.gone], [1, [["b"]]]);
  const gone = fixture("a");
  gone.recording = [];
  gone.yes();
  assert.deepEqual(gone.gone, []);
  assert.deepEqual(fixture().asked, []);
});
