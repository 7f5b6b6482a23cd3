import assert from "node:assert/strict";
import { test } from "node:test";
import { createBlobs } from "../../web/lib/recorder-blobs.js";

const blob = (...bytes) => new Blob([new Uint8Array(bytes)]);
const unreadable = { arrayBuffer: () => Promise.reject(new Error("gone")) };

/** Blobs whose bytes are kept when the test says so. */
function setUp() {
  const calls = [];
  const reasons = [];
  let keep = () => {};
  const blobs = createBlobs({
    onBytes: async (bytes, { handedMs }) => {
      calls.push([Array.from(bytes), handedMs]);
      await new Promise((resolve) => (keep = resolve));
    },
    onUnreadable: (reason) => reasons.push(String(reason)),
  });
  const comes = async (count) => {
    while (calls.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const kept = async (count) => {
    await comes(count);
    keep();
  };
  const rest = () => new Promise((resolve) => setTimeout(resolve, 10));
  return { blobs, calls, reasons, comes, kept, rest };
}

test("storage that keeps up gets each blob as it comes", async () => {
  const { blobs, calls, kept } = setUp();
  for (let at = 0; at < 3; at += 1) {
    blobs.add(blob(at), at * 250);
    await kept(at + 1);
    await blobs.settled();
  }
  assert.deepEqual(calls, [[[0], 0], [[1], 250], [[2], 500]]);
});

test("what comes during a slow flush goes together, with the time of its last bytes", async () => {
  const { blobs, calls, comes, kept, rest } = setUp();
  blobs.add(blob(0), 0);
  await comes(1);
  blobs.add(blob(1), 250);
  blobs.add(blob(2, 3), 500);
  await rest();
  assert.equal(calls.length, 1, "the next bytes wait until the first are kept");
  await kept(1);
  await comes(2);
  blobs.add(blob(4), 750);
  await kept(2);
  await kept(3);
  await blobs.settled();
  assert.deepEqual(calls, [[[0], 0], [[1, 2, 3], 500], [[4], 750]]);
});

test("no more goes together than a second brings, however long storage stood still", async () => {
  const { blobs, calls, comes, kept } = setUp();
  blobs.add(blob(0), 0);
  await comes(1);
  for (let at = 1; at <= 9; at += 1) blobs.add(blob(at), at * 250);
  for (let call = 1; call <= 4; call += 1) await kept(call);
  await blobs.settled();
  assert.deepEqual(calls, [[[0], 0], [[1, 2, 3, 4], 1000], [[5, 6, 7, 8], 2000], [[9], 2250]]);
});

test("blobs of a second each stay apart", async () => {
  const { blobs, calls, comes, kept } = setUp();
  blobs.add(blob(0), 0);
  await comes(1);
  blobs.add(blob(1), 1000);
  blobs.add(blob(2), 2000);
  for (let call = 1; call <= 3; call += 1) await kept(call);
  await blobs.settled();
  assert.deepEqual(calls.map(([bytes]) => bytes), [[0], [1], [2]]);
});

test("what was gathered before an unreadable blob is kept, and nothing behind it", async () => {
  const { blobs, calls, reasons, comes, kept, rest } = setUp();
  blobs.add(blob(0), 0);
  await comes(1);
  blobs.add(blob(1), 250);
  blobs.add(unreadable, 500);
  blobs.add(blob(3), 750);
  await kept(1);
  await comes(2);
  assert.deepEqual(reasons, [], "it is told when what came before it is kept");
  await kept(2);
  await blobs.settled();
  blobs.add(blob(4), 5000);
  await blobs.settled();
  await rest();
  assert.deepEqual(calls, [[[0], 0], [[1], 250]]);
  assert.deepEqual(reasons, ["Error: gone"]);
});

test("who keeps the bytes and fails gets no more of them", async () => {
  let calls = 0;
  const blobs = createBlobs({
    onBytes: async () => {
      calls += 1;
      throw new Error("refused");
    },
    onUnreadable: () => assert.fail("it was read"),
  });
  blobs.add(blob(0), 0);
  const settled = blobs.settled();
  blobs.add(blob(1), 2000);
  await assert.rejects(settled, /refused/);
  blobs.add(blob(2), 4000);
  await assert.rejects(blobs.settled(), /refused/);
  assert.equal(calls, 1);
});
