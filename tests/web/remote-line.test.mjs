import assert from "node:assert/strict";
import { test } from "node:test";
import { createLine } from "../../web/capture/remote-line.js";
import { formatClock } from "../../web/lib/format.js";

test("a mark that was allowed later is of the moment it was asked for, and is shown from the answer on", () => {
  const line = createLine();
  const askedMs = Date.UTC(2026, 4, 1, 12, 0, 0);
  const allowedMs = askedMs + 40_000;
  line.did({ do: "mark", from: "192.168.1.7", ofMs: askedMs, atMs: allowedMs, session: "s-1" });
  assert.equal(line.sentence("s-1", allowedMs + 9000).values.time, formatClock(askedMs));
  assert.equal(line.sentence("s-1", allowedMs + 10_000), null);
});

test("what says no other moment is of now", () => {
  const line = createLine();
  line.did({ do: "start", from: "192.168.1.7", atMs: 5000, session: "s-1" });
  assert.equal(line.sentence("s-1", 60_000).values.time, formatClock(5000));
});
