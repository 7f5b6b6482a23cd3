import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf, fieldOf, newDraft, readDraft, readForTest, slugOf } from "../../web/sources/form.js";
import { formatsOf } from "../../web/sources/formats.js";
import { usualHours } from "../../web/sources/hours.js";
import { addressToAdd, linkToAdd } from "../../web/sources/route.js";
import { parseSources } from "../../web/sources/sources.js";

const NEW = { taken: [], before: null };
const read = (kind, more, about = NEW) => readDraft({ ...newDraft(kind), name: "Door", ...more }, about);
const told = (more) => parseSources({ sources: [{ source: "door", name: "Door", kind: "rtsp", address: "rtsp://192.168.1.20/1", user: "viewer", has_password: true, from: "page", state: "live", ...more }] }).sources[0];

test("each kind tells the server what belongs to it, and nothing else", () => {
  const extra = { path: "x.mp4", device: "0", size: "1280x720", transport: "udp" };
  assert.deepEqual(read("rtsp", { ...extra, address: "192.168.1.20/1", small_address: "192.168.1.20/2", user: " viewer ", password: " p " }).spec, {
    source: "door", name: "Door", kind: "rtsp", address: "rtsp://192.168.1.20/1", small_address: "rtsp://192.168.1.20/2", transport: "udp", user: "viewer", password: " p ", sound: true, record: true,
  });
  assert.deepEqual(read("camera", { ...extra, frames_per_second: "12,5", bitrate_kbps: "2000", sound_device: "hw:1" }).spec, {
    source: "door", name: "Door", kind: "camera", device: "0", size: "1280x720", frames_per_second: 12.5, bitrate_kbps: 2000, sound: "hw:1", record: true,
  });
  assert.deepEqual(read("file", extra).spec, { source: "door", name: "Door", kind: "file", path: "x.mp4", sound: true, record: false });
  assert.deepEqual(read("pattern", { ...extra, size: " 640 X 480", sound: false, sound_device: "hw:1" }).spec, { source: "door", name: "Door", kind: "pattern", size: "640x480", sound: false, record: false });
});

test("what is wrong is named at its field", () => {
  const problems = (kind, more) => read(kind, more).problems;
  assert.deepEqual(problems("rtsp", { name: " ", address: "" }), { name: "empty", address: "empty" });
  assert.deepEqual(problems("rtsp", { name: "x".repeat(81), address: "ftp://x", small_address: "ftp://x" }), { name: "long", address: "scheme", small_address: "scheme" });
  assert.deepEqual(problems("rtsp", { address: "cam", password: "x" }), { user: "needed" });
  assert.deepEqual(problems("camera", { size: "big", frames_per_second: "-1", bitrate_kbps: "fast" }), { device: "empty", size: "range.size", frames_per_second: "range.frames_per_second", bitrate_kbps: "range.bitrate_kbps" });
  assert.deepEqual(Object.keys(problems("pattern", { size: "7681x100", frames_per_second: "500", bitrate_kbps: "49" })), ["size", "frames_per_second", "bitrate_kbps"]);
  assert.deepEqual(problems("pattern", { size: "7680x4320", frames_per_second: "0,5", bitrate_kbps: "50" }), {});
  assert.deepEqual(problems("file", {}), { path: "empty" });
  assert.deepEqual(problems("pattern", { record: true, hours: [] }), { hours: "hours" });
  assert.deepEqual(problems("pattern", { record: true, hours: [{ ...usualHours(), days: [] }] }), { hours: "hours" });
  assert.equal(read("rtsp", { address: "" }).spec, null);
});

test("a login that was pasted with the address does not stay in it", () => {
  const { spec } = read("rtsp", { address: "rtsp://admin:secret@cam/1", small_address: "rtsp://admin:secret@cam/2", user: "old", password: "older" });
  assert.deepEqual([spec.address, spec.small_address, spec.user, spec.password], ["rtsp://cam/1", "rtsp://cam/2", "admin", "secret"]);
});

test("a password that is kept is not sent; for another host or user it is asked for", () => {
  const before = told();
  const change = (more) => readDraft({ ...draftOf(before), ...more }, { taken: ["door"], before });
  const same = change({ name: "Back door", address: "rtsp://192.168.1.20:554/other" }).spec;
  assert.deepEqual([same.source, same.name, "password" in same], ["door", "Back door", false]);
  for (const more of [{ address: "rtsp://192.168.1.21/1" }, { address: "rtsp://192.168.1.20:8554/1" }, { address: "rtsps://192.168.1.20/1" }, { small_address: "rtsp://192.168.1.21/1" }]) assert.deepEqual(change(more).problems, { password: "again" }, JSON.stringify(more));
  assert.deepEqual(change({ user: "admin" }).problems, { password: "again" });
  assert.equal(change({ user: "admin", password: "new" }).spec.password, "new");
  assert.deepEqual("user" in change({ user: "" }).spec, false, "without a user there is no password");
});

test("a form that was opened while the camera was paused does not pause it again", () => {
  const paused = told({ state: "paused" });
  assert.equal("paused" in readDraft(draftOf(paused), { taken: [], before: paused }).spec, false);
});

test("an address as long as the server takes it goes back whole", () => {
  const [address, small_address] = ["1", "2"].map((path) => `rtsp://192.168.1.20/${path}`.padEnd(2048, "x"));
  const before = told({ address, small_address });
  const { spec } = readDraft(draftOf(before), { taken: ["door"], before });
  assert.deepEqual([spec.address, spec.small_address], [address, small_address]);
});

test("an address that the server has is good as it is, and where it is changed it is read like any other", () => {
  const before = told({ address: "rtsp://192.168.1.20/stream@1", small_address: "rtsp://192.168.1.20/s?to=a@b" });
  const change = (more) => readDraft({ ...draftOf(before), ...more }, { taken: ["door"], before });
  assert.deepEqual([change({}).spec.address, change({}).spec.small_address], [before.address, before.smallAddress]);
  assert.deepEqual(change({ address: "rtsp://192.168.1.20/stream@2" }).problems, { address: "login" });
});

test("what is known of a source fills the form, and comes out as it went in", () => {
  const before = told({ small_address: "rtsp://192.168.1.20/2", transport: "udp", sound: false, record: true, hours: ["mon-fri 08:00-18:00"] });
  const draft = draftOf(before);
  assert.equal(draft.password, "");
  assert.deepEqual(readDraft(draft, { taken: ["door"], before }).spec, {
    source: "door", name: "Door", kind: "rtsp", address: "rtsp://192.168.1.20/1", small_address: "rtsp://192.168.1.20/2", transport: "udp", user: "viewer", sound: false, record: true, hours: ["mon-fri 08:00-18:00"],
  });
  const resting = readDraft({ ...draft, record: false }, { taken: ["door"], before });
  assert.deepEqual([resting.spec.record, resting.spec.hours], [false, ["mon-fri 08:00-18:00"]], "the hours are kept");
  assert.deepEqual(readDraft({ ...draft, record: false, hours: [] }, { taken: ["door"], before }).problems, {});
  assert.equal(draftOf(told({ kind: "camera", sound: "hw:1" })).sound_device, "hw:1");
});

test("names in addresses are of letters that they may have, and free", () => {
  assert.equal(slugOf("Front Door", "rtsp", []), "front-door");
  assert.equal(slugOf("Tür & Café 2", "rtsp", []), "tur-cafe-2");
  assert.equal(slugOf("大门口", "rtsp", ["camera", "camera-2"]), "camera-3");
  assert.equal(slugOf("大门口", "pattern", []), "pattern");
  assert.equal(slugOf("Door", "rtsp", ["door-small"]), "door-2");
  assert.equal(slugOf("Door small", "rtsp", ["door"]), "door-small-2");
  assert.match(slugOf("x".repeat(200), "rtsp", []), /^x{54}$/);
});

test("a test needs no name, and records nothing", () => {
  const { spec, problems } = readForTest({ ...newDraft("rtsp"), address: "cam", hours: [] }, NEW);
  assert.deepEqual([problems, spec.record, "hours" in spec], [{}, false, false]);
});

test("a refusal stands at the field that it is about", () => {
  const refusal = (error) => fieldOf({ error }, "rtsp");
  assert.equal(refusal({ code: "exists" }), "name");
  assert.equal(refusal({ code: "bad_source", message: "address: an address is rtsp://HOST/PATH" }), "address");
  assert.equal(refusal({ code: "bad_source", message: "source = \"a b\" is not allowed: …" }), "name");
  assert.equal(refusal({ code: "bad_source", message: "device is missing" }), null, "not in this form");
  assert.equal(refusal({ code: "too_many", message: "address books are full" }), null);
  assert.equal(fieldOf(null, "rtsp"), null);
  assert.equal(fieldOf({ error: "no" }, "rtsp"), null);
});

test("what a camera can deliver, the largest first", () => {
  assert.deepEqual(formatsOf(["yuyv422 640x480 30", "mjpeg 1920x1080 25", "mjpeg 640x480 60.0", "odd"]), { sizes: ["1920x1080", "640x480"], rates: ["60", "30", "25"] });
});

test("a link that opens the form carries no password", () => {
  assert.deepEqual(addressToAdd(linkToAdd("rtsp://cam/a?b=c&d", "admin").replace(/^[^#]*/, "")), { address: "rtsp://cam/a?b=c&d", user: "admin" });
  assert.deepEqual(addressToAdd("#add=rtsp%3A%2F%2Fa%3Asecret%40cam%2F1"), { address: "rtsp://cam/1", user: "a" });
  assert.deepEqual(addressToAdd("#add="), { address: "", user: "" });
  assert.equal(addressToAdd("#other"), null);
});
