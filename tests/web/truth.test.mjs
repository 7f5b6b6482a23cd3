import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTruth } from "../../web/capture/truth.js";

const NOW = 1_000_000;
const FACTS = {
  phase: "recording",
  server: "good",
  serverReason: "",
  link: "up",
  everUp: true,
  cameraLost: false,
  partly: false,
  sinceMs: NOW - 60000,
  isResumed: false,
  stoppedMs: null,
  isEnding: false,
  waitingBytes: 300000,
  lostBytes: 0,
  durableWallMs: NOW - 1200,
  liveWallMs: NOW - 1200,
  durableAtMs: NOW - 300,
  handedMs: NOW - 800,
  creditBytes: 1 << 20,
  problem: "",
  refused: null,
  roomMs: 3 * 3600 * 1000,
  roomIsLow: false,
  full: null,
  keeps: "arrived",
  transport: "wss",
  elsewhere: "",
  earlier: null,
};
const truth = (facts) => describeTruth({ ...FACTS, ...facts }, NOW);

test("all is well: up to when, how long ago, what waits, and what the browser still has", () => {
  const { light, main, more, also } = truth({});
  assert.equal(light, "good");
  assert.equal(main.key, "capture.truth.good");
  assert.equal(main.values.seconds, 1);
  assert.equal(main.values.waiting, "0.3 MB");
  assert.deepEqual(more, { key: "capture.truth.browser_holds", values: { seconds: 1 } });
  assert.deepEqual(also, []);
});

test("nothing durable for five seconds is said, with its reason", () => {
  const stalled = { durableAtMs: NOW - 5000, durableWallMs: NOW - 6000 };
  assert.equal(truth({ ...stalled, durableAtMs: NOW - 4999 }).light, "good");
  for (const [facts, why] of [
    [{ link: "down" }, "connection"],
    [{ link: "connecting", everUp: false }, "server"],
    [{ creditBytes: 0 }, "storage"],
    [{ problem: "disk full" }, "storage"],
    [{ handedMs: NOW - 5000 }, "browser"],
    [{}, "confirmation"],
  ]) {
    const { light, main } = truth({ ...stalled, ...facts });
    assert.equal(light, "bad");
    assert.equal(main.key, `capture.truth.stalled.${why}`);
    assert.equal(main.values.seconds, 5);
    assert.equal(truth({ ...stalled, ...facts, durableWallMs: null }).main.key, `capture.truth.nothing.${why}`);
  }
});

test("a server that closes because it cannot write is no missing connection, and its sentence is shown", () => {
  const closed = { durableAtMs: NOW - 6000, link: "down", creditBytes: 0, problem: "The disk is full." };
  for (const everUp of [true, false]) {
    const { light, main, more, also } = truth({ ...closed, everUp });
    assert.equal(light, "bad");
    assert.equal(main.key, "capture.truth.stalled.storage");
    assert.deepEqual(more, { key: "capture.truth.waits.device.hours", values: { hours: 3 } });
    assert.deepEqual(also, [{ key: "capture.truth.server_says", values: { message: "The disk is full." } }]);
  }
  const stopped = truth({ ...closed, phase: "stopping" });
  assert.equal(stopped.main.key, "capture.truth.stopped_storage");
  assert.equal(stopped.more.key, "capture.truth.kept.arrived");
  assert.deepEqual(stopped.also, [{ key: "capture.truth.server_says", values: { message: "The disk is full." } }]);
});

test("a server whose disk is full: the recording goes on, and it is said where the video waits and for about how long", () => {
  const full = { durableAtMs: NOW - 9000, creditBytes: 0, problem: "Only 400 MB are free." };
  for (const [about, key] of [
    [{}, "device.hours"],
    [{ roomMs: 119.5 * 60000 }, "device.minutes"],
    [{ roomMs: 119999 }, "device.short"],
    [{ roomMs: null }, "device.unknown"],
    [{ keeps: "days" }, "device.hours"],
    [{ keeps: "open", roomMs: 600000 }, "page.minutes"],
    [{ keeps: "open", roomMs: null }, "page.unknown"],
  ]) {
    for (const state of [full, { durableAtMs: NOW - 9000, link: "down" }, { durableAtMs: NOW - 9000, link: "down", everUp: false }]) {
      assert.equal(truth({ ...state, ...about }).more.key, `capture.truth.waits.${key}`);
    }
  }
  assert.deepEqual(truth({ ...full, roomMs: 2 * 60000 }).more.values, { minutes: 2 });
  assert.equal(truth({ ...full, handedMs: NOW - 9000, creditBytes: 1, problem: "" }).more, null, "a silent encoder has nothing that waits");
});

test("a server that says that it cannot write is no green light, though the last second has arrived", () => {
  const { light, main, also } = truth({ creditBytes: 0, problem: "Only 400 MB are free." });
  assert.equal(light, "late");
  assert.equal(main.key, "capture.truth.good");
  assert.deepEqual(also.map(({ key }) => key), ["capture.truth.server_says"]);
  assert.deepEqual(truth({ phase: "finished", problem: "Only 400 MB are free." }).also, []);
});

test("for how long there is room is said once", () => {
  const low = { roomIsLow: true, roomMs: 5 * 60000 };
  const keys = ({ more, also }) => [more, ...also].filter(Boolean).map(({ key }) => key);
  assert.deepEqual(keys(truth({ ...low, durableAtMs: NOW - 9000, link: "down" })), ["capture.truth.waits.device.minutes"]);
  assert.deepEqual(keys(truth(low)), ["capture.truth.browser_holds", "capture.truth.room_low"]);
  assert.deepEqual(keys(truth({ ...low, durableAtMs: NOW - 9000, handedMs: NOW - 9000 })), ["capture.truth.room_low"]);
});

test("before a recording it is said where it would wait", () => {
  for (const server of ["down", "unable"]) {
    assert.equal(truth({ phase: "idle", server }).more.key, "capture.truth.would_wait");
    assert.equal(truth({ phase: "idle", server, keeps: "open" }).more.key, "capture.truth.would_wait_open");
  }
});

test("a recording of which nothing is durable counts from its start", () => {
  const fresh = { durableAtMs: null, durableWallMs: null };
  assert.equal(truth({ ...fresh, sinceMs: NOW - 2000 }).main.key, "capture.truth.first");
  assert.equal(truth({ ...fresh, sinceMs: NOW - 6000 }).light, "bad");
});

test("catching up is not good yet", () => {
  const behind = { durableWallMs: NOW - 63000, liveWallMs: NOW - 63000, waitingBytes: 12e6 };
  const { light, main, more } = truth(behind);
  assert.equal(light, "late");
  assert.equal(main.key, "capture.truth.behind");
  assert.equal(main.values.seconds, 63);
  assert.equal(more.key, "capture.truth.browser_holds");
  // An older remainder is on its way, behind what is recorded now.
  const remainder = truth({ ...behind, liveWallMs: NOW - 1000 });
  assert.equal(remainder.light, "late");
  assert.equal(remainder.main.values.seconds, 63);
  assert.equal(remainder.more.key, "capture.truth.behind_live");
});

test("a camera that is gone is never green", () => {
  assert.equal(truth({ cameraLost: true }).main.key, "capture.truth.camera_lost");
  assert.equal(truth({ cameraLost: true, phase: "starting" }).light, "bad");
});

test("after Stop: sending, finishing, offline, finished, partly", () => {
  // Nothing is said to stay on this device that has not got there yet.
  for (const link of ["up", "down"]) assert.equal(truth({ phase: "stopping", link, isEnding: true }).main.key, "capture.truth.ending");
  assert.equal(truth({ phase: "stopping" }).main.key, "capture.truth.sending");
  assert.equal(truth({ phase: "stopping", waitingBytes: 0 }).main.key, "capture.truth.finishing");
  assert.equal(truth({ phase: "stopping", link: "down" }).main.key, "capture.truth.stopped_offline");
  assert.equal(truth({ phase: "stopping", creditBytes: 0 }).main.key, "capture.truth.stopped_storage");
  assert.equal(truth({ phase: "finished" }).light, "good");
  assert.equal(truth({ phase: "finished", partly: true }).light, "bad");
});

test("a recording that goes on after a reload claims nothing of this visit before the server has confirmed it", () => {
  const again = { isResumed: true, durableAtMs: null, durableWallMs: null };
  assert.equal(truth({ ...again, sinceMs: NOW - 1000 }).main.key, "capture.truth.first_again");
  assert.equal(truth({ ...again, sinceMs: NOW - 1000 }).light, "late");
  const stalled = truth({ ...again, sinceMs: NOW - 7000, link: "down" });
  assert.equal(stalled.light, "bad");
  assert.equal(stalled.main.values.seconds, 7);
});

test("storage that is full is never green, and says since when and whose it is", () => {
  const full = { reason: "device_storage_full", sinceMs: NOW - 1000 };
  for (const phase of ["recording", "starting"]) {
    const { light, code, main, more } = truth({ phase, full });
    assert.equal(light, "bad");
    assert.equal(code, "full-device");
    assert.equal(main.key, "capture.truth.full.device");
    assert.equal(more.key, "capture.truth.full_more");
  }
  const server = truth({ full: { ...full, reason: "server_disk_full" }, problem: "Less than 1 GB is free." });
  assert.equal(server.code, "full-server");
  assert.equal(server.more.key, "capture.truth.full_more");
  assert.deepEqual(server.also, [{ key: "capture.truth.server_says", values: { message: "Less than 1 GB is free." } }]);
});

test("beside it: HTTPS requests, another address, storage that is nearly full", () => {
  const keys = (facts) => truth(facts).also.map(({ key }) => key);
  assert.deepEqual(keys({ transport: "https" }), ["capture.truth.by_https"]);
  assert.deepEqual(keys({ transport: "https", link: "down" }), [], "how it would be sent is no news while it is not");
  assert.deepEqual(truth({ elsewhere: "https://10.0.0.2:5001" }).also, [
    { key: "capture.truth.elsewhere", values: { address: "https://10.0.0.2:5001" } },
  ]);
  assert.deepEqual(truth({ roomIsLow: true, roomMs: 12 * 60000 }).also, [{ key: "capture.truth.room_low", values: { minutes: 12 } }]);
  assert.deepEqual(keys({ roomIsLow: true, roomMs: 30000 }), ["capture.truth.room_low_now"]);
  assert.deepEqual(keys({ roomIsLow: true, phase: "idle" }), []);
});

test("beside it: an earlier recording on its way, in every phase", () => {
  const earlier = { when: "20 Nov, 08:31", linked: true, waitingBytes: 34e6, wholeBytes: 120e6, behind: 0, behindBytes: 0 };
  for (const phase of ["idle", "recording", "stopping", "finished", "error"]) {
    assert.deepEqual(truth({ phase, earlier }).also, [
      { key: "capture.truth.earlier.sending", values: { when: "20 Nov, 08:31", waiting: "34 MB", whole: "120 MB" } },
    ]);
  }
  const keys = (about) => truth({ earlier: { ...earlier, ...about } }).also.map(({ key }) => key);
  assert.deepEqual(keys({ linked: false }), ["capture.truth.earlier.waiting"]);
  assert.deepEqual(keys({ waitingBytes: 0 }), ["capture.truth.earlier.finishing"]);
  assert.deepEqual(keys({ behind: 1 }), ["capture.truth.earlier.sending", "capture.truth.earlier.more.one"]);
  assert.deepEqual(keys({ behind: 2 }), ["capture.truth.earlier.sending", "capture.truth.earlier.more"]);
});

test("after Stop it is said for how long what waits stays here", () => {
  for (const keeps of ["open", "days", "arrived"]) {
    assert.equal(truth({ phase: "stopping", keeps }).more.key, `capture.truth.keep.${keeps}`);
    assert.equal(truth({ phase: "stopping", link: "down", keeps }).more.key, `capture.truth.kept.${keeps}`);
  }
});

test("what the server will never have is said beside it while the recording goes on, and until it is finished", () => {
  const lost = { key: "capture.truth.lost", values: { size: "12 MB" } };
  for (const phase of ["recording", "starting", "stopping"]) assert.deepEqual(truth({ phase, lostBytes: 12e6 }).also, [lost]);
  assert.deepEqual(truth({ phase: "idle", lostBytes: 12e6 }).also, []);
  assert.equal(truth({ phase: "recording", lostBytes: 12e6 }).light, "late", "no green beside a loss");
});

test("a device that is not let in says so at once, with what is safe and what waits", () => {
  for (const refused of ["not_paired", "revoked"]) {
    const cut = truth({ link: "down", refused });
    assert.deepEqual([cut.light, cut.main.key, cut.main.values.waiting, cut.main.values.time], ["bad", `capture.truth.outside.stalled.${refused}`, "0.3 MB", truth({}).main.values.time]);
    assert.equal(cut.more.key, "capture.truth.waits.device.hours", "it goes on");
    const fresh = truth({ link: "down", refused, durableWallMs: null, durableAtMs: null });
    assert.equal(fresh.main.key, `capture.truth.outside.nothing.${refused}`);
    const stopped = truth({ phase: "stopping", link: "down", refused });
    assert.deepEqual([stopped.light, stopped.main.key, stopped.more.key], ["bad", `capture.truth.outside.stopped.${refused}`, "capture.truth.kept.arrived"]);
  }
  // What prevents the recording itself comes first.
  assert.equal(truth({ refused: "revoked", cameraLost: true }).main.key, "capture.truth.camera_lost");
  assert.equal(truth({ refused: "revoked", full: { reason: "device_storage_full", sinceMs: NOW } }).main.key, "capture.truth.full.device");
});

test("while nothing is recorded, what an earlier visit left tells that the device is not let in", () => {
  const earlier = { when: "20 Nov, 08:31", linked: false, isRefused: true, waitingBytes: 34e6, wholeBytes: 120e6, behind: 0, behindBytes: 0 };
  const { light, main, more, also } = truth({ phase: "idle", server: "good", earlier });
  assert.deepEqual([light, main.key, more.key], ["bad", "capture.truth.outside.idle", "capture.truth.would_wait"]);
  assert.deepEqual(also.map(({ key }) => key), ["capture.truth.earlier.outside"]);
});
