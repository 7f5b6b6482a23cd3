import assert from "node:assert/strict";
import { test } from "node:test";
import { nameApart } from "../../web/lib/namesakes.js";

test("two that are called alike are told apart, others keep their names", () => {
  const all = [{ id: "door", name: "Door" }, { id: "door-2", name: "door" }, { id: "yard", name: "Yard" }];
  assert.deepEqual(all.map((one) => nameApart(one, all)), ["Door (door)", "door (door-2)", "Yard"]);
  assert.equal(nameApart({ id: "new", name: "yard" }, all), "yard (new)");
});
