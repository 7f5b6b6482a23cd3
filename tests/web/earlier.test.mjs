import assert from "node:assert/strict";
import { test } from "node:test";
import { delivered, joined } from "../../web/capture/delivered.js";
import { earlierOf } from "../../web/capture/earlier-panel.js";
import { formatWhen } from "../../web/capture/when.js";

const NOW = new Date(2026, 10, 20, 14, 5, 9).getTime();

test("a time of today stands alone, an earlier one has its day, one of another year its year", () => {
  assert.equal(formatWhen(new Date(2026, 10, 20, 8, 31, 59).getTime(), NOW, "en"), "08:31");
  assert.equal(formatWhen(new Date(2026, 10, 19, 8, 31).getTime(), NOW, "en"), "19 Nov, 08:31");
  assert.match(formatWhen(new Date(2025, 10, 19, 8, 31).getTime(), NOW, "en"), /^19 Nov 2025, 08:31$/);
  assert.equal(formatWhen(new Date(2026, 10, 19, 8, 31).getTime(), NOW, "zh-Hans"), "11月19日 08:31");
});

const file = (name) => ({ file: name, url: `/api/sessions/s/files/${name}`, generation: 0, start_ms: 0, duration_ms: 0, bytes: 0 });

test("links lead to the server that has the files", () => {
  const { files } = delivered({ session: "s", folder: "f", files: [file("a.webm"), { ...file("b.webm"), url: "http://[" }] }, "https://10.0.0.2:5001");
  assert.equal(files[0].url, "https://10.0.0.2:5001/api/sessions/s/files/a.webm");
  assert.equal(files[1].url, "http://[", "what is no address stays what it is");
});

test("several recordings are one list", () => {
  const one = { session: "1", folder: "f1", files: [file("a"), file("b")] };
  const two = { session: "2", folder: "f1", files: [file("c")] };
  const three = { session: "3", folder: "f3", files: [] };
  const all = joined([one, two, three]);
  assert.deepEqual(all.files.map((each) => each.file), ["a", "b", "c"]);
  assert.equal(all.folder, "f1, f3");
});

test("what is on its way, for the truth line", () => {
  const left = { startedMs: new Date(2026, 10, 20, 8, 31).getTime() };
  const underway = { left, link: "up", problem: "", waitingBytes: 5, wholeBytes: 9 };
  assert.equal(earlierOf({ underway: null, behind: 1, behindBytes: 3, arrived: [] }, NOW, "en"), null);
  assert.deepEqual(earlierOf({ underway, behind: 1, behindBytes: 3, arrived: [] }, NOW, "en"), {
    when: "08:31",
    linked: true,
    isRefused: false,
    waitingBytes: 5,
    wholeBytes: 9,
    behind: 1,
    behindBytes: 3,
  });
  for (const more of [{ link: "down" }, { problem: "disk full" }]) {
    assert.equal(earlierOf({ underway: { ...underway, ...more }, behind: 0, behindBytes: 0, arrived: [] }, NOW, "en").linked, false);
  }
});
