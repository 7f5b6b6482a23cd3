import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseDevices } from "../../web/devices/devices.js";
import { createStrings } from "../../web/lib/strings.js";
import { parseList } from "../../web/live/streams.js";
import { parseCode } from "../../web/people/code-sheet.js";
import { browserRows, codeRows, linkRows } from "../../web/people/lists.js";
import { parsePeople } from "../../web/people/people.js";
import { choicesOf, labelsOf, nameable, watchable, withUnseen } from "../../web/people/scope.js";
import { createPeopleWords } from "../../web/people/words.js";
import { parseSources } from "../../web/sources/sources.js";

const strings = createStrings(JSON.parse(readFileSync(new URL("../../web/strings/en.json", import.meta.url), "utf8")), "en");
const words = createPeopleWords(strings);
const NOW = 1_000_000_000;

const known = {
  devices: parseDevices({ devices: [{ device: "d1", name: "Hall", stream: "device-d1" }, { device: "d2", name: "Attic" }, { device: "source_door", name: "Front door", stream: "door" }] }).devices,
  sources: parseSources({ sources: [{ source: "door", name: "Front door", state: "live", stream: "door", small_stream: "door-small" }] }).sources,
  streams: parseList({ type: "streams", streams: [{ stream: "device-d1", name: "Hall" }, { stream: "door", name: "Front door", small: "door-small" }, { stream: "door-small", name: "Front door", of: "door" }, { stream: "raw-1", name: "Script" }, { stream: "raw-1-small", name: "Script", of: "raw-1" }] }).streams,
};

test("what can be named: each camera once, by what names it for good", () => {
  assert.deepEqual(choicesOf(known), [{ value: "d2", label: "Attic" }, { value: "door", label: "Front door" }, { value: "d1", label: "Hall" }, { value: "raw-1", label: "Script" }]);
  assert.deepEqual(choicesOf({ devices: [], sources: [], streams: [] }), []);
});

test("what can be linked to has a stream", () => {
  assert.deepEqual(watchable(known).map(({ value }) => value), ["door", "device-d1", "raw-1"]);
});

test("what is named already stays to be seen, and chosen, though nothing of it is there", () => {
  const choices = choicesOf(known);
  assert.deepEqual(withUnseen(choices, ["d1", "gone"]).slice(-1), [{ value: "gone", label: "gone", isUnseen: true }]);
  assert.equal(withUnseen(choices, null).length, choices.length);
  assert.deepEqual(labelsOf(["d1", "gone"], choices), ["Hall", "gone"]);
});

test("what they see, in words", () => {
  const choices = choicesOf(known);
  const sees = (role, scope) => words.sees({ role, scope }, choices);
  assert.equal(sees("viewer", null), "sees everything");
  assert.equal(sees("admin", ["d1"]), "sees everything");
  assert.equal(sees("camera", null), "sees its own");
  assert.equal(sees("viewer", []), "sees nothing");
  assert.equal(sees("viewer", ["d1", "door"]), "sees Hall, Front door");
  assert.equal(sees("viewer", ["d1", "door", "d2", "raw-1", "x"]), "sees Hall, Front door, Attic and 2 more");
});

test("when they were there and when it ends", () => {
  assert.deepEqual([null, NOW - 1000, NOW + 5000].map((ms) => words.seen(ms, NOW)), ["not seen yet", "here now", "here now"]);
  assert.match(words.seen(NOW - 7_200_000, NOW), /^last seen (120 min|2 h) ago$/);
  assert.equal(words.ends(null, NOW), "without an end");
  assert.equal(words.ends(NOW, NOW), "has ended");
  assert.equal(words.ends(NOW + 90_000, NOW), "ends in 90 s");
  assert.equal(words.left(581_000), "9:41");
  assert.equal(words.left(-5), "0:00");
});

test("the list of who gets in, whatever is left out or wrong", () => {
  assert.equal(parsePeople({ users: [] }), null);
  assert.equal(parsePeople("x"), null);
  const told = parsePeople({
    mode: "later",
    browsers: [{ id: "b", name: "\u202eTab\nlet", role: "camera", last_seen_ms: "now", last_from: "192.168.1.2" }, null, { name: "no id" }, { id: "z", role: "king", here: true, scope: "all" }],
    codes: [{ id: "c", role: "camera", uses_left: 2, ends_ms: 5 }],
  });
  assert.equal(told.mode, "undecided");
  // The browser that asks stands first.
  assert.deepEqual(told.browsers.map(({ id, name, role, scope, isHere, lastSeenMs }) => [id, name, role, scope, isHere, lastSeenMs]), [["z", "z", null, null, true, null], ["b", "Tab let", "camera", null, false, null]]);
  assert.deepEqual([told.users, told.tokens, told.links], [[], [], []]);
  assert.deepEqual(told.codes, [{ id: "c", role: "camera", usesLeft: 2, endsMs: 5 }]);
});

test("the rows say whose browser it is, and their buttons whom they mean", () => {
  const people = parsePeople({ mode: "paired", users: [{ id: "u", name: "Anna", role: "admin" }], browsers: [{ id: "b", name: "Phone", role: "admin", user: "u", last_seen_ms: NOW - 1000, last_from: "192.168.1.9", here: true }], codes: [{ id: "c", role: "camera", uses_left: 1, ends_ms: NOW + 60_000 }, { id: "d", role: "camera", uses_left: 1, ends_ms: NOW }] });
  const done = [];
  const acts = { shutOut: ({ id }) => done.push(id), changeBrowser() {}, endCode: (id) => done.push(id) };
  const look = { strings, words, acts, choices: [], nowMs: NOW };
  const [row] = browserRows(people, look);
  assert.deepEqual([row.name, row.tags, row.facts], ["Phone", ["Admin", "this browser"], ["sees everything · signed in as Anna", "here now, from 192.168.1.9"]]);
  assert.deepEqual(row.acts.map(({ label }) => label), ["Change Phone", "Shut out Phone"]);
  const records = (role) => browserRows(parsePeople({ browsers: [{ id: "b", name: "Tablet", role, device: "d1" }] }), look)[0].facts[0];
  assert.match(records("camera"), / · records$/);
  assert.doesNotMatch(records("viewer"), /records/, "of a camera that only watches now");
  row.acts[1].act();
  const codes = codeRows(people, look);
  assert.deepEqual(codes.map(({ id, name }) => [id, name]), [["c", "For one more device"]], "one that has ended is gone");
  codes[0].acts[0].act();
  assert.deepEqual(done, ["b", "c"]);
});

test("links are listed by the names of what they show, with what it is called in addresses beside", () => {
  const people = parsePeople({ browsers: [], links: [{ id: "l1", scope: ["device-d1"], ends_ms: NOW + 90_000 }, { id: "l2", scope: ["gone"], ends_ms: NOW + 90_000 }, { id: "l3", scope: ["door"], ends_ms: NOW + 90_000 }] });
  const ended = [];
  const rows = linkRows(people, { strings, words, acts: { revokeLink: ({ id }, names) => ended.push([id, names]) }, choices: nameable(known), nowMs: NOW });
  assert.deepEqual(rows.map(({ name, facts }) => [name, facts]), [["Front door", ["door · ends in 90 s"]], ["gone", ["ends in 90 s"]], ["Hall", ["device-d1 · ends in 90 s"]]]);
  rows[2].acts[0].act();
  assert.deepEqual(ended, [["l1", "Hall"]]);
});

test("a code's picture is a picture, whatever the server has drawn", () => {
  const made = parseCode({ id: "c", digits: "123456", url: "https://192.168.1.3:5001/#pair=x", qr_svg: "<svg><script>alert(1)</script>#\"</svg>", ends_ms: 5 });
  assert.deepEqual([made.digits, made.origin, made.endsMs], ["123456", "https://192.168.1.3:5001", 5]);
  assert.match(made.picture, /^data:image\/svg\+xml;charset=utf-8,[^<>"#]*$/);
  assert.equal(parseCode({ id: "c", digits: null, url: "https://x/#pair=y" }).digits, "", "an admin's has none");
  assert.equal(parseCode({ id: "c", url: "nowhere" }), null);
  assert.equal(parseCode(null), null);
});
