import assert from "node:assert/strict";
import { test } from "node:test";
import { createAside, whenBack } from "../../web/lib/back.js";
import { createPage } from "./support/fake-page.mjs";
import { createWorld } from "./support/virtual-time.mjs";

function fixture({ hasAny = true } = {}) {
  const world = createWorld(1);
  const page = createPage({ timers: world.timers() });
  const did = [];
  const say = (word) => () => void did.push(word);
  const aside = createAside({ page, afterMs: 1000, leave: () => (did.push("leave"), hasAny), comeBack: say("come back"), wake: say("wake") });
  return { page, aside, did, pass: (ms) => world.run(() => false, ms) };
}

test("who looks away for a moment goes on, and for longer comes back", async () => {
  const { page, did, pass } = fixture();
  page.see(false);
  await pass(900);
  page.see(true);
  assert.deepEqual(did, ["wake"]);
  await pass(5000);
  page.see(false);
  await pass(1100);
  page.see(true);
  page.see(false);
  page.see(true);
  assert.deepEqual(did, ["wake", "leave", "come back", "wake"]);
});

test("what was not there, or what a person has decided about meanwhile, does not come back", async () => {
  const nothing = fixture({ hasAny: false });
  nothing.page.see(false);
  await nothing.pass(1100);
  nothing.page.see(true);
  assert.deepEqual(nothing.did, ["leave", "wake"]);
  const { page, aside, did, pass } = fixture();
  page.see(false);
  await pass(1100);
  aside.forget();
  page.see(true);
  assert.deepEqual(did, ["leave", "wake"]);
});

test("with the network, and where the browser had kept the page, it tries again", () => {
  const { page } = fixture();
  let tries = 0;
  whenBack(page, () => (tries += 1));
  page.happen("online");
  page.happen("pageshow", { persisted: false });
  page.happen("pageshow", { persisted: true });
  assert.equal(tries, 2);
});
