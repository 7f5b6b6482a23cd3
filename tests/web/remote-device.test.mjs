import assert from "node:assert/strict";
import { test } from "node:test";
import { describeDevice, obstacle, qualityId } from "../../web/capture/remote-device.js";
import { readQuality } from "../../web/capture/remote-answers.js";
import { idle, recording } from "./support/capture-state.mjs";

const here = (state, more = {}) => ({ state, hidden: false, otherTab: false, touched: true, denied: false, openingMs: 0, ...more });
const device = { id: "device-7q2m", key: "k".repeat(43), name: "Front door" };
const told = (situation, more = {}) =>
  describeDevice({ situation, mode: "ask", device, client: "localcamera-web/1", numbered: (number) => `Camera ${number}`, ...more });
const blocked = (key, more) => here(idle({ opened: null, fault: { key, values: {} } }), more);

test("a device that could record tells who it is, what it can and what it would record with", () => {
  const message = told(here(idle()));
  assert.deepEqual({ ...message, qualities: message.qualities.length }, {
    type: "device",
    device: "device-7q2m",
    key: "k".repeat(43),
    name: "Front door",
    client: "localcamera-web/1",
    control: "ask",
    can: ["start", "stop", "mark", "camera", "quality", "name"],
    state: "idle",
    session: null,
    since_ms: null,
    why: null,
    camera: "front",
    cameras: [{ id: "front", label: "Front camera" }, { id: "back", label: "Camera 2" }],
    quality: "720p,standard",
    qualities: 12,
  });
});

test("each quality that is told is one that a command may name, and the one in use is among them", () => {
  const { qualities, quality } = told(here(idle()));
  assert.ok(qualities.includes(quality));
  for (const id of qualities) assert.equal(qualityId({ ...readQuality(id) }), id);
});

test("while it records, the session and since when, in whole milliseconds", () => {
  const { state, session, since_ms, why } = told(here(recording()));
  assert.deepEqual([state, session, since_ms, why], ["recording", "s-1", 900, null]);
});

test("its states", () => {
  const state = (...about) => told(here(...about)).state;
  assert.equal(state(recording({ name: "starting", phase: "starting" })), "starting");
  assert.equal(state(recording({ name: "offline" })), "recording");
  assert.equal(state(idle({ name: "stopping", phase: "stopping" })), "stopping");
  assert.equal(state(idle({ name: "finished", phase: "finished" })), "idle");
  // A recording whose camera is gone is one, and a page that is hidden while it records, too.
  const lost = told(here(recording({ name: "starting", cameraLost: true, opened: null })));
  assert.deepEqual([lost.state, lost.why], ["recording", "no_camera"]);
  assert.equal(state(recording(), { hidden: true }), "recording");
});

test("why no recording can begin", () => {
  assert.equal(obstacle(here(idle())), null);
  assert.equal(obstacle(here(idle(), { hidden: true })), "hidden");
  assert.equal(obstacle(here(idle(), { hidden: true, otherTab: true })), "other_tab");
  assert.equal(obstacle(blocked("error.permission")), "permission");
  assert.equal(obstacle(blocked("error.permission", { touched: false })), "tap");
  assert.equal(obstacle(blocked("error.permission", { touched: false, denied: true })), "permission");
  assert.equal(obstacle(blocked("error.permission_system", { touched: false })), "permission");
  assert.equal(obstacle(blocked("error.no_camera")), "no_camera");
  assert.equal(obstacle(blocked("error.camera_in_use")), "no_camera");
  const opening = idle({ opened: null, opening: true });
  assert.equal(obstacle(here(opening, { openingMs: 900 })), null, "a camera takes a moment");
  assert.equal(obstacle(here(opening, { openingMs: 4000 })), "permission", "the browser is asking");
  assert.deepEqual([told(blocked("error.no_camera")).state, told(blocked("error.no_camera")).why], ["blocked", "no_camera"]);
});

test("what the person permits is told, and what cannot be done is not offered", () => {
  const off = told(here(idle()), { mode: "off" });
  assert.deepEqual([off.control, off.can.length], ["none", 6], "whoever asks nevertheless hears that it is turned off");
  assert.equal(told(here(idle()), { mode: "always" }).control, "allowed");
  const one = told(here(idle({ devices: { cameras: [{ id: "only", label: "" }], microphones: [] }, types: [] })));
  assert.deepEqual(one.can, ["stop", "mark", "name"]);
});

test("no list and no text is longer than the server takes", () => {
  const cameras = Array.from({ length: 40 }, (_, index) => ({ id: `c${index}`, label: "📷".repeat(300) }));
  const message = told(here(idle({ devices: { cameras: [{ id: "", label: "" }, ...cameras], microphones: [] } })));
  assert.equal(message.cameras.length, 16);
  assert.equal(message.cameras[0].id, "c0", "one without an id cannot be named");
  assert.equal(Array.from(message.cameras[0].label).length, 40);
  const { type, device, key, name, client, ...report } = message;
  assert.ok(new TextEncoder().encode(JSON.stringify(report)).length < 4096);
  assert.ok(message.qualities.length <= 16);
});
