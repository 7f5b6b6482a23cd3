import assert from "node:assert/strict";
import { test } from "node:test";
import { createSheet } from "../../web/capture/sheet.js";
import { createDom } from "./support/fake-dom.mjs";

function fixture(options = {}) {
  const dom = createDom();
  const [layer, sheet, button, behind] = [dom.make("div"), dom.make("section", { class: "sheet" }), dom.make("button"), dom.make("main")];
  sheet.className = "sheet";
  layer.hidden = true;
  sheet.append(button);
  layer.append(sheet);
  dom.document.body.append(behind, layer);
  return { dom, layer, sheet, button, panel: createSheet(layer, behind, options) };
}

test("a button that is disabled under the focus gives it to the panel", () => {
  const { dom, sheet, button, panel } = fixture();
  panel.open();
  button.focus();
  panel.hold();
  assert.equal(dom.document.activeElement, button);
  button.setAttribute("disabled", "");
  panel.hold();
  assert.equal(dom.document.activeElement, sheet);
});

test("Escape closes it where the focus is nowhere", () => {
  const { dom, layer, panel } = fixture();
  panel.open();
  dom.key(dom.document.body, "Escape");
  assert.equal(layer.hidden, true);
  panel.hold();
  assert.equal(panel.isOpen, false);
});

test("while it must not be closed, a person does not close it, and its owner does", () => {
  let isBusy = true;
  const { dom, layer, sheet, panel } = fixture({ mayClose: () => !isBusy });
  panel.open();
  dom.key(sheet, "Escape");
  dom.key(dom.document.body, "Escape");
  assert.equal(layer.hidden, false);
  isBusy = false;
  dom.key(sheet, "Escape");
  assert.equal(layer.hidden, true);
  isBusy = true;
  panel.open();
  panel.close();
  assert.equal(layer.hidden, true);
});

test("where Escape would throw something away, only a button closes it", () => {
  let isFilled = true;
  const { dom, layer, sheet, button, panel } = fixture({ mayEscape: () => !isFilled });
  button.dataset.close = "";
  panel.open();
  dom.key(sheet, "Escape");
  dom.key(dom.document.body, "Escape");
  assert.equal(layer.hidden, false);
  dom.click(button);
  assert.equal(layer.hidden, true);
  isFilled = false;
  panel.open();
  dom.key(sheet, "Escape");
  assert.equal(layer.hidden, true);
});
