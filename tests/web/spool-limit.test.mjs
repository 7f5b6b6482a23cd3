import assert from "node:assert/strict";
import { test } from "node:test";
import { createLimit, isFull, SpoolFullError, UNKNOWN_QUOTA_LIMIT_BYTES } from "../../web/lib/spool-limit.js";

const MIB = 1024 * 1024;

test("knows what browsers say when there is no room", () => {
  for (const error of [
    new DOMException("x", "QuotaExceededError"),
    Object.assign(new Error("x"), { name: "NS_ERROR_DOM_QUOTA_REACHED" }),
    Object.assign(new Error("x"), { name: "NS_ERROR_FILE_NO_DEVICE_SPACE" }),
    new DOMException("Attempt to write failed: disk is full", "UnknownError"),
    new DOMException("Failed to write blobs (IOError)", "DataError"),
    new SpoolFullError(1),
  ]) {
    assert.ok(isFull(error), String(error));
  }
  for (const error of [new Error("full"), new DOMException("Connection to Indexed Database server lost", "UnknownError"), null, "full"]) {
    assert.ok(!isFull(error), String(error));
  }
});

test("leaves a fifth of a small quota and 100 MiB of a large one unused", async () => {
  const of = async (estimate) => {
    const limit = createLimit({ estimate: async () => estimate });
    await limit.refresh();
    return limit.bytes(0);
  };
  assert.equal(await of({ quota: 100 * MIB, usage: 10 * MIB }), 70 * MIB);
  assert.equal(await of({ quota: 10_000 * MIB, usage: 10 * MIB }), 9890 * MIB);
  assert.equal(await of({ quota: 100 * MIB, usage: 99 * MIB }), 0);
  assert.equal(createLimit({}).bytes(0), UNKNOWN_QUOTA_LIMIT_BYTES);
  assert.equal(await of({}), UNKNOWN_QUOTA_LIMIT_BYTES);
});

test("counts what is stored between two questions, and asks again as time goes", async () => {
  let now = 0;
  let asked = 0;
  const limit = createLimit({
    now: () => now,
    estimate: async () => {
      asked += 1;
      return { quota: 1000, usage: 300 };
    },
  });
  await limit.refresh();
  assert.ok(limit.fits(500) && !limit.fits(501));
  limit.took(400);
  assert.ok(limit.fits(100) && !limit.fits(101));
  assert.equal(limit.bytes(400), 500);
  limit.gave(50);
  assert.ok(limit.fits(150));
  await limit.refreshSoon();
  assert.equal(asked, 1, "it was asked a moment ago");
  now = 1000;
  await limit.refreshSoon();
  assert.equal(asked, 2);
  now = 11_001;
  limit.took(1);
  await new Promise(setImmediate);
  assert.equal(asked, 3, "the disk fills for other reasons, too");
  assert.ok(limit.fits(500));
});

test("what the browser refused is told, until it takes more again", async () => {
  const limit = createLimit({ estimate: async () => ({ quota: 10_000 * MIB, usage: 0 }) });
  await limit.refresh();
  limit.took(500);
  limit.refused();
  assert.equal(limit.bytes(400), 400);
  assert.ok(limit.fits(1), "there may be room again: the browser is asked");
  limit.gave(300);
  assert.equal(limit.bytes(100), 400);
  limit.took(300);
  assert.equal(limit.bytes(400), 400);
  limit.took(1);
  assert.equal(limit.bytes(400), 400 + 9900 * MIB - 501);
});

test("a guess is told apart from what the browser said, or refused", async () => {
  const isKnown = async (options) => {
    const limit = createLimit(options);
    await limit.refresh();
    return limit.isKnown;
  };
  assert.equal(await isKnown({}), false);
  assert.equal(await isKnown({ estimate: async () => ({}) }), false);
  assert.equal(await isKnown({ estimate: async () => ({ quota: 5, usage: 1 }) }), true);
  assert.equal(await isKnown({ fixedBytes: 5 }), true);
  const refused = createLimit({});
  refused.refused();
  assert.equal(refused.isKnown, true, "there is none");
});

test("a browser that does not answer changes nothing", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const limit = createLimit({ estimate: () => new Promise(() => {}) });
  const refreshed = limit.refresh();
  t.mock.timers.tick(2000);
  await refreshed;
  assert.equal(limit.bytes(0), UNKNOWN_QUOTA_LIMIT_BYTES);
});
