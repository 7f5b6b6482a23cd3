import assert from "node:assert/strict";
import { test } from "node:test";
import { createUndo, parseDeletion, sortOut } from "../../web/library/deletion.js";
import { fromField, toField } from "../../web/library/local-time.js";
import { belongs, boundsOf, dayOf, groups, merge, parseDays, parseDevices, parsePage, parseSession, without } from "../../web/library/list.js";

const at = (day, hour) => new Date(2026, 10, day, hour).getTime();
const told = (session, startMs, more = {}) => ({ session, device: "d1", name: "Bench 2", title: null, start_ms: startMs, end_ms: startMs + 60_000, footage_ms: 60_000, bytes: 1e6, files: 1, state: "finished", waiting_ms: null, kept: false, gaps: 0, faults: 0, ...more });
const one = (...args) => parseSession(told(...args));

test("by local day, newest first, and within it by device in an order that stays", () => {
  const sessions = merge([], [one("a", at(18, 9)), one("b", at(19, 23)), one("c", at(19, 8), { device: "d2", name: "Bench 10" }), one("d", at(19, 7)), one("e", at(20, 0))]);
  assert.deepEqual(
    groups(sessions).map(({ day, devices }) => [day, devices.map(({ name, sessions: of }) => [name, of.map(({ session }) => session).join("")])]),
    [["2026-11-20", [["Bench 2", "e"]]], ["2026-11-19", [["Bench 2", "bd"], ["Bench 10", "c"]]], ["2026-11-18", [["Bench 2", "a"]]]],
  );
  assert.equal(groups(sessions)[1].footageMs, 180_000);
  assert.equal(boundsOf("2026-11-19").endMs, boundsOf("2026-11-20").startMs);
  assert.equal(dayOf(at(19, 23)), "2026-11-19");
});

test("what is told anew replaces what was, at its place", () => {
  const before = merge([], [one("a", at(18, 9)), one("b", at(19, 9))]);
  const after = merge(before, [one("a", at(18, 9), { title: "Trial", state: "recording" }), one("c", at(20, 9))]);
  assert.deepEqual(after.map(({ session, title }) => [session, title]), [["c", ""], ["b", ""], ["a", "Trial"]]);
  assert.deepEqual(without(after, "b").map(({ session }) => session), ["c", "a"]);
  assert.equal(before.length, 2);
});

test("an event enters only the list that asks for it", () => {
  const session = one("a", at(19, 9), { title: "Trial 4" });
  const shown = { device: "", text: "", fromMs: -Infinity, beforeMs: Infinity };
  assert.ok(belongs(session, shown));
  assert.ok(belongs(session, { ...shown, text: "tRIAL", device: "d1" }));
  assert.ok(!belongs(session, { ...shown, device: "d2" }));
  assert.ok(!belongs(session, { ...shown, text: "other" }));
  assert.ok(!belongs(session, { ...shown, fromMs: at(20, 0) }));
  assert.ok(!belongs(session, { ...shown, beforeMs: at(19, 9) }));
});

test("of what the server says, what is wrong is left out", () => {
  assert.equal(parsePage(null), null);
  assert.equal(parsePage({ sessions: 3 }), null);
  const page = parsePage({ sessions: [null, {}, { session: "x" }, told("a", 5, { name: "\u202eDoor\n1", state: "dancing", end_ms: 1, bytes: -4 })], next: "", is_complete: false });
  assert.deepEqual([page.sessions.map(({ session, name, state, endMs, bytes }) => [session, name, state, endMs, bytes]), page.next, page.isComplete], [[["a", "Door 1", "finished", 5, 0]], null, false]);
  assert.deepEqual(parseDays({ days: [{ day: "2026-11-20", sessions: 2 }, { day: "<b>" }, null] }).map(({ day }) => day), ["2026-11-20"]);
  assert.deepEqual(parseDevices({ devices: [{ device: "d", name: " " }, {}] }).map(({ name }) => name), ["d"]);
  assert.deepEqual([parseDays(null), parseDevices(7)], [[], []]);
});

test("what is kept or grows is not deleted, and is said apart", () => {
  const chosen = [one("a", 1, { files: 3 }), one("b", 2, { kept: true }), one("c", 3, { state: "recording" }), one("d", 4, { state: "waiting" })];
  const { go, kept, growing, files, bytes } = sortOut(chosen);
  assert.deepEqual([go, kept, growing].map((list) => list.map(({ session }) => session).join("")), ["ad", "b", "c"]);
  assert.deepEqual([files, bytes], [4, 2e6]);
});

test("a deletion can be undone until its time, the newest first", () => {
  const undo = createUndo();
  assert.equal(undo.current(0), null);
  undo.add(parseDeletion({ deletion: "x", files: 1, bytes: 1, until_ms: 1000 }, ["a"]));
  undo.add(parseDeletion({ deletion: "y", files: 1, bytes: 1, until_ms: 500 }, ["b"]));
  assert.equal(undo.current(100).deletion, "y");
  assert.equal(undo.current(500).deletion, "x");
  undo.take("x");
  assert.equal(undo.current(600), null);
  assert.equal(parseDeletion({ deletion: "z" }, []), null);
});

test("local times in fields, also in the hour that comes twice", () => {
  const before = process.env.TZ;
  process.env.TZ = "Europe/Berlin";
  const first = Date.UTC(2026, 9, 25, 0, 30);
  const second = first + 3_600_000;
  assert.deepEqual([toField(first), toField(second)], ["2026-10-25T02:30:00", "2026-10-25T02:30:00"]);
  assert.deepEqual([fromField("2026-10-25T02:30", first), fromField("2026-10-25 02:30:00", second + 5000)], [first, second]);
  assert.equal(fromField("2026-11-20T16:31:49"), Date.UTC(2026, 10, 20, 15, 31, 49));
  for (const text of ["", "today", "2026-13-01T00:00", "2026-11-20T24:00", "2026-11-20"]) assert.equal(fromField(text), null, text);
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});
