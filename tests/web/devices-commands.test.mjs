import assert from "node:assert/strict";
import { test } from "node:test";
import { createCommands } from "../../web/devices/commands.js";

function fixture() {
  const sent = [];
  const about = { nowMs: 0, isConnected: true };
  let ids = 0;
  const commands = createCommands({
    send: (message) => {
      if (about.isConnected) sent.push(message);
      return about.isConnected;
    },
    now: () => about.nowMs,
    newId: () => `c${(ids += 1)}`,
  });
  const progress = (...devices) => devices.map((device) => commands.of(device) && [commands.of(device).progress, commands.of(device).code].filter(Boolean).join(" "));
  const answer = (device, ok, code, id = `c${ids}`, message) => commands.heard({ type: "result", id, device, ok, code, message });
  return { sent, about, commands, progress, answer };
}

test("a command and its answer", () => {
  const { sent, about, commands, progress, answer } = fixture();
  assert.deepEqual(progress("a"), [null]);
  commands.issue("a", "mark", undefined, ["a"]);
  commands.issue("b", "name", "Gym", ["b"]);
  assert.deepEqual(sent, [{ type: "command", id: "c1", to: "a", do: "mark" }, { type: "command", id: "c2", to: "b", do: "name", value: "Gym" }]);
  assert.deepEqual(progress("a", "b"), ["sent", "sent"]);
  assert.equal(answer("a", null, "asking", "c1"), true);
  assert.deepEqual(progress("a"), ["asking asking"]);
  answer("a", true, undefined, "c1");
  answer("b", false, "failed", "c2", "No room.");
  assert.deepEqual([progress("a", "b"), commands.of("b").message], [["done", "refused failed"], "No room."]);
  assert.equal(commands.batch(), null);
  about.nowMs = 6000;
  assert.deepEqual(progress("a", "b"), [null, "refused failed"]);
  about.nowMs = 130_000;
  assert.deepEqual(progress("b"), [null]);
});

test("other messages and answers to others are passed over", () => {
  const { commands, progress, answer } = fixture();
  commands.issue("a", "start", undefined, ["a"]);
  assert.equal(commands.heard({ type: "devices", devices: [] }), false);
  assert.equal(commands.heard(null), false);
  answer("a", true, undefined, "somebody else's");
  assert.deepEqual(progress("a"), ["sent"]);
});

test("of a group each answers, and those of which nothing was expected only when they do something", () => {
  const { commands, progress, answer } = fixture();
  commands.issue({ group: "hall" }, "start", undefined, ["a", "b", "c", "d"]);
  assert.deepEqual(commands.batch(), { act: "start", total: 4, done: 0, waiting: 4, asking: 0, refused: [] });
  answer("a", true);
  answer("b", null, "asking");
  answer("c", false, "offline");
  answer("already recording", true);
  answer("a program", false, "unsupported");
  answer("unexpected", null, "asking");
  const { refused, ...counts } = commands.batch();
  assert.deepEqual(counts, { act: "start", total: 4, done: 1, waiting: 1, asking: 1 });
  assert.deepEqual(refused.map(({ device, answer: { code } }) => [device, code]), [["c", "offline"]]);
  assert.deepEqual(progress("already recording", "a program", "unexpected"), [null, null, "asking asking"]);
  answer("unexpected", true);
  assert.deepEqual(progress("unexpected"), ["done"]);
});

test("what a group has answered stays to be read until it is old, or closed", () => {
  const { about, commands, answer } = fixture();
  commands.issue({ all: true }, "stop", undefined, ["a", "b"]);
  answer("a", true);
  answer("b", true);
  assert.equal(commands.batch().done, 2);
  about.nowMs = 5000;
  assert.equal(commands.batch(), null);
  commands.issue({ all: true }, "stop", undefined, ["a"]);
  assert.equal(commands.batch().waiting, 1);
  commands.close();
  assert.equal(commands.batch(), null);
});

test("nobody waits for ever: the end of the answers, a lost connection, a silent server", () => {
  const { about, commands, progress, answer } = fixture();
  commands.issue({ all: true }, "start", undefined, ["a", "b"]);
  answer("a", true);
  commands.heard({ type: "done", id: "c1" });
  assert.deepEqual(progress("a", "b"), ["done", "refused no_answer"]);
  commands.issue("a", "stop", undefined, ["a"]);
  commands.lost();
  assert.deepEqual(progress("a"), ["refused lost"]);
  about.isConnected = false;
  commands.issue("a", "stop", undefined, ["a"]);
  assert.deepEqual(progress("a"), ["refused no_connection"]);
  about.isConnected = true;
  commands.issue("a", "stop", undefined, ["a"]);
  answer("a", null, "asking");
  about.nowMs += 80_000;
  assert.deepEqual(progress("a"), ["refused no_answer"]);
  // It comes late, and is true.
  answer("a", true);
  assert.deepEqual(progress("a"), ["done"]);
});

test("a command that is wrong in itself is refused for all", () => {
  const { commands, progress } = fixture();
  commands.issue({ group: "gone" }, "start", undefined, ["a", "b"]);
  commands.heard({ type: "result", id: "c1", ok: false, code: "unknown_group", message: "There is no such group." });
  assert.deepEqual(progress("a", "b"), ["refused unknown_group", "refused unknown_group"]);
});

test("only the newest commands are remembered", () => {
  const { commands, progress } = fixture();
  for (let at = 0; at < 60; at += 1) commands.issue(`d${at}`, "stop", undefined, [`d${at}`]);
  assert.deepEqual(progress("d0", "d59"), [null, "sent"]);
});
