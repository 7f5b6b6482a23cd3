import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createPrompt, GUARD_MS, sentenceFor } from "../../web/capture/remote-prompt.js";
import { createStrings } from "../../web/lib/strings.js";
import { createDom } from "./support/fake-dom.mjs";

const strings = createStrings(JSON.parse(readFileSync(new URL("../../web/strings/en.json", import.meta.url), "utf8")), "en");
const question = (what, more = {}) => ({ order: { id: "1", do: what, value: "", from: "192.168.1.7", atMs: 0, ...more }, untilMs: 30_000 });
const nameOf = (id) => `Camera ${id}`;

function fixture() {
  const dom = createDom();
  globalThis.ResizeObserver = class {
    observe() {}
  };
  globalThis.addEventListener = () => {};
  const layer = dom.make("div", { id: "remote-ask" });
  layer.hidden = true;
  const card = dom.make("section", { id: "remote-card" });
  layer.append(card);
  for (const id of ["remote-text", "remote-more", "remote-wait"]) card.append(dom.make("p", { id }));
  for (const id of ["remote-once", "remote-always", "remote-no"]) card.append(dom.make("button", { id }));
  const over = dom.make("div", { id: "stage" });
  const field = Object.assign(dom.make("input", { id: "set-name" }), { tagName: "INPUT", type: "text" });
  dom.document.body.append(layer, over, field);
  const clock = { now: 0 };
  const answers = [];
  const prompt = createPrompt({ strings, over, now: () => clock.now, onAnswer: (...said) => answers.push(said) });
  const click = (reply) => dom.click(dom.document.getElementById(`remote-${reply}`));
  const show = (one) => prompt.render(one, nameOf, clock.now);
  return { dom, card, field, clock, answers, click, show };
}

test("a tap that was meant for what was there before answers nothing", () => {
  const { dom, card, clock, answers, click, show } = fixture();
  const first = question("start");
  show(first);
  const isReady = () => dom.document.getElementById("remote-once").getAttribute("aria-disabled") === "false";
  clock.now = GUARD_MS - 1;
  for (const reply of ["once", "always", "no"]) click(reply);
  dom.key(card, "Escape");
  assert.deepEqual([answers, isReady()], [[], false]);
  clock.now = GUARD_MS;
  show(first);
  assert.equal(isReady(), true);
  dom.click(dom.document.getElementById("remote-once"), 2);
  assert.deepEqual(answers, [], "the second half of a double tap");
  click("once");
  assert.deepEqual(answers, [["once", first]]);
});

test("a question that takes the place of another is answered only once it could be read", () => {
  const { dom, clock, answers, click, show } = fixture();
  const [first, second] = [question("mark"), question("start", { from: "192.168.1.8" })];
  show(first);
  clock.now = 5000;
  show(second);
  assert.match(dom.document.getElementById("remote-text").textContent, /^192\.168\.1\.8 wants to start/);
  click("always");
  assert.deepEqual(answers, []);
  clock.now = 6000;
  click("no");
  assert.deepEqual(answers, [["no", second]]);
});

test("an answer names the question that it was given to, and without one there is none", () => {
  const { clock, answers, click, show } = fixture();
  const first = question("mark");
  show(first);
  clock.now = 1000;
  click("once");
  show(null);
  click("once");
  assert.deepEqual(answers, [["once", first]]);
});

test("whoever is typing keeps the focus; otherwise the question has it, and gives it back", () => {
  const { dom, card, field, show } = fixture();
  field.focus();
  show(question("start"));
  assert.equal(dom.document.activeElement, field);
  show(null);
  assert.equal(dom.document.activeElement, field);
  Object.assign(field, { type: "checkbox" });
  show(question("start"));
  assert.equal(dom.document.activeElement, card);
  show(null);
  assert.equal(dom.document.activeElement, field);
});

test("what others have written turns no sentence, and fits", () => {
  const text = (one) => {
    const { key, values } = sentenceFor(one.order, () => "\u202eCamera\u202c");
    return strings.t(key, values);
  };
  assert.equal(text(question("mark", { value: "דלת" })), "192.168.1.7 wants to mark this moment in the recording as “\u2068דלת\u2069”.");
  assert.equal(text(question("camera", { value: "x" })), "192.168.1.7 wants to switch to the camera “Camera”.");
  assert.ok(text(question("name", { value: "x".repeat(100) })).includes(`${"x".repeat(79)}…`));
  assert.equal(text(question("mark")), "192.168.1.7 wants to mark this moment in the recording.");
});
