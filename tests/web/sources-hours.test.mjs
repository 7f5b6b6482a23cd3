import assert from "node:assert/strict";
import { test } from "node:test";
import { lasts, parseHours, problemOf, runsOf, usualHours, writeHours } from "../../web/sources/hours.js";

test("hours are read as the configuration writes them", () => {
  assert.deepEqual(parseHours(["mon-fri 08:00-18:00", "sat,sun 22:00-02:00"]), [
    { days: [0, 1, 2, 3, 4], from: "08:00", to: "18:00" },
    { days: [5, 6], from: "22:00", to: "02:00" },
  ]);
  assert.deepEqual(parseHours(["fri-mon 00:00-24:00"]), [{ days: [0, 4, 5, 6], from: "00:00", to: "00:00" }]);
  assert.deepEqual(parseHours(["Mon,Wed-Thu 7:00-8:00"]), null, "an hour has two digits");
  assert.deepEqual(parseHours(["07:30-08:00"]), [{ days: [0, 1, 2, 3, 4, 5, 6], from: "07:30", to: "08:00" }]);
  assert.deepEqual(parseHours(["sat,sun", "00:00-24:00"]).map(({ days, from, to }) => [days.length, from, to]), [[2, "00:00", "00:00"], [7, "00:00", "00:00"]]);
  assert.deepEqual(parseHours([]), []);
  for (const wrong of [null, "mon", [7], ["mon tue"], [""], ["mon 08:00"], ["funday 08:00-09:00"], ["mon-tue-wed 08:00-09:00"], ["mon 08:00-25:00"], ["mon- 08:00-09:00"], ["mon tue 08:00-09:00"]]) assert.equal(parseHours(wrong), null, JSON.stringify(wrong));
});

test("what is written is read as the same", () => {
  const rules = [usualHours(), { days: [0, 1], from: "09:00", to: "10:00" }, { days: [6, 0, 2, 3, 4], from: "22:00", to: "00:00" }];
  const written = writeHours(rules);
  assert.deepEqual(written, ["mon-fri 08:00-18:00", "mon,tue 09:00-10:00", "mon,wed-fri,sun 22:00-24:00"]);
  assert.deepEqual(writeHours(/** @type {any} */ (parseHours(written))), written);
});

test("a rule needs a day and two times; one that ends earlier goes on beyond midnight", () => {
  const rule = usualHours();
  assert.deepEqual([problemOf(rule), problemOf({ ...rule, days: [] }), problemOf({ ...rule, to: "" }), problemOf({ ...rule, to: "08:00" })], [null, "days", "time", "time"]);
  assert.equal(problemOf({ ...rule, from: "00:00", to: "00:00" }), null, "a whole day");
  assert.deepEqual([lasts(rule), lasts({ ...rule, from: "22:00", to: "02:00" }), lasts({ ...rule, from: "00:00", to: "00:00" })], [600, 240, 1440]);
});

test("days in a row are one run", () => {
  assert.deepEqual(runsOf([4, 0, 1, 2, 6]), [{ first: 0, last: 2 }, { first: 4, last: 4 }, { first: 6, last: 6 }]);
});
