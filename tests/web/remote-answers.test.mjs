import assert from "node:assert/strict";
import { test } from "node:test";
import { ASK_MS, interrupts, permission, readOrder, settled } from "../../web/capture/remote-answers.js";
import { LOOK_MS } from "../../web/capture/other-tab.js";
import { ACT_MS } from "../../web/capture/remote-act.js";
import { createPatience, QUESTIONS_PER_MINUTE, REST_MS } from "../../web/capture/remote-patience.js";
import { idle, recording } from "./support/capture-state.mjs";

const here = (state, more = {}) => ({ state, hidden: false, otherTab: false, touched: true, denied: false, openingMs: 0, ...more });
const order = (what, value = "", more = {}) => ({ id: "1", do: what, value, from: "192.168.1.7", atMs: 0, ...more });
/** "ok", a code, or null where somebody has to act. */
const outcome = (answer) => answer && (answer.ok ? "ok" : answer.code);
const settle = (what, value, situation) => outcome(settled(order(what, value), situation, "Front door"));

test("a command is read as what it is, and what it says fits on a screen", () => {
  assert.equal(readOrder({ type: "command", do: "stop" }, 5), null);
  assert.equal(readOrder({ type: "command", id: 7, do: "stop" }, 5), null);
  assert.deepEqual(readOrder({ id: "7", do: "mark", value: " a\n\tb ", from: "192.168.1.7" }, 5), {
    id: "7", do: "mark", value: "a b", from: "192.168.1.7", atMs: 5,
  });
  const long = readOrder({ id: "7", do: "name", value: "x".repeat(5000), from: "y".repeat(5000) }, 5);
  assert.deepEqual([long.value.length, long.from.length], [200, 64]);
  assert.deepEqual(readOrder({ id: "7", do: "name", value: { a: 1 } }, 5), { id: "7", do: "name", value: "", from: "?", atMs: 5 });
});

test("what is as it is wished needs nobody", () => {
  assert.equal(settle("start", "", here(recording())), "ok");
  assert.equal(settle("stop", "", here(idle())), "ok");
  assert.equal(settle("camera", "front", here(idle())), "ok");
  assert.equal(settle("quality", "720p", here(idle())), "ok");
  assert.equal(settle("quality", "720p,standard", here(idle())), "ok");
  assert.equal(settle("name", " Front  door ", here(idle())), "ok");
});

test("what can be done is left to do", () => {
  assert.equal(settle("start", "", here(idle())), null);
  assert.equal(settle("stop", "", here(recording())), null);
  assert.equal(settle("mark", "Goal", here(recording())), null);
  assert.equal(settle("camera", "back", here(recording())), null);
  assert.equal(settle("quality", "1080p,high", here(idle())), null);
  assert.equal(settle("name", "Back door", here(idle())), null);
  // A recording goes on in a hidden page, and can be stopped and marked there.
  assert.equal(settle("stop", "", here(recording(), { hidden: true })), null);
  assert.equal(settle("mark", "", here(recording(), { hidden: true })), null);
});

test("what cannot be done says why", () => {
  const message = (what, value, situation) => settled(order(what, value), situation, "Front door").message;
  assert.equal(settle("start", "", here(idle(), { hidden: true })), "failed");
  assert.match(message("start", "", here(idle(), { hidden: true })), /background/);
  assert.match(message("start", "", here(idle(), { otherTab: true })), /Another tab/);
  assert.match(message("stop", "", here(idle(), { otherTab: true })), /Another tab/);
  const refused = idle({ opened: null, fault: { key: "error.permission", values: {} } });
  assert.match(message("start", "", here(refused, { touched: false })), /tapped/);
  assert.match(message("start", "", here(refused)), /may not use the camera/);
  assert.equal(settle("start", "", here(idle({ name: "stopping", phase: "stopping", canRecord: false }))), "busy");
  assert.equal(settle("mark", "", here(idle())), "failed");
  assert.equal(settle("camera", "attic", here(idle())), "unsupported");
  assert.equal(settle("camera", "", here(idle())), "unsupported");
  assert.equal(settle("quality", "splendid", here(idle())), "unsupported");
  assert.equal(settle("name", "  ", here(idle())), "failed");
  assert.equal(settle("dance", "", here(idle())), "unsupported");
});

test("no recording is put at risk for a change", () => {
  // A camera that is shut in a hidden page may not open again.
  assert.equal(settle("camera", "back", here(recording(), { hidden: true })), "failed");
  assert.equal(settle("quality", "1080p", here(recording(), { hidden: true })), "failed");
  // Another tab has the camera.
  assert.equal(settle("camera", "back", here(idle(), { otherTab: true })), "failed");
  assert.equal(settle("quality", "1080p", here(recording({ name: "starting", phase: "starting" }))), "busy");
  assert.equal(settle("camera", "back", here(idle({ name: "stopping", phase: "stopping" }))), "busy");
});

const standing = (more = {}) => ({ mode: "ask", grant: null, session: null, refusal: null, unasked: "yes", attended: false, hidden: false, ...more });
const leave = (what, more, about) => {
  const answer = permission(order(what, "", about), standing(more));
  return typeof answer === "string" ? answer : answer.code;
};

test("the setting decides", () => {
  assert.equal(leave("start"), "ask");
  assert.equal(leave("start", { mode: "always" }), "act");
  assert.equal(leave("camera", { mode: "always", hidden: true }), "act");
});

test("whoever was allowed to start a recording may mark and stop that one, and nothing else", () => {
  const grant = { from: "192.168.1.7", session: "s-1" };
  assert.equal(leave("stop", { grant, session: "s-1" }), "act");
  assert.equal(leave("mark", { grant, session: "s-1", hidden: true }), "act");
  assert.equal(leave("camera", { grant, session: "s-1" }), "ask");
  assert.equal(leave("stop", { grant, session: "s-2" }), "ask", "another recording");
  assert.equal(leave("stop", { grant, session: "s-1" }, { from: "192.168.1.8" }), "ask", "somebody else");
});

test("whoever got no Yes is not heard again at once; others are, though not all in one minute", () => {
  const patience = createPatience();
  const code = (from, now) => leave("start", { refusal: patience.refusal(from, now) });
  patience.asked(0);
  patience.ended("a", 0);
  assert.deepEqual([code("a", REST_MS - 1), code("b", 1), code("a", REST_MS)], ["not_allowed", "ask", "ask"]);
  for (let at = 0; at < QUESTIONS_PER_MINUTE; at += 1) patience.asked(100_000);
  assert.deepEqual([code("c", 159_999), code("c", 160_000)], ["not_allowed", "ask"]);
  // What was welcome does not count.
  for (let at = 0; at < 20; at += 1) {
    assert.equal(code("d", 200_000), "ask");
    patience.asked(200_000);
    patience.allowed("d");
  }
});

test("a browser that would ask is no place for a change in a recording, and one that does not tell wants a person", () => {
  assert.equal(leave("camera", { mode: "always", unasked: "no", attended: true }), "failed");
  assert.equal(leave("camera", { unasked: "no" }), "failed");
  assert.equal(leave("camera", { mode: "always", unasked: "unknown" }), "failed");
  assert.equal(leave("camera", { mode: "always", unasked: "unknown", attended: true }), "act");
  assert.equal(leave("camera", { unasked: "unknown" }), "ask");
});

test("what a recording is interrupted for", () => {
  const does = (what, value, state) => interrupts(order(what, value), state);
  assert.equal(does("camera", "back", recording()), true);
  assert.equal(does("quality", "1080p,standard", recording()), true);
  assert.equal(does("quality", "720p,high", recording()), false);
  assert.equal(does("camera", "back", idle()), false);
  assert.equal(does("name", "x", recording()), false);
});

test("nothing is changed about a camera that is opening", () => {
  assert.equal(settle("quality", "1080p", here(idle({ opening: true }))), "busy");
});

test("what a command says turns no sentence", () => {
  const { value, from } = readOrder({ id: "7", do: "mark", value: "\u202eGo\u2066al\u200f", from: "\u2067192.168.1.7\u2069" }, 5);
  assert.deepEqual([value, from], ["Goal", "192.168.1.7"]);
});

test("nobody is asked on a page that nobody sees", () => {
  assert.equal(leave("stop", { hidden: true }), "no_answer");
});

test("a look at other tabs, a question and what follows are over before the server answers by itself", () => {
  assert.ok(LOOK_MS + ASK_MS + ACT_MS < 60_000);
});
