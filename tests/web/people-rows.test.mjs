import assert from "node:assert/strict";
import { test } from "node:test";
import { createRows } from "../../web/people/rows.js";
import { createDom } from "./support/fake-dom.mjs";

function setUp() {
  const dom = createDom();
  const list = dom.make("ul", { id: "browsers" });
  dom.document.body.append(list);
  const done = [];
  /** @param {string} id @param {object} [more] */
  const row = (id, more = {}) => ({ id, name: id, tags: ["Camera"], facts: ["here now"], acts: [{ text: "Change", label: `Change ${id}`, act: () => done.push(`${id} first`) }], ...more });
  return { dom, list, rows: createRows(list), row, done };
}

test("a name is text, whatever stands in it", () => {
  const { dom, list, rows, row } = setUp();
  rows.render([row("a", { name: "<img src=x onerror=alert(1)>" })]);
  assert.match(list.children[0].textContent, /^<img src=x onerror=alert\(1\)>/);
  assert.equal(dom.all("img").length, 0);
});

test("what has not changed stays, in the order that is told; what is gone goes", () => {
  const { list, rows, row } = setUp();
  rows.render([row("a"), row("b")]);
  const [a, b] = list.children;
  rows.render([row("b"), row("a", { facts: ["last seen 2 h ago"] })]);
  assert.equal(list.children[0], b);
  assert.notEqual(list.children[1], a);
  assert.equal(list.children.length, 2);
  rows.render([]);
  assert.deepEqual([list.children.length, list.hidden], [0, true]);
});

test("a press does what the row means now, not what it meant when it was drawn", () => {
  const { dom, rows, row, done } = setUp();
  rows.render([row("a")]);
  rows.render([row("a", { acts: [{ text: "Change", label: "Change a", act: () => done.push("a second") }] })]);
  dom.click(dom.all("button")[0]);
  assert.deepEqual(done, ["a second"]);
});

test("whoever is at a button stays there when the row is drawn anew", () => {
  const { dom, rows, row } = setUp();
  rows.render([row("a")]);
  const before = dom.all("button")[0];
  before.focus();
  rows.render([row("a", { facts: ["last seen 2 min ago"] })]);
  const after = dom.all("button")[0];
  assert.notEqual(after, before);
  assert.equal(dom.document.activeElement, after);
});
