import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createStrings } from "../../web/lib/strings.js";
import { continued, notes, parseDeletions, refreshed, withNotes } from "../../web/library/deletions.js";
import { keptBody, markBody, titleBody } from "../../web/library/edits.js";
import { groups, parseSession } from "../../web/library/list.js";
import { createRetentionWords } from "../../web/library/retention-words.js";
import { isNone, isSame, parsePlan, parseRetention, readNumber, readRules, RULES } from "../../web/library/retention.js";
import { createSpoken } from "../../web/library/spoken.js";

const at = (day, hour, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
const table = (lang) => JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8"));
const wordsOf = (lang) => {
  const strings = createStrings(table(lang), lang === "zh" ? "zh-Hans" : "en");
  return createRetentionWords({ strings, spoken: createSpoken(strings), now: () => at(22, 0) });
};
const words = wordsOf("en");
const told = { files: 214, bytes: 31e9, until_ms: at(12, 16, 31), missing_bytes: 0, days_that_fit: 12.34, footage_bytes: 60e9, safe_bytes: 1e9, bytes_per_day: 5e9, free_bytes: 100e9, pause_bytes: 5e8, warnings: [] };
const typed = (more) => ({ ...Object.fromEntries(RULES.map((rule) => [rule, ""])), ...more });
const deletion = (id, atMs, more = {}) => ({ deletion: id, at_ms: atMs, by: "retention", reason: "max_age", files: 2, bytes: 1e6, start_ms: atMs - 1e6, end_ms: atMs - 1e5, until_ms: atMs, can_be_undone: false, sessions: [{ session: "s1", device: "d1", name: "Front door", title: null, files: 2, bytes: 1e6 }], ...more });
const page = (deletions, next_ms = null) => parseDeletions({ deletions, next_ms, is_complete: true });
const ids = (known) => known.deletions.map((one) => one.deletion).join("");

test("what is typed is a number within the server's limits, nothing, or wrong: never another number than was meant", () => {
  for (const [text, rule, number] of [
    ["30", "max_age_days", 30],
    [" 0,5 ", "max_age_days", 0.5],
    ["0.01", "max_age_days", 0.01],
    ["", "max_age_days", null],
    ["0", "max_age_days", undefined],
    ["36526", "max_age_days", undefined],
    ["1,500", "max_total_gb", undefined],
    ["1.500", "max_total_gb", 1.5],
    ["0,500", "max_total_gb", 0.5],
    ["1e3", "max_total_gb", undefined],
    ["-5", "max_total_gb", undefined],
    ["5 GB", "max_total_gb", undefined],
    ["0.0005", "max_total_gb", undefined],
    ["0.5", "reserve_minutes", undefined],
  ]) assert.equal(readNumber(text, rule), number, `${rule}: ${text}`);
  const { rules, wrong } = readRules(typed({ max_age_days: "30", reserve_gb: "x" }));
  assert.deepEqual(wrong, ["reserve_gb"]);
  assert.equal(rules.max_age_days, 30);
  assert.ok(isNone(readRules(typed({})).rules) && !isNone(rules));
});

test("what the server tells is read; rules are the same or they are not", () => {
  const retention = parseRetention({ max_age_days: 30, max_total_gb: null, max_device_gb: null, reserve_gb: null, reserve_minutes: null, from: "file", plan: told });
  assert.equal(retention.isFromFile, true);
  assert.equal(retention.plan.files, 214);
  assert.ok(isSame(retention.rules, readRules(typed({ max_age_days: "30.0" })).rules));
  assert.ok(!isSame(retention.rules, readRules(typed({ max_age_days: "30", reserve_gb: "1" })).rules));
  for (const wrong of [null, {}, { plan: null }, "", { plan: { files: "3" } }]) assert.equal(parseRetention(wrong), null);
});

test("a plan is a sentence: how many, how much, up to when, and what stands in its way", () => {
  const plan = parsePlan(told);
  assert.match(words.plan(plan, { isNone: false, isSaved: false }), /^This deletes 214 files, 31\.0 GB, up to Thursday, November 12, 16:31\. .*without a way back/);
  assert.match(words.plan({ ...plan, files: 1, untilMs: new Date(2024, 0, 2, 3, 4).getTime() }, { isNone: false, isSaved: false }), /^This deletes 1 file, .*2024, 03:04/);
  assert.match(words.plan(plan, { isNone: false, isSaved: true }), /^Due now: 214 files/);
  assert.equal(words.plan({ ...plan, files: 0 }, { isNone: false, isSaved: false }), "Nothing is deleted now.");
  assert.equal(words.plan({ ...plan, files: 0 }, { isNone: true, isSaved: false }), "Nothing is deleted automatically.");
  assert.match(words.fits(plan), /12 days/);
  assert.match(words.fits({ ...plan, daysThatFit: 0.5 }), /12 h/);
  assert.match(words.fits({ ...plan, daysThatFit: 1 }), /1 day /);
  assert.match(words.fits({ ...plan, daysThatFit: 99_999 }), /more than ten years/);
  assert.equal(words.fits({ ...plan, daysThatFit: null }), "");
  assert.equal(words.missing(plan), "");
  assert.match(words.missing({ ...plan, missingBytes: 2e9 }), /^2\.00 GB more/);
  assert.equal(words.warning(plan), "");
  assert.match(words.warning(parsePlan({ ...told, warnings: ["reserve_below_pause"] })), /less than 500 MB free.*at least 550 MB/);
  assert.deepEqual(words.chosen(readRules(typed({ max_age_days: "30", reserve_minutes: "90" })).rules), ["what is older than 30 days", "so much that there is room for 90 minutes of recording"]);
  assert.match(wordsOf("zh").plan(plan, { isNone: false, isSaved: false }), /214 个文件.*11月12日星期四 16:31/);
});

test("the newest is read anew, what follows stays, what was taken back is gone", () => {
  const first = page([deletion("e", 50), deletion("d", 40)], 40);
  const all = continued(first, page([deletion("c", 30), deletion("b", 20)], 20));
  assert.equal(ids(all), "edcb");
  const later = refreshed(all, page([deletion("f", 60), deletion("e", 50)], 50));
  assert.deepEqual([ids(later), later.nextMs], ["fedcb", 20]);
  assert.equal(ids(refreshed(all, page([deletion("d", 40), deletion("c", 30)], 30))), "dcb", "e was taken back");
  const apart = refreshed(all, page([deletion("z", 90), deletion("y", 80)], 80));
  assert.deepEqual([ids(apart), apart.nextMs], ["zy", 80], "what is between is read again");
  assert.equal(ids(refreshed(all, page([]))), "");
  assert.equal(parseDeletions({ deletions: [null, {}, { deletion: "x" }] }).deletions.length, 0);
  assert.equal(parseDeletions({}), null);
});

test("what was deleted automatically is summed up by day and reason; a day of which not all is known is left out", () => {
  const other = { sessions: [{ session: "s2", device: "d2", name: "Hall" }] };
  const known = page([deletion("a", at(21, 9)), deletion("b", at(21, 8), other), deletion("c", at(21, 7), { reason: "free_space" }), deletion("d", at(21, 6), { reason: "by_hand", by: "Ada" }), deletion("e", at(19, 6))]);
  const days = notes(known);
  assert.deepEqual(Array.from(days.keys()), ["2026-11-21", "2026-11-19"]);
  assert.deepEqual(days.get("2026-11-21").map(words.note), [
    "4 files of Front door and Hall deleted automatically, 2 MB: older than chosen",
    "2 files of Front door deleted automatically, 1 MB: to keep space free",
  ]);
  assert.equal(words.note({ files: 1, bytes: 1e6, reason: "max_total", devices: ["A", "B", "C"] }), "1 file of A and 2 more deleted automatically, 1 MB: more than chosen for all recordings");
  assert.deepEqual(Array.from(notes({ ...known, nextMs: 5 }).keys()), ["2026-11-21"]);
  const sessions = [parseSession({ session: "s1", device: "d", name: "D", start_ms: at(20, 9) })];
  const within = { fromMs: -Infinity, beforeMs: Infinity };
  assert.deepEqual(withNotes(groups(sessions), days, within).map(({ day, devices }) => [day, devices.length]), [["2026-11-21", 0], ["2026-11-20", 1], ["2026-11-19", 0]]);
  assert.deepEqual(withNotes(groups(sessions), days, { ...within, fromMs: at(20, 0) }).map(({ day }) => day), ["2026-11-21", "2026-11-20"]);
});

test("a time of one day names the day once", () => {
  assert.equal(words.span(at(20, 8), at(20, 9, 30)), "From Friday, November 20, 08:00 to 09:30");
  assert.equal(words.span(at(20, 8), at(21, 9, 30)), "From Friday, November 20, 08:00 to Saturday, November 21, 09:30");
});

test("what is changed of a recording is asked for as the server takes it", () => {
  assert.deepEqual(titleBody("  "), { title: null });
  assert.deepEqual(titleBody(" Trial "), { title: "Trial" });
  const recording = { startMs: 1000, endMs: 9000 };
  assert.deepEqual(markBody(1000, " ", recording), { at_ms: 1001 }, "it begins within that millisecond");
  assert.deepEqual(markBody(9400, "he falls", recording), { at_ms: 9000, detail: "he falls" });
  assert.equal(markBody(20_000, "", recording), null);
  assert.deepEqual(keptBody({ startMs: 2000.4, endMs: 3000.4 }, recording), { start_ms: 2000, end_ms: 3001 });
  assert.equal(keptBody({ startMs: 9000, endMs: 9500 }, recording), null);
});
