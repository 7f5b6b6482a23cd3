import assert from "node:assert/strict";
import { test } from "node:test";
import { createClusters } from "../../web/live/clusters.js";

const size = (length) => [0x40 | (length >> 8), length & 0xff];
const element = (id, content) => [...id, ...size(content.length), ...content];
const block = (track, ms, text) => [0x80 | track, (ms >> 8) & 0xff, ms & 0xff, 0x80, ...Buffer.from(text)];
const simple = (...of) => element([0xa3], block(...of));
const group = (...of) => element([0xa0], element([0xa1], block(...of)));
const cluster = (timeMs, ...children) => element([0x1f, 0x43, 0xb6, 0x75], [...element([0xe7], [timeMs >> 16, (timeMs >> 8) & 0xff, timeMs & 0xff]), ...children.flat()]);
const buffer = (...bytes) => Uint8Array.from(bytes.flat()).buffer;
const open = (timeMs) => [0x1f, 0x43, 0xb6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 255, 0xe7, 0x84, 0, timeMs >> 16, (timeMs >> 8) & 0xff, timeMs & 0xff];
const same = (actual, ...expected) => assert.deepEqual(Array.from(new Uint8Array(actual)), expected.flat());

test("a group of pictures is one cluster, which each fragment goes on with", () => {
  const clusters = createClusters();
  same(clusters.next(buffer(cluster(70_000, simple(2, 0, "key"), simple(1, 60, "sound"))), true), open(70_000), simple(2, 0, "key"), simple(1, 60, "sound"));
  same(clusters.next(buffer(cluster(70_940, simple(1, 0, "s"), simple(2, 5, "p")), cluster(71_400, group(2, -10, "q"))), false), simple(1, 940, "s"), simple(2, 945, "p"), group(2, 1390, "q"));
  same(clusters.next(buffer(cluster(72_000, simple(2, 0, "key"))), true), open(72_000), simple(2, 0, "key"));
});

test("the fragment itself stays as it came", () => {
  const clusters = createClusters();
  clusters.next(buffer(cluster(0, simple(2, 0, "key"))), true);
  const bytes = buffer(cluster(500, simple(2, 0, "p")));
  const before = Array.from(new Uint8Array(bytes));
  clusters.next(bytes, false);
  same(bytes, before);
});

test("a long group of pictures has more clusters: a block's time has 16 bits", () => {
  const clusters = createClusters();
  clusters.next(buffer(cluster(1000, simple(2, 0, "key"))), true);
  same(clusters.next(buffer(cluster(17_500, simple(2, 0, "p"))), false), open(17_500), simple(2, 0, "p"));
});

test("what is no whole cluster passes as it is, and the next cluster begins anew", () => {
  const clusters = createClusters();
  clusters.next(buffer(cluster(0, simple(2, 0, "key"))), true);
  for (const odd of [buffer([1, 2, 3]), buffer(simple(2, 0, "open")), buffer(open(5), simple(2, 0, "open")), buffer(cluster(1, simple(2, 0, "x")).slice(0, -1))]) {
    assert.equal(clusters.next(odd, false), odd);
  }
  same(clusters.next(buffer(cluster(900, simple(2, 0, "p"))), false), open(900), simple(2, 0, "p"));
});
