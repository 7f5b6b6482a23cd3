// What a device answers whose browser has another tab that records, or did a moment ago.

import assert from "node:assert/strict";
import { test } from "node:test";
import { recording } from "./support/capture-state.mjs";
import { fixture } from "./support/remote-fixture.mjs";
import { settle } from "./support/virtual-time.mjs";

/** A look that is over when it is told to be. */
function slowly(elsewhere) {
  let looks = 0;
  let over = () => {};
  elsewhere.look = () => {
    looks += 1;
    return new Promise((resolve) => {
      over = () => resolve(undefined);
    });
  };
  return { looks: () => looks, over: () => over() };
}

test("what was known of another tab is looked at anew before a command is answered by it", async () => {
  for (const [what, value, done] of [["start", "", "start"], ["stop", "", undefined], ["camera", "back", ["camera", { cameraId: "back" }]]]) {
    const { order, start, last, elsewhere, studio } = fixture({ kept: "always" });
    start();
    // It has stopped since.
    elsewhere.records = true;
    elsewhere.look = async () => {
      elsewhere.records = false;
    };
    await order(what, value);
    assert.deepEqual([what, last(), studio.did[0]], [what, "ok", done]);
  }
  for (const [what, value] of [["start", ""], ["stop", ""], ["camera", "back"], ["quality", "1080p,high"]]) {
    const { order, start, last, results, elsewhere, studio } = fixture({ kept: "always" });
    start();
    // It has begun since.
    elsewhere.look = async () => {
      elsewhere.records = true;
    };
    await order(what, value);
    assert.deepEqual([what, last(), studio.did], [what, "failed", []]);
    assert.match(results()[0].message, /Another tab/);
  }
});

test("commands that come during a look keep their order", async () => {
  const { order, start, results, elsewhere, studio } = fixture({ kept: "always" });
  start();
  const look = slowly(elsewhere);
  await order("start");
  await order("name", "Attic");
  assert.deepEqual([results(), studio.did], [[], []]);
  look.over();
  await settle();
  assert.equal(studio.did[0], "start");
  assert.deepEqual(results().map(({ id, code }) => [id, code]).sort(), [["c1", undefined], ["c2", "busy"]]);
  await order("name", "Attic");
  assert.deepEqual([studio.did[1], look.looks()], [["name", "Attic"], 1]);
});

test("what came by a connection that was lost during the look is not done", async () => {
  const { order, start, socket, pass, results, elsewhere, studio } = fixture({ kept: "always" });
  start();
  const look = slowly(elsewhere);
  await order("start");
  socket().fail();
  await pass(1000);
  socket().open();
  look.over();
  await settle();
  assert.deepEqual([studio.did, results()], [[], []]);
  await order("name", "Attic");
  assert.deepEqual(studio.did, [["name", "Attic"]], "the next command waits for nothing");
});

test("a tab that records needs no look, and its stop waits for none", async () => {
  const { order, start, last, elsewhere, studio } = fixture({ kept: "always", state: recording() });
  start();
  const look = slowly(elsewhere);
  await order("quality", "1080p,high");
  await order("stop");
  assert.deepEqual([last(), studio.did[studio.did.length - 1], look.looks()], ["ok", "stop", 0]);
});
