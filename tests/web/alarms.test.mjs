import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createAlarms, parseAlarms } from "../../web/lib/alarms.js";
import { createAlarmWords } from "../../web/lib/alarms-words.js";
import { createStrings } from "../../web/lib/strings.js";

const strings = (lang) => createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang);

const silent = (id, sinceMs = 1000, more = {}) => ({ id, kind: "silent", since_ms: sinceMs, device: `device-${id}`, name: `Camera ${id}`, session: `s-${id}`, message: "…", ...more });
const disk = (kind, sinceMs = 1000) => ({ id: kind, kind, since_ms: sinceMs, device: null, name: null, session: null, message: "the disk" });
const told = (alarms, ended, nowMs = 10_000) => ({ type: "alarms", now_ms: nowMs, alarms, ended });
const because = (reason, ...ids) => ids.map((id) => ({ id, because: reason }));
const streams = (...live) => ({ type: "streams", now_ms: 10_000, streams: live.map((id) => ({ stream: `camera-${id}`, state: "live", session: `s-${id}` })) });
const seen = (alarms, at) => alarms.banners(at).map(({ alarm, isOver }) => (isOver ? `${alarm.id} is over` : alarm.id));

test("what is no alarm is passed over, and a kind that this page does not know is shown", () => {
  assert.equal(parseAlarms(null), null);
  assert.equal(parseAlarms({ type: "streams", streams: [] }), null);
  const list = parseAlarms({ now_ms: "x", alarms: [null, 7, { id: "" }, { id: "a", kind: "flood", message: "Water." }, { id: "a" }] });
  assert.deepEqual(list, { nowMs: null, alarms: [{ id: "a", kind: "other", sinceMs: null, device: null, name: "", session: null, message: "Water." }] });
});

test("the most urgent first, each with how long it has lasted by the server's clock", () => {
  const alarms = createAlarms();
  alarms.heard(told([disk("disk_low", 9000), silent("a", 4000), disk("disk_full", 8000), silent("b", 6000)]), 500);
  assert.deepEqual(seen(alarms, 500), ["disk_full", "b", "a", "disk_low"]);
  assert.deepEqual(alarms.banners(1500).map(({ forMs }) => forMs), [3000, 5000, 7000, 2000]);
});

test("an alarm that has ended is said to be over for some seconds, where something records again", () => {
  const alarms = createAlarms();
  const all = ["a", "b", "c", "d", "e", "f"];
  alarms.heard(told([...all.map((id) => silent(id)), disk("disk_full")]), 0);
  alarms.heard(streams(...all), 0);
  alarms.heard(told([], [...because("durable", "a"), ...because("newer", "b"), ...because("over", "disk_full"), ...because("stopped", "c"), ...because("dismissed", "d"), ...because("forgotten", "e"), null, 7]), 1000);
  assert.deepEqual(seen(alarms, 1000), ["disk_full is over", "a is over", "b is over"]);
  assert.deepEqual(seen(alarms, 9000), []);
});

test("a server that does not say why an alarm has ended is not taken to record", () => {
  const alarms = createAlarms();
  alarms.heard(streams("a"), 0);
  alarms.heard(told([silent("a"), disk("disk_full")]), 0);
  alarms.heard(told([]), 1000);
  assert.deepEqual(seen(alarms, 1000), []);
});

test("what is missing after a lost connection is not said to be over", () => {
  const alarms = createAlarms();
  alarms.heard(told([silent("a"), silent("b")]), 0);
  alarms.lost(1000);
  alarms.heard(streams("a"), 3000);
  alarms.heard(told([silent("b")], because("durable", "a")), 3000);
  assert.deepEqual(seen(alarms, 3000), ["b"]);
  alarms.heard(told([], because("durable", "b")), 4000);
  assert.deepEqual(seen(alarms, 4000), ["b is over"]);
});

test("what was silenced stays so when the server has started again and gives it another id", () => {
  const alarms = createAlarms();
  alarms.heard(told([silent("a")]), 0);
  alarms.silence();
  alarms.lost(1000);
  // It counts anew from its start.
  alarms.heard(told([]), 3000);
  alarms.heard(told([{ ...silent("a", 5000), id: "z" }, silent("b")]), 35_000);
  assert.equal(alarms.isSounding(35_000), true, "another one is heard");
  alarms.heard(told([{ ...silent("a", 5000), id: "z" }]), 36_000);
  assert.equal(alarms.isSounding(36_000), false);
  alarms.heard(told([], because("durable", "z")), 40_000);
  alarms.heard(told([{ ...silent("a", 50_000), id: "y" }]), 80_000);
  assert.equal(alarms.isSounding(80_000), true, "it has recorded since");
});

test("what rises anew is shown and heard anew", () => {
  const alarms = createAlarms();
  alarms.heard(streams("a"), 0);
  alarms.heard(told([silent("a", 1000)]), 0);
  alarms.silence();
  assert.equal(alarms.isSounding(0), false);
  alarms.heard(told([]), 1000);
  alarms.heard(told([silent("a", 5000)]), 2000);
  assert.deepEqual(seen(alarms, 2000), ["a"]);
  assert.equal(alarms.isSounding(2000), true);
});

test("the page's own silence is left to it, and nobody else's", () => {
  const alarms = createAlarms({ isOwn: ({ device }) => device === "device-a" });
  alarms.heard(told([silent("a")]), 0);
  assert.deepEqual([seen(alarms, 0), alarms.isSounding(0)], [[], false]);
  alarms.heard(told([silent("a"), silent("b"), { ...disk("disk_full"), device: "device-a" }]), 0);
  assert.deepEqual(seen(alarms, 0), ["disk_full", "b"]);
  alarms.heard(streams("a"), 0);
  alarms.heard(told([], because("over", "disk_full", "a", "b")), 1000);
  assert.deepEqual(seen(alarms, 1000), ["disk_full is over", "b is over"]);
});

test("silenced is what was there; a new one is heard, and a disk that is only low never is", () => {
  const alarms = createAlarms();
  alarms.heard(told([disk("disk_low")]), 0);
  assert.equal(alarms.isSounding(0), false);
  alarms.heard(told([silent("a"), disk("disk_low")]), 0);
  assert.equal(alarms.isSounding(0), true);
  alarms.silence();
  assert.equal(alarms.isSounding(0), false);
  alarms.heard(told([silent("a"), silent("b"), disk("disk_low")]), 0);
  assert.equal(alarms.isSounding(0), true);
  assert.equal(seen(alarms, 0).length, 3);
});

test("a disk is said to be well again only where it is", () => {
  const alarms = createAlarms();
  alarms.heard(told([disk("disk_low")]), 0);
  alarms.heard(told([disk("disk_full")], because("over", "disk_low")), 0);
  assert.deepEqual(seen(alarms, 0), ["disk_full"]);
  alarms.heard(told([disk("disk_low", 5000)], because("over", "disk_full")), 1000);
  assert.deepEqual(seen(alarms, 1000), ["disk_low", "disk_full is over"]);
});

test("a server from which no alarm could come is heard, too, once it was there", () => {
  const alarms = createAlarms();
  alarms.lost(0);
  assert.equal(alarms.isSounding(60_000), false);
  alarms.heard(told([]), 60_000);
  alarms.lost(61_000);
  alarms.lost(70_000);
  assert.equal(alarms.isSounding(75_000), false);
  assert.equal(alarms.isSounding(76_000), true);
  alarms.silence();
  assert.equal(alarms.isSounding(80_000), false);
  alarms.heard(told([]), 81_000);
  assert.equal(alarms.isSounding(81_000), false);
  alarms.lost(90_000);
  assert.equal(alarms.isSounding(105_000), true);
  const [banner] = alarms.banners(105_000);
  assert.deepEqual([banner.alarm.kind, banner.alarm.sinceMs, banner.forMs], ["unreachable", 19_000, 15_000]);
});

test("where the page says it itself, a server that is away is no alarm", () => {
  const alarms = createAlarms({ isServerOwn: true });
  alarms.heard(told([]), 0);
  alarms.lost(1000);
  assert.deepEqual([alarms.isSounding(60_000), seen(alarms, 60_000)], [false, []]);
});

test("what can be watched, and which alarm a device has", () => {
  const alarms = createAlarms();
  alarms.heard({ type: "streams", streams: [{ stream: "camera-a", session: "s-a", state: "away" }] }, 0);
  alarms.heard(told([silent("a"), silent("b")]), 0);
  assert.deepEqual(alarms.banners(0).map(({ alarm, stream }) => [alarm.id, stream]), [["a", "camera-a"], ["b", null]]);
  assert.deepEqual([alarms.of("device-b").id, alarms.of("device-c")], ["b", null]);
});

test("alarms in words, in both languages", () => {
  const [en, zh] = [createAlarmWords(strings("en")), createAlarmWords(strings("zh"))];
  const alarm = (one) => parseAlarms({ alarms: [one] }).alarms[0];
  assert.equal(en.title(alarm(silent("a"))), "Camera a: nothing is being saved");
  assert.match(en.title(alarm(disk("disk_refused"))), /cannot write: the disk$/);
  assert.equal(en.title(alarm({ id: "x", kind: "flood", message: "Water." })), "Water.");
  assert.equal(en.over(alarm(silent("a"))), "Camera a records again");
  assert.equal(en.title(alarm({ ...silent("a"), name: "\u202ekcab\u2066" })), "kcab: nothing is being saved");
  for (const kind of ["disk_low", "disk_full", "disk_refused"]) {
    assert.notEqual(en.title(alarm(disk(kind))), zh.title(alarm(disk(kind))));
    assert.match(zh.over(alarm(disk(kind))), /^服务器/);
  }
  assert.match(en.since(alarm(silent("a", 0)), 80_000), /^since \d\d:\d\d:\d\d, for 80 s$/);
  assert.equal(en.since(alarm({ id: "x" }), null), "");
});
