import assert from "node:assert/strict";
import { test } from "node:test";
import { bringIntoView, distance } from "../../web/lib/into-view.js";

const FRAME = { top: 100, bottom: 600 };

test("what is seen whole stays where it is, what is not comes with a margin", () => {
  assert.equal(distance({ top: 300, bottom: 400 }, FRAME), 0);
  assert.equal(distance({ top: 596, bottom: 714 }, FRAME), 130, "beneath the end");
  assert.equal(distance({ top: 550, bottom: 590 }, FRAME), 6, "at the very end");
  assert.equal(distance({ top: 20, bottom: 90 }, FRAME), -96, "above the beginning");
  assert.equal(distance({ top: 700, bottom: 1500 }, FRAME), 584, "what is too high begins at the top");
  assert.equal(distance({ top: 116, bottom: 916 }, FRAME), 0, "and stays there");
});

test("only the frame is scrolled", () => {
  const box = (span) => ({ getBoundingClientRect: () => span, scrollTop: 50 });
  const [what, frame] = [box({ top: 596, bottom: 714 }), box(FRAME)];
  bringIntoView(what, frame);
  assert.deepEqual([frame.scrollTop, what.scrollTop], [180, 50]);
});
