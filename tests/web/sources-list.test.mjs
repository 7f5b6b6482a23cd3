import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createStrings } from "../../web/lib/strings.js";
import { isOfSource, parseCameras, parseSources } from "../../web/sources/sources.js";
import { parseTranscoders } from "../../web/sources/transcoders.js";
import { createSourceWords } from "../../web/sources/words.js";

const strings = (lang) => createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang === "zh" ? "zh-Hans" : lang);
const words = createSourceWords(strings("en"));
const NOW = 1_000_000;
const RTSP = { kind: "rtsp", address: "rtsp://cam/1" };
const one = (more) => parseSources({ sources: [{ source: "door", kind: "rtsp", record: true, ...more }] }).sources[0];
const state = (more) => words.state(one(more), { nowMs: NOW, isKnown: true });
const plain = (text) => text.replace(/\u2060/g, "");

test("the list, in an order that stays, whatever is left out or wrong", () => {
  assert.equal(parseSources({ type: "devices", devices: [] }), null);
  assert.equal(parseSources(null), null);
  const list = parseSources({ now_ms: 9, sources: [{ source: "b", name: "Camera 10" }, null, {}, { source: "a", name: "camera 2", kind: "hologram", state: "dancing", hours: [1, "x"], code: 7 }, { source: "a" }] });
  assert.deepEqual([list.nowMs, list.sources.map(({ source }) => source)], [9, ["a", "b"]]);
  const [odd] = list.sources;
  assert.deepEqual([odd.kind, odd.state, odd.hours, odd.code, odd.sound, odd.record, odd.isWithinHours], [null, "connecting", ["x"], null, true, false, true]);
  assert.equal(one({ name: "\u202eDoor\n1" }).name, "Door 1");
});

test("what the server fetches is not among the devices", () => {
  const sources = [one({ stream: "door", small_stream: "door-small" }), one({ source: "yard" })];
  const is = (device, stream) => isOfSource({ device, stream }, sources);
  assert.deepEqual([is("source_door", null), is("x", "door-small"), is("x", "yard"), is("device-1", null), is("device-1", "device-1")], [true, true, true, false, false]);
});

test("what a source does, and whether it is recorded", () => {
  const live = { state: "live", since_ms: NOW - 120_000 };
  assert.deepEqual(state({ ...live, is_recording: true }), { tone: "good", text: "live for 2 min · recording" });
  assert.deepEqual(state({ ...live, record: false }), { tone: "good", text: "live for 2 min · is not recorded" });
  assert.deepEqual(state({ ...live, within_hours: false }), { tone: "good", text: "live for 2 min · not recording at this hour" });
  assert.deepEqual(state(live), { tone: "late", text: "live for 2 min · is not being recorded now" }, "it should be");
  assert.deepEqual(state({ state: "paused", since_ms: NOW - 5000 }), { tone: "", text: "paused for 5 s" });
  assert.deepEqual(state({ state: "connecting", since_ms: NOW - 5000 }), { tone: "late", text: "connecting …" });
  assert.deepEqual(state({ state: "connecting", since_ms: NOW - 60_000, code: "silent" }), { tone: "bad", text: "no picture for 60 s" }, "tried again");
  assert.deepEqual(state({ state: "waiting", since_ms: NOW - 60_000 }), { tone: "bad", text: "no picture for 60 s" });
  assert.deepEqual(state({ state: "waiting", since_ms: NOW + 60_000 }), { tone: "bad", text: "no picture" }, "clocks that differ");
  assert.equal(words.state(one(live), { nowMs: NOW, isKnown: false }).text, "no news");
});

test("why it does not, in words, and when it is tried again", () => {
  const why = (more) => words.why(one({ state: "waiting", ...more }));
  assert.match(why({ code: "unauthorized", message: "…" }), /user name and password/);
  assert.equal(why({ code: "struck_by_lightning", message: "it burns" }), "Not to be had: it burns");
  assert.equal(why({ code: "struck_by_lightning" }), "The server does not say why.");
  assert.equal(words.why(one({ state: "live", code: "silent" })), "");
  const small = one({ state: "live", small_address: "rtsp://cam/2", small_code: "bad_address", small_message: "404 Not Found" });
  assert.match(words.why(small), /^The smaller picture does not come, .* nothing to fetch at this address/);
  assert.equal(words.exactly(small), "Exactly: 404 Not Found");
  assert.match(words.why({ ...small, state: "waiting", code: "unreachable" }), /^The camera cannot be reached/, "that says more");
  assert.match(why({ kind: "camera", code: "no_camera" }), /plugged in/);
  assert.match(why({ kind: "file", code: "bad_address" }), /no such file/);
  assert.match(why({ address: "rtsp://cam/1", code: "bad_address" }), /address/);
  assert.match(why({ address: "rtsps://cam/1", code: "stopped" }), /encryption/);
  assert.match(why({ address: "rtsp://cam/1", code: "stopped" }), /ended\.$/);
  assert.equal(words.exactly(one({ code: "unreachable", message: "connection refused" })), "Exactly: connection refused");
  assert.equal(words.exactly(one({ code: "unauthorized", message: "the camera says no" })), "");
  const retry = (ms) => words.retry(one({ state: "waiting", retry_at_ms: NOW + ms }), NOW);
  assert.deepEqual([retry(8000), retry(500), retry(-9000)], ["Next attempt in 8 s.", "Trying again …", "Trying again …"]);
  assert.equal(words.retry(one({ state: "live", retry_at_ms: NOW }), NOW), "");
  assert.deepEqual([words.retry(one({ state: "connecting" }), NOW), words.retry(one({ state: "connecting", code: "silent" }), NOW)], ["", "Trying again …"]);
});

test("every reason of the server's has a sentence in both languages", () => {
  for (const lang of ["en", "zh"]) {
    for (const code of ["bad_address", "unauthorized", "unreachable", "no_camera", "no_ffmpeg", "not_media", "silent", "ended", "stopped", "other_codec", "over"]) assert.ok(strings(lang).has(`sources.why.${code}`), `${lang} ${code}`);
  }
});

test("hours as people say them", () => {
  const said = (hours, lang = "en") => plain(createSourceWords(strings(lang)).hours(one({ hours })));
  assert.equal(said(["mon-fri 08:00-18:00", "sat,sun 22:00-02:00"]), "Mon–Fri 08:00–18:00, Sat, Sun 22:00–02:00");
  assert.equal(said(["06:00-24:00"]), "every day 06:00–24:00");
  assert.equal(said(["mon,wed-fri 08:00-09:00"], "zh"), "周一、周三–周五 08:00–09:00");
  assert.equal(said(["whenever it rains"]), "whenever it rains", "of a newer server");
  assert.equal(said([]), "");
  assert.equal(words.hours(one({ record: false, hours: ["mon 08:00-09:00"] })), "");
});

test("where it comes from, and what a test has shown", () => {
  assert.equal(words.from(one({ address: "rtsp://cam/1" })), "rtsp://cam/1");
  assert.equal(words.from(one({ kind: "pattern", size: "640x480" })), "Test pattern · 640 × 480");
  assert.equal(words.from(one({ kind: "hologram" })), "");
  assert.deepEqual(["0", "/dev/video0", "USB Camera"].map((device) => words.from(one({ kind: "camera", device }))), ["Attached camera, number 0", "/dev/video0", "USB Camera"]);
  assert.deepEqual(words.outcome({ ok: true, video: { codec: "avc1.640028", width: 1920, height: 1080 }, audio: { codec: "pcma" } }, RTSP), { tone: "good", text: "It works.", more: "Picture 1920 × 1080, H.264; sound G.711" });
  assert.deepEqual(words.outcome({ ok: true, video: null, audio: null }, RTSP), { tone: "late", text: "It works.", more: "no picture; no sound" });
  assert.deepEqual([words.outcome({ ok: false, code: "silent", message: "nothing came for 10 s" }, RTSP).tone, words.outcome({ ok: false, code: "silent", message: "nothing came for 10 s" }, RTSP).more], ["bad", "nothing came for 10 s"]);
  assert.equal(words.outcome(null, RTSP).tone, "bad");
  const both = { kind: "rtsp", address: "rtsp://cam/1", small_address: "rtsps://cam/2" };
  const large = { ok: true, video: { codec: "h264", width: 1920, height: 1080 }, audio: null };
  assert.deepEqual(words.outcome({ ...large, small: { ok: true, video: { codec: "h264", width: 640, height: 360 }, audio: null } }, both), {
    tone: "good",
    text: "It works.",
    more: "Picture 1920 × 1080, H.264; no sound; smaller picture 640 × 360, H.264",
  });
  const half = words.outcome({ ...large, small: { ok: false, code: "stopped", message: "404" } }, both);
  assert.match(half.text, /^It works, but the smaller picture does not come\. .*encryption/);
  assert.deepEqual([half.tone, half.more], ["late", "404"]);
  assert.match(words.outcome({ ok: false, code: "stopped", message: "" }, { kind: "rtsp", address: " RTSPS://cam/1" }).text, /encryption/);
});

test("attached cameras, and what is converted", () => {
  assert.deepEqual(parseCameras({ ffmpeg: false }), { hasFfmpeg: false, cameras: [] });
  assert.deepEqual(parseCameras({ cameras: [{ id: "/dev/video0", formats: ["mjpeg 1x1 1", 7] }, { id: 0, name: "FaceTime" }, {}, null] }), {
    hasFfmpeg: true,
    cameras: [{ id: "/dev/video0", name: "/dev/video0", formats: ["mjpeg 1x1 1"] }, { id: "0", name: "FaceTime", formats: [] }],
  });
  assert.deepEqual(parseTranscoders({ transcoders: [{ format: "mpegts", detail: "640x480", state: "running", since_ms: 5, clients: 2, packets: 10, bytes: 1880, log: ["a", 7, "b"] }, { format: "" }, null] }), [
    { format: "mpegts", detail: "640x480", state: "running", sinceMs: 5, restarts: 0, clients: 2, packets: 10, bytes: 1880, log: ["a", "b"] },
  ]);
  assert.deepEqual(parseTranscoders({}), []);
});
