import assert from "node:assert/strict";
import { test } from "node:test";
import { createGoingOn } from "../../web/capture/going-on.js";

function setUp() {
  const world = { now: 0, opened: null, fault: null, inSession: false, left: null, went: 0, gaveUp: 0 };
  const leftovers = {
    get interrupted() {
      return world.left;
    },
    take() {
      const left = world.left;
      world.left = null;
      return left && { left, spool: {} };
    },
    giveUp() {
      world.left = null;
      world.gaveUp += 1;
    },
  };
  const studio = {
    state: () => ({ opened: world.opened, inSession: world.inSession, fault: world.fault, phase: world.inSession ? "recording" : "idle" }),
    async goOn(take) {
      world.went += 1;
      if (!world.opened) return false;
      world.inSession = take() !== null;
      return world.inSession;
    },
  };
  const goingOn = createGoingOn({ studio, leftovers, now: () => world.now });
  return { world, goingOn };
}

test("a camera that opens without a tap goes on without a question", async () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  goingOn.tick();
  assert.equal(goingOn.isAsking(), false, "no question flashes up");
  world.opened = {};
  world.now = 800;
  goingOn.tick();
  await null;
  assert.equal(world.went, 1);
  assert.equal(world.inSession, true);
  assert.equal(goingOn.isAsking(), false);
});

test("a camera that does not open brings the question, and one tap goes on", async () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  goingOn.tick();
  world.fault = { key: "error.permission" };
  goingOn.tick();
  assert.equal(goingOn.isAsking(), true);
  assert.equal(goingOn.needsTap(), true);
  assert.equal(world.went, 0);
  await goingOn.yes();
  assert.equal(goingOn.needsTap(), false, "after a tap it is something else");
  assert.equal(goingOn.isAsking(), true);
  world.opened = {};
  world.fault = null;
  await goingOn.yes();
  assert.equal(world.inSession, true);
  assert.equal(goingOn.isAsking(), false);
});

test("a camera that is in use is said to be so", () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  world.fault = { key: "error.camera_in_use" };
  goingOn.tick();
  assert.equal(goingOn.isAsking(), true);
  assert.equal(goingOn.needsTap(), false);
});

test("the browser's own question is explained while it is on the screen", () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  goingOn.tick();
  world.now = 5000;
  assert.equal(goingOn.isAsking(), true);
});

test("what could not go on is not tried again by itself", async () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  world.opened = {};
  goingOn.tick();
  await null;
  world.inSession = false;
  world.left = { session: "s" };
  goingOn.tick();
  assert.equal(world.went, 1);
});

test("what is found only when another recording has begun does not go on when that one is stopped", async () => {
  const { world, goingOn } = setUp();
  world.opened = {};
  goingOn.no();
  world.left = { session: "s" };
  goingOn.tick();
  await null;
  assert.deepEqual([world.went, world.left], [0, null], "it is delivered");

  const other = setUp();
  other.world.opened = {};
  other.world.inSession = true;
  other.world.left = { session: "s" };
  other.goingOn.tick();
  other.world.inSession = false;
  other.goingOn.tick();
  await null;
  assert.deepEqual([other.world.went, other.world.left], [0, null]);
});

test("what was gone on with by a tap, and failed, is not tried again by itself", async () => {
  const { world, goingOn } = setUp();
  const left = { session: "s" };
  Object.assign(world, { left, opened: {}, fault: { key: "error.recorder_failed" } });
  await goingOn.yes();
  Object.assign(world, { inSession: false, left });
  goingOn.tick();
  await null;
  assert.equal(world.went, 1);
  assert.equal(goingOn.isAsking(), true, "the person may try again");
});

test("a new recording, or the person's word, ends it", () => {
  const { world, goingOn } = setUp();
  world.left = { session: "s" };
  world.fault = { key: "error.permission" };
  goingOn.tick();
  goingOn.no();
  assert.equal(world.gaveUp, 1);
  assert.equal(goingOn.isAsking(), false);
});
