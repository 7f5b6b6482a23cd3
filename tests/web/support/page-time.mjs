// Virtual time for code that uses setTimeout: within a test, one page's timers are the world's.
//
//   const world = pageTime(t);      // as createWorld(1), and the real timers are back after the test
//   await world.pass(ms);

import { createWorld, settle } from "./virtual-time.mjs";

export function pageTime(t) {
  const world = createWorld(1);
  const timers = world.timers();
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  Object.assign(globalThis, { setTimeout: timers.setTimeout, clearTimeout: timers.clearTimeout });
  t.after(() => Object.assign(globalThis, real));
  // No time passes beyond the last event, so one is made.
  const pass = async (ms) => {
    let over = false;
    world.at(ms, () => {
      over = true;
    });
    await world.run(() => over, ms);
  };
  return Object.assign(world, { pass, settle, timers });
}
