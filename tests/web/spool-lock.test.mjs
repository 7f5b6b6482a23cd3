import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocks } from "../../web/lib/spool-lock.js";
import { createLockManager } from "./spool-fakes.mjs";

const nobody = () => assert.fail("nothing was lost");

test("one page at a time has a session, and another once it is released", async () => {
  const manager = createLockManager();
  const [one, other] = [createLocks(manager), createLocks(manager)];
  const lock = await one.take("session-a", nobody);
  assert.ok(lock);
  assert.equal(await other.take("session-a", nobody, 0), null);
  assert.ok(await other.take("session-b", nobody, 0));
  assert.deepEqual(Array.from(await other.busy()), ["session-a", "session-b"]);
  lock.release();
  assert.ok(await other.take("session-a", nobody));
});

test("a page that is just ending is waited for", async () => {
  const manager = createLockManager();
  const lock = await createLocks(manager).take("session-a", nobody);
  const taken = createLocks(manager).take("session-a", nobody);
  lock.release();
  assert.ok(await taken);
});

test("a lock that the browser takes back is told of, one that was released is not", async () => {
  const manager = createLockManager();
  const locks = createLocks(manager);
  let lost = 0;
  await locks.take("session-a", () => (lost += 1));
  manager.steal(manager.names()[0]);
  await new Promise(setImmediate);
  assert.equal(lost, 1);
  const lock = await locks.take("session-b", () => (lost += 1));
  lock.release();
  await new Promise(setImmediate);
  assert.equal(lost, 1);
  assert.equal(manager.names().length, 0);
});

test("a browser that refuses or never answers gives no lock, and keeps none that comes late", async (t) => {
  assert.equal(await createLocks({ request: () => Promise.reject(new Error("SecurityError")) }).take("s", () => {}, 0), null);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let grant;
  const taken = createLocks({ request: (_name, _options, work) => new Promise(() => (grant = work)) }).take("s", nobody, 0);
  await Promise.resolve();
  t.mock.timers.tick(2000);
  assert.equal(await taken, null);
  assert.equal(grant({}), undefined, "it is let go at once");
});

test("without Web Locks the storage decides", async () => {
  const locks = createLocks(undefined);
  assert.equal(locks.works, false);
  assert.ok(await locks.take("session-a", nobody));
  assert.equal((await locks.busy()).size, 0);
});
