import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { able, hindrance, parseGroups } from "../../web/devices/abilities.js";
import { groupsOf, inScope, parseDevices } from "../../web/devices/devices.js";
import { attempts, parseTargets } from "../../web/devices/targets.js";
import { createDeviceWords } from "../../web/devices/words.js";
import { createStrings } from "../../web/lib/strings.js";

const strings = (lang) => createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang);
const words = createDeviceWords(strings("en"));

const ALL = ["start", "stop", "mark", "camera", "quality", "name"];
const CAMERAS = [{ id: "f", label: "Front" }, { id: "b", label: "" }];
const tablet = { device: "device-1", name: "Front door", groups: ["hall"], online: true, last_seen_ms: 5, control: "allowed", can: ALL, state: "idle", camera: "f", cameras: CAMERAS, quality: "720p,high", qualities: ["720p,high", "2160p,economy"] };
const program = { device: "push-1", online: true, control: "none", can: [], state: "recording", since_ms: 1000, stream: "push-1" };
const read = (...devices) => parseDevices({ type: "devices", now_ms: 9, devices }).devices;
const one = (more, of = tablet) => read({ ...of, ...more })[0];

test("a name turns nothing around it", () => {
  const device = one({ name: "\u202eFront\u2066 door", cameras: [{ id: "f", label: "\u200fFront" }] });
  assert.deepEqual([device.name, device.cameras[0].label, one({ name: "\u202e" }).name], ["Front door", "Front", "device-1"]);
});

test("the list, in an order that stays, whatever is left out or wrong", () => {
  assert.equal(parseDevices({ type: "streams", streams: [] }), null);
  assert.equal(parseDevices("devices"), null);
  const list = parseDevices({ now_ms: 9, devices: [{ ...tablet, device: "b", name: "Tablet 10" }, null, { device: "" }, { device: "a", name: "tablet 2" }, { device: "a" }] });
  assert.deepEqual([list.nowMs, list.devices.map(({ device }) => device)], [9, ["a", "b"]]);
  assert.deepEqual(list.devices[0], { device: "a", name: "tablet 2", ownName: "tablet 2", groups: [], isOnline: false, lastSeenMs: null, control: "none", can: [], state: "idle", sinceMs: null, session: null, why: null, camera: null, cameras: [], quality: null, qualities: [], stream: null });
  assert.deepEqual(list.devices[1].cameras, [{ id: "f", label: "Front" }, { id: "b", label: "b" }]);
  assert.equal(one({ state: "dancing" }).state, "idle");
});

test("devices that call themselves alike are told apart by their ids, and keep the names that they have", () => {
  const devices = read({ device: "8D4kQ2mmmm", name: "Chrome on Mac" }, { device: "x7Zt01mmmm", name: "Chrome on Mac" }, { device: "b", name: "Hall" });
  assert.deepEqual(devices.map(({ name }) => name), ["Chrome on Mac (8D4kQ)", "Chrome on Mac (x7Zt0)", "Hall"]);
  assert.deepEqual(devices.map(({ ownName }) => ownName), ["Chrome on Mac", "Chrome on Mac", "Hall"]);
});

test("groups, and who is in them", () => {
  const devices = read({ device: "1", groups: ["lab 10", "gym"] }, { device: "2", groups: ["gym", "gym"] }, { device: "3", groups: ["lab 2"] }, { device: "4" });
  assert.deepEqual(groupsOf(devices), [{ name: "gym", count: 2 }, { name: "lab 2", count: 1 }, { name: "lab 10", count: 1 }]);
  assert.deepEqual(inScope(devices, "gym").map(({ device }) => device), ["1", "2"]);
  assert.equal(inScope(devices, null).length, 4);
});

test("groups as people write them", () => {
  assert.deepEqual(parseGroups(" hall ,  ground   floor,hall,, "), ["hall", "ground floor"]);
  assert.deepEqual(parseGroups("一楼，大厅、门口"), ["一楼", "大厅", "门口"]);
  assert.deepEqual(parseGroups(""), []);
  assert.equal(parseGroups("1,2,3,4,5,6,7,8").length, 8);
  assert.equal(parseGroups("1,2,3,4,5,6,7,8,9"), null);
  assert.equal(parseGroups("x".repeat(40)).length, 1);
  assert.equal(parseGroups("x".repeat(41)), null);
});

test("what can be asked of a device, and why not", () => {
  const of = (device) => Object.fromEntries([...ALL, "groups"].map((act) => [act, hindrance(device, act)]));
  assert.deepEqual(of(one({})), { start: null, stop: "idle", mark: "idle", camera: null, quality: null, name: null, groups: null });
  assert.deepEqual(of(one({ state: "recording", control: "ask" })), { start: "recording", stop: null, mark: null, camera: null, quality: null, name: null, groups: null });
  assert.deepEqual(of(one({ online: false, state: "recording" })), { start: "offline", stop: "offline", mark: "offline", camera: "offline", quality: "offline", name: "offline", groups: null });
  assert.deepEqual(of(one({ control: "none", can: [] })).start, "not_allowed");
  assert.deepEqual(of(one({}, program)).stop, "not_allowed");
  assert.equal(hindrance(one({ control: "none", online: false }), "start"), "offline");
  assert.equal(hindrance(one({ state: "blocked", why: "tap" }), "start"), "blocked");
  assert.equal(hindrance(one({ state: "stopping" }), "stop"), "stopping");
  assert.equal(hindrance(one({ state: "starting" }), "mark"), "idle");
  assert.equal(hindrance(one({ cameras: CAMERAS.slice(1) }), "camera"), "only_one");
  assert.equal(hindrance(one({ can: ["stop"] }), "start"), "unsupported");
});

test("of many, those that can", () => {
  const devices = read({ ...tablet, device: "1" }, { ...tablet, device: "2", state: "recording" }, { ...tablet, device: "3", online: false }, { ...tablet, device: "4", control: "ask" }, program);
  assert.deepEqual(able(devices, "start").map(({ device }) => device), ["1", "4"]);
  assert.deepEqual(able(devices, "stop").map(({ device }) => device), ["2"]);
});

test("what a device does, in words", () => {
  const say = (more, of = tablet, about = {}) => words.state(one(more, of), { nowMs: 100_000, isKnown: true, isAlarming: false, ...about });
  assert.deepEqual(say({}), { tone: "", text: "ready" });
  assert.deepEqual(say({ state: "recording", since_ms: 28_000 }), { tone: "good", text: "recording 00:01:12" });
  assert.deepEqual(say({ state: "recording", since_ms: 28_000, why: "no_camera" }), { tone: "late", text: "recording 00:01:12 · no camera" });
  assert.deepEqual(say({ state: "recording", since_ms: 28_000 }, tablet, { isAlarming: true }), { tone: "bad", text: "recording 00:01:12 · nothing is being saved" });
  // Clocks that differ say nothing about a length.
  assert.deepEqual(say({ state: "recording", since_ms: 200_000 }), { tone: "good", text: "recording" });
  assert.deepEqual(say({ state: "blocked", why: "tap" }), { tone: "late", text: "needs a tap on the device" });
  assert.deepEqual(say({ state: "blocked", why: "volcano" }), { tone: "late", text: "cannot record now" });
  assert.deepEqual(say({ online: false, last_seen_ms: 40_000 }), { tone: "", text: "not connected for 60 s" });
  assert.deepEqual(say({ online: false, last_seen_ms: 40_000, state: "recording" }), { tone: "", text: "not connected for 60 s; was recording" });
  assert.deepEqual(say({ online: false, last_seen_ms: null }), { tone: "", text: "not connected" });
  assert.deepEqual(say({}, program), { tone: "good", text: "recording 00:01:39" });
  assert.deepEqual(say({ online: false, last_seen_ms: 1000 }, program), { tone: "", text: "not connected; was recording" });
  assert.deepEqual(say({ state: "recording" }, tablet, { isKnown: false }), { tone: "", text: "no news" });
});

test("settings, reasons and answers, in words", () => {
  assert.equal(words.settings(one({})), "Front · 720p · High");
  assert.equal(words.settings(one({ camera: null, quality: "2160p,economy" })), "4K · Economy");
  assert.equal(words.settings(one({}, program)), "");
  assert.match(words.hindrance("not_allowed", one({})), /Settings > Remote control/);
  assert.match(words.hindrance("not_allowed", one({}, program)), /only sends/);
  assert.equal(words.hindrance("blocked", one({ why: "permission" })), "the browser may not use the camera");
  const answer = (progress, code = "", message = "") => words.answer({ act: "start", progress, code, message, atMs: 0 }).text;
  assert.equal(answer("done"), "Recording started.");
  assert.match(answer("asking"), /being asked/);
  assert.equal(answer("refused", "not_allowed", "No."), "Refused at the device.");
  assert.match(answer("refused", "forbidden", "No."), /for admins/);
  assert.equal(answer("refused", "failed", "The camera is gone."), "Not done: The camera is gone.");
  assert.equal(answer("refused", "failed"), "The device could not do it.");
  assert.equal(answer("refused", "new_code", "Rain."), "Not done: Rain.");
});

test("every act and code of the protocol has its words, in both languages", () => {
  for (const lang of ["en", "zh"]) {
    const { has } = strings(lang);
    for (const act of [...ALL, "groups"]) assert.ok(has(`devices.done.${act}`), act);
    for (const code of ["unknown_device", "unknown_group", "offline", "not_allowed", "forbidden", "no_answer", "unsupported", "busy", "failed"]) assert.ok(has(`devices.refused.${code}`), code);
    for (const why of ["tap", "permission", "no_camera", "other_tab", "hidden"]) assert.ok(has(`devices.why.${why}`), why);
  }
});

test("whom the server tells of alarms", () => {
  assert.deepEqual(parseTargets(null), { nowMs: null, silentSeconds: null, targets: [] });
  const { silentSeconds, targets } = parseTargets({
    silent_seconds: 30,
    targets: [{ name: "Phone", kind: "ntfy", last: { at_ms: 5, ok: true, message: null } }, { kind: "email", last: null, tested: { at_ms: 9, ok: false, message: "deaf" } }, 7, { name: "Hook", kind: "webhook", ok: false, message: "refused" }],
  });
  assert.equal(silentSeconds, 30);
  assert.deepEqual(targets, [
    { name: "Phone", kind: "ntfy", isOk: null, message: "", last: { atMs: 5, isOk: true, message: "" }, tested: null },
    { name: "email", kind: "email", isOk: null, message: "", last: null, tested: { atMs: 9, isOk: false, message: "deaf" } },
    { name: "Hook", kind: "webhook", isOk: false, message: "refused", last: null, tested: null },
  ]);
});

test("a test leaves its trace beside what was sent, the newest first", () => {
  const keys = (target) => attempts(target).map(({ key }) => key);
  const [sent, failed] = [{ atMs: 5, isOk: true, message: "" }, { atMs: 9, isOk: false, message: "deaf" }];
  assert.deepEqual(keys({ last: null, tested: null }), []);
  assert.deepEqual(keys({ last: sent, tested: failed }), ["devices.targets.test_failed_ago", "devices.targets.ok"]);
  assert.deepEqual(keys({ last: failed, tested: sent }), ["devices.targets.failed", "devices.targets.tested_ago"]);
});
