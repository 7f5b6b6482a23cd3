// The device's spool in real browsers: what was appended is there after a reload, a closed page and a killed browser;
// two pages never have the same session; storage is freed; a full device is told of and recovers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chromiumEngine, firefoxEngine, newProfile, startPages } from "./support/spool-pages.mjs";
import { until } from "./support/until.mjs";
import { openWebKit } from "./support/webkit.mjs";

const MIB = 1024 * 1024;
const ENGINES = [chromiumEngine, firefoxEngine];
const KINDS = ["opfs", "indexeddb"];

/**
 * Runs in the page: what the steps below share. Bytes tell where they belong.
 * @param {{ kinds?: string[], limitBytes?: number }} options
 */
async function openSpool({ kinds, limitBytes }) {
  const scope = /** @type {any} */ (globalThis);
  // @ts-ignore: served by the test.
  const { openStore } = await import("/web/lib/spool.js");
  scope.store = await openStore(scope, { ...(kinds ? { kinds } : {}), ...(limitBytes ? { limitBytes } : {}) });
  scope.pattern = (/** @type {number} */ position, /** @type {number} */ length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) {
      // No browser may find it worth compressing.
      const mixed = Math.imul((position + at) ^ ((position + at) >>> 15) ^ 0x5bd1e995, 0x2c1b3c6d);
      bytes[at] = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 24;
    }
    return bytes;
  };
  scope.lengthOf = (/** @type {number} */ round) => 1000 + ((round * 77_777) % 400_000);
  /** The first wrong byte of everything that a generation holds, or -1. */
  scope.wrongByte = async (/** @type {any} */ spool, /** @type {number} */ generation) => {
    const range = spool.holds().find((/** @type {any} */ one) => one.generation === generation);
    for (let position = range ? range.first : 0; range && position < range.end; ) {
      const bytes = await spool.read(generation, position, 65_536);
      if (bytes.length === 0 || bytes.length > 65_536) return position;
      const wanted = scope.pattern(position, bytes.length);
      const wrong = bytes.findIndex((/** @type {number} */ byte, /** @type {number} */ at) => byte !== wanted[at]);
      if (wrong >= 0) return position + wrong;
      position += bytes.length;
    }
    return -1;
  };
  return scope.store.kind;
}

/** Runs in the page: appends without end, and tells the test after each how far it has come. @param {string} session */
async function appendForever(session) {
  const scope = /** @type {any} */ (globalThis);
  scope.spool = await scope.store.create(session);
  await scope.spool.note({ type: "session", session });
  void (async () => {
    for (let position = 0, round = 0; ; round += 1) {
      const length = scope.lengthOf(round);
      await scope.spool.append(0, scope.pattern(position, length));
      position += length;
      // What is told had resolved before; nothing waits for the answer, so that the end comes in the middle of an append.
      void fetch(`/told/${session}?value=${position}`, { method: "POST" });
      if (round % 5 === 0) await scope.spool.note({ type: "alive", position });
    }
  })();
}

/** Runs in the page. @param {string} session */
async function inspect(session) {
  const scope = /** @type {any} */ (globalThis);
  const [left] = (await scope.store.sessions()).filter((/** @type {any} */ one) => one.session === session);
  const spool = await scope.store.adopt(session);
  if (!spool) return { left, entries: 0, first: 0, end: 0, wrong: 0, isWhole: false, adopted: false };
  const [range = { first: 0, end: 0 }] = spool.holds();
  const wrong = await scope.wrongByte(spool, 0);
  let whole = 0;
  for (let round = 0; whole < range.end; round += 1) whole += scope.lengthOf(round);
  const entries = spool.entries().length;
  await spool.release();
  return { left, entries, first: range.first, end: range.end, wrong, isWhole: whole === range.end, adopted: true };
}

for (const engine of ENGINES) {
  for (const kind of KINDS) {
    test(`${engine.name}, ${kind}: killed while it appends, a browser keeps everything that had resolved`, { timeout: 180_000 }, async (t) => {
      const pages = await startPages(t);
      const profile = await newProfile(t);
      for (let round = 0; round < 2; round += 1) {
        const session = `killed-${kind}-${round}`;
        const browser = await engine.launch(profile);
        const tab = await browser.newTab(pages.url);
        assert.equal(await tab.evaluate(openSpool, { kinds: [kind] }), kind);
        await tab.evaluate(appendForever, session);
        await until("some MiB on the device", () => pages.told(session) > (round + 1) * 3 * MIB, { within: 60_000 });
        await browser.kill();
        const told = pages.told(session);

        const again = await engine.launch(profile);
        const second = await again.newTab(pages.url);
        await second.evaluate(openSpool, { kinds: [kind] });
        const found = await second.evaluate(inspect, session);
        assert.ok(found.adopted, JSON.stringify(found));
        assert.equal(found.wrong, -1, JSON.stringify(found));
        assert.equal(found.first, 0);
        assert.ok(found.end >= told, `${found.end} of ${told} bytes are there`);
        assert.ok(found.isWhole && found.entries >= 2, JSON.stringify(found));
        assert.ok(found.left.bytes >= found.end && found.left.busy === false, JSON.stringify(found.left));
        t.diagnostic(`${found.end - told} bytes more than had resolved and been told`);
        await again.kill();
      }
    });

    test(`${engine.name}, ${kind}: a page that is reloaded or closed while it appends keeps everything that had resolved`, { timeout: 180_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await engine.launch(await newProfile(t));
      const reloaded = await browser.newTab(pages.url);
      await reloaded.evaluate(openSpool, { kinds: [kind] });
      await reloaded.evaluate(appendForever, "reloaded-a");
      await until("some MiB on the device", () => pages.told("reloaded-a") > 2 * MIB, { within: 60_000 });
      await reloaded.reload();
      await reloaded.evaluate(openSpool, { kinds: [kind] });
      const one = await reloaded.evaluate(inspect, "reloaded-a");
      assert.ok(one.adopted && one.left, "the page that was reloaded has its session back");
      assert.equal(one.left.busy, false);
      assert.equal(one.wrong, -1);
      assert.ok(one.isWhole, JSON.stringify(one));
      assert.ok(one.end >= pages.told("reloaded-a"));

      const closed = await browser.newTab(pages.url);
      await closed.evaluate(openSpool, { kinds: [kind] });
      await closed.evaluate(appendForever, "closed-b");
      await until("some MiB on the device", () => pages.told("closed-b") > 2 * MIB, { within: 60_000 });
      const meanwhile = await reloaded.evaluate(inspect, "closed-b");
      assert.equal(meanwhile.adopted, false, "a second page took the session of the first");
      assert.equal(meanwhile.left.busy, true);
      await closed.close();
      const other = await reloaded.evaluate(inspect, "closed-b");
      assert.ok(other.adopted, "the session of a closed page stays locked");
      assert.equal(other.wrong, -1);
      assert.ok(other.end >= pages.told("closed-b"));
      await browser.close();
    });

    test(`${engine.name}, ${kind}: of two pages that want the same leftovers at once, one gets them`, { timeout: 120_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await engine.launch(await newProfile(t));
      const tabs = [await browser.newTab(pages.url), await browser.newTab(pages.url)];
      for (const tab of tabs) await tab.evaluate(openSpool, { kinds: [kind] });
      await tabs[0]?.evaluate(async () => {
        const scope = /** @type {any} */ (globalThis);
        const spool = await scope.store.create("wanted-session");
        await spool.note({ type: "session" });
        await spool.append(0, scope.pattern(0, 1000));
        await spool.release();
      });
      const adopted = await Promise.all(
        tabs.map((tab) =>
          tab.evaluate(async () => {
            const scope = /** @type {any} */ (globalThis);
            const spool = await scope.store.adopt("wanted-session");
            return spool === null ? null : spool.holds();
          }),
        ),
      );
      const whole = JSON.stringify([{ generation: 0, first: 0, end: 1000 }]);
      assert.deepEqual(adopted.map((holds) => JSON.stringify(holds)).sort(), [whole, "null"].sort());
      await browser.close();
    });

    test(`${engine.name}, ${kind}: where Web Locks are missing the storage says whose a session is`, { timeout: 120_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await engine.launch(await newProfile(t));
      const tab = await browser.newTab(pages.url);
      await tab.evaluate(openSpool, { kinds: [kind] });
      const facts = await tab.evaluate(async (wanted) => {
        const scope = /** @type {any} */ (globalThis);
        // @ts-ignore: served by the test.
        const { openStore } = await import("/web/lib/spool.js");
        const visit = async () => {
          /** @type {((event: object) => void)[]} */
          const listeners = [];
          const page = {
            navigator: { storage: navigator.storage },
            indexedDB,
            addEventListener: (/** @type {string} */ _type, /** @type {(event: object) => void} */ listener) => listeners.push(listener),
          };
          const store = await openStore(page, { kinds: [wanted] });
          return { store, end: () => listeners.forEach((listener) => listener({ persisted: true })) };
        };
        const [one, other] = [await visit(), await visit()];
        const spool = await one.store.create("lockless-session");
        await spool.note({ type: "session" });
        await spool.append(0, scope.pattern(0, 1000));
        const [left] = await other.store.sessions();
        const refused = await other.store.adopt("lockless-session");
        // The first ends without a word, and time goes by.
        one.end();
        const now = Date.now;
        Date.now = () => now() + 11_000;
        const adopted = await other.store.adopt("lockless-session");
        const holds = adopted && adopted.holds();
        const late = await spool.append(0, scope.pattern(1000, 1)).then(() => "appended", String);
        /** @type {string} */
        let frozen = "";
        if (wanted === "indexeddb") {
          // A page that was frozen, and not ended: what it has does not go to two.
          Date.now = () => now() + 30_000;
          const third = await visit();
          await third.store.adopt("lockless-session");
          frozen = await adopted.append(0, scope.pattern(1000, 1)).then(() => "appended", String);
        }
        return { busy: left.busy, refused, holds, late, frozen };
      }, kind);
      assert.equal(facts.busy, true);
      assert.equal(facts.refused, null);
      assert.deepEqual(facts.holds, [{ generation: 0, first: 0, end: 1000 }]);
      assert.match(facts.late, /put aside/);
      if (kind === "indexeddb") assert.match(facts.frozen, /another page/);
      await browser.close();
    });

    test(`${engine.name}, ${kind}: what is forgotten is freed, what is discarded is gone`, { timeout: 120_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await engine.launch(await newProfile(t));
      const tab = await browser.newTab(pages.url);
      await tab.evaluate(openSpool, { kinds: [kind] });
      const facts = await tab.evaluate(async (MIB) => {
        const scope = /** @type {any} */ (globalThis);
        const spool = await scope.store.create("forgetful");
        for (let position = 0; position < 40 * MIB; position += MIB) await spool.append(0, scope.pattern(position, MIB));
        await spool.append(1, scope.pattern(0, 1000));
        const below = 33 * MIB + 17;
        await spool.forget(0, below);
        const bytes = async () => (await scope.store.sessions()).find((/** @type {any} */ one) => one.session === "forgetful");
        await spool.note({ type: "alive" });
        await spool.release();
        /** @type {any} */
        const left = await bytes();
        const again = await scope.store.adopt("forgetful");
        const holds = again.holds();
        const wrong = await scope.wrongByte(again, 0);
        await again.forget(0, 40 * MIB);
        await again.note({ type: "alive" });
        await again.append(0, scope.pattern(40 * MIB, 10));
        await again.release();
        const third = await scope.store.adopt("forgetful");
        const later = third.holds();
        const wrongLater = await scope.wrongByte(third, 0);
        await third.discard();
        return { below, left, holds, wrong, later, wrongLater, gone: await scope.store.sessions(), again: await scope.store.adopt("forgetful") };
      }, MIB);
      assert.ok(facts.left.bytes < 12 * MIB, `${facts.left.bytes} bytes are still there`);
      assert.equal(facts.holds[0].generation, 0);
      assert.ok(facts.holds[0].first <= facts.below && facts.holds[0].first > facts.below - 6 * MIB, JSON.stringify(facts.holds));
      assert.equal(facts.holds[0].end, 40 * MIB);
      assert.deepEqual(facts.holds[1], { generation: 1, first: 0, end: 1000 });
      assert.equal(facts.wrong, -1);
      assert.ok(facts.later[0].first >= facts.holds[0].first && facts.later[0].first <= 40 * MIB);
      assert.equal(facts.later[0].end, 40 * MIB + 10, "its length outlives its bytes");
      assert.equal(facts.wrongLater, -1);
      assert.deepEqual(facts.gone, []);
      assert.equal(facts.again, null);
      await browser.close();
    });

    test(`${engine.name}, ${kind}: how fast`, { timeout: 120_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await engine.launch(await newProfile(t));
      const tab = await browser.newTab(pages.url);
      await tab.evaluate(openSpool, { kinds: [kind] });
      const facts = await tab.evaluate(async () => {
        const scope = /** @type {any} */ (globalThis);
        const spool = await scope.store.create("measured");
        // A second of video at 2.5 Mbit/s.
        const chunk = scope.pattern(0, 312_500);
        const took = [];
        for (let at = 0; at < 200; at += 1) {
          const began = performance.now();
          await spool.append(0, chunk);
          took.push(performance.now() - began);
        }
        took.sort((one, other) => one - other);
        await spool.release();
        const adopting = performance.now();
        const again = await scope.store.adopt("measured");
        const adoptMs = performance.now() - adopting;
        const [{ end }] = again.holds();
        const reading = performance.now();
        for (let position = 0; position < end; ) position += (await again.read(0, position, 65_536)).length;
        const readMs = performance.now() - reading;
        await again.discard();
        return { medianMs: took[100] ?? 0, p99Ms: took[197] ?? 0, adoptMs, megabytesPerSecond: end / 1000 / readMs };
      });
      t.diagnostic(`append ${facts.medianMs.toFixed(1)} ms, p99 ${facts.p99Ms.toFixed(1)} ms; adopt ${facts.adoptMs.toFixed(0)} ms; catching up ${facts.megabytesPerSecond.toFixed(0)} MB/s`);
      // Catching up is to be faster than any camera and most networks; loaded machines are slow.
      assert.ok(facts.megabytesPerSecond > 12, `${facts.megabytesPerSecond} MB/s`);
      await browser.close();
    });
  }

  test(`${engine.name}, indexeddb: what was refused and is there all the same does not stand before what follows`, { timeout: 120_000 }, async (t) => {
    const pages = await startPages(t);
    const browser = await engine.launch(await newProfile(t));
    const tab = await browser.newTab(pages.url);
    await tab.evaluate(openSpool, { kinds: ["indexeddb"] });
    const facts = await tab.evaluate(async () => {
      const scope = /** @type {any} */ (globalThis);
      const spool = await scope.store.create("refused-session");
      await spool.append(0, scope.pattern(0, 1000));
      await new Promise((resolve, reject) => {
        const opening = indexedDB.open("localcamera");
        opening.onsuccess = () => {
          const writing = opening.result.transaction("media", "readwrite");
          writing.objectStore("media").put(new Uint8Array(5000), ["refused-session", 0, 1000, 6000]);
          writing.oncomplete = resolve;
          writing.onabort = reject;
        };
      });
      await spool.append(0, scope.pattern(1000, 2000));
      await spool.append(0, scope.pattern(3000, 10));
      await spool.release();
      const again = await scope.store.adopt("refused-session");
      return { holds: again.holds(), wrong: await scope.wrongByte(again, 0) };
    });
    assert.deepEqual(facts, { holds: [{ generation: 0, first: 0, end: 3010 }], wrong: -1 });
    await browser.close();
  });

  test(`${engine.name}: the best kind is chosen by itself, and memory is the last resort`, { timeout: 120_000 }, async (t) => {
    const pages = await startPages(t);
    const browser = await engine.launch(await newProfile(t));
    const tab = await browser.newTab(pages.url);
    // A session that an older version of the browser could only keep in IndexedDB.
    await tab.evaluate(openSpool, { kinds: ["indexeddb"] });
    await tab.evaluate(async () => {
      const scope = /** @type {any} */ (globalThis);
      const spool = await scope.store.create("of-old");
      await spool.note({ type: "session" });
      await spool.append(0, scope.pattern(0, 5000));
      await spool.release();
    });
    await tab.reload();
    assert.equal(await tab.evaluate(openSpool, {}), "opfs");
    const old = await tab.evaluate(inspect, "of-old");
    assert.ok(old.adopted && old.end === 5000 && old.wrong === -1, JSON.stringify(old));
    const estimate = await tab.evaluate(() => /** @type {any} */ (globalThis).store.estimate());
    assert.ok(estimate.quotaBytes > 100 * MIB && estimate.usedBytes > 0, JSON.stringify(estimate));

    const other = await browser.newTab(pages.url);
    assert.equal(await other.evaluate(openSpool, { kinds: ["memory"] }), "memory");
    const facts = await other.evaluate(async () => {
      const scope = /** @type {any} */ (globalThis);
      const spool = await scope.store.create("of-memory");
      await spool.append(0, scope.pattern(0, 5000));
      await spool.append(0, scope.pattern(5000, 5000));
      await spool.forget(0, 6000);
      return {
        lasting: scope.store.lasting,
        limit: spool.limitBytes,
        holds: spool.holds(),
        wrong: await scope.wrongByte(spool, 0),
        sessions: await scope.store.sessions(),
      };
    });
    assert.deepEqual(facts, { lasting: false, limit: 256 * MIB, holds: [{ generation: 0, first: 6000, end: 10_000 }], wrong: -1, sessions: [] });
    await browser.close();
  });
}

/** Runs in the page: appends until it is full, makes room, goes on. @param {number} chunk */
async function fillAndRecover(chunk) {
  const scope = /** @type {any} */ (globalThis);
  const spool = await scope.store.create("full-session");
  await spool.note({ type: "session" });
  let position = 0;
  let error = null;
  for (let round = 0; round < 400 && !error; round += 1) {
    try {
      await spool.append(0, scope.pattern(position, chunk));
      position += chunk;
    } catch (caught) {
      error = /** @type {Error} */ (caught);
    }
  }
  const full = { name: error ? error.name : "", message: error ? error.message : "", position, end: spool.holds()[0].end };
  await spool.forget(0, position - chunk);
  let recovered = false;
  for (let round = 0; round < 100 && !recovered; round += 1) {
    try {
      await spool.append(1, scope.pattern(0, chunk));
      recovered = true;
    } catch (caught) {
      if (/** @type {Error} */ (caught).name !== "SpoolFullError") throw caught;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await spool.release();
  const again = await scope.store.adopt("full-session");
  const holds = again.holds();
  const wrong = [await scope.wrongByte(again, 0), await scope.wrongByte(again, 1)];
  await again.discard();
  return { ...full, recovered, holds, wrong };
}

/** @param {Awaited<ReturnType<typeof fillAndRecover>>} facts @param {number} chunk */
function assertRecovered(facts, chunk) {
  const told = JSON.stringify(facts);
  assert.equal(facts.name, "SpoolFullError", told);
  assert.ok(facts.position >= chunk, told);
  assert.equal(facts.end, facts.position, "something of the append that did not fit was kept");
  assert.ok(facts.recovered, told);
  assert.equal(facts.holds[0].end, facts.position, told);
  assert.deepEqual(facts.holds[1], { generation: 1, first: 0, end: chunk });
  assert.deepEqual(facts.wrong, [-1, -1]);
}

for (const kind of KINDS) {
  // The limit of the spool's own is the lower one, and then the browser's.
  for (const limitBytes of [20 * MIB, 1e12]) {
    const how = limitBytes > 40 * MIB ? "the browser refuses" : "its limit is reached";
    test(`Chromium, ${kind}: when ${how} it is full, and recovers`, { timeout: 180_000 }, async (t) => {
      const pages = await startPages(t);
      const browser = await chromiumEngine.launch(await newProfile(t));
      const tab = await browser.newTab(pages.url);
      await tab.command("Storage.overrideQuotaForOrigin", { origin: new URL(pages.url).origin, quotaSize: 40 * MIB });
      await tab.evaluate(openSpool, { kinds: [kind], limitBytes });
      const chunk = 700_000;
      const facts = await tab.evaluate(fillAndRecover, chunk);
      t.diagnostic(`full at ${(facts.position / MIB).toFixed(1)} of 40 MiB: ${facts.message}`);
      assertRecovered(facts, chunk);
      await browser.close();
    });
  }

  test(`Firefox, ${kind}: when the browser refuses it is full, and recovers`, { timeout: 180_000 }, async (t) => {
    const pages = await startPages(t);
    const browser = await firefoxEngine.launch(await newProfile(t), { fixedLimitKib: 100 * 1024 });
    const tab = await browser.newTab(pages.url);
    await tab.evaluate(openSpool, { kinds: [kind], limitBytes: 1e12 });
    const chunk = 700_000;
    const facts = await tab.evaluate(fillAndRecover, chunk);
    t.diagnostic(`full at ${(facts.position / MIB).toFixed(1)} MiB: ${facts.message}`);
    assertRecovered(facts, chunk);
    await browser.close();
  });
}

test("WebKit: a session outlives its page", { timeout: 120_000 }, async (t) => {
  const pages = await startPages(t);
  const { page } = await openWebKit(t);
  await page.goto(pages.url);
  // Its window is a private one, and has no file system of its own.
  const kind = await page.evaluate(openSpool, {});
  assert.equal(kind, "indexeddb");
  await page.evaluate(appendForever, "webkit-session");
  await until("some MiB on the device", () => pages.told("webkit-session") > 3 * MIB, { within: 60_000 });
  await page.goto(pages.url);
  await page.evaluate(openSpool, {});
  const found = await page.evaluate(inspect, "webkit-session");
  assert.ok(found.adopted && found.first === 0 && found.wrong === -1, JSON.stringify(found));
  assert.ok(found.end >= pages.told("webkit-session"), JSON.stringify(found));
});
