import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createAlarmBoard } from "../../web/lib/alarms-board.js";
import { createStrings } from "../../web/lib/strings.js";
import { createDom } from "./support/fake-dom.mjs";

const strings = createStrings(JSON.parse(readFileSync(new URL("../../web/strings/en.json", import.meta.url), "utf8")), "en");
const silent = (id) => ({ id, kind: "silent", since_ms: 1000, device: `device-${id}`, name: `Camera ${id}`, session: `s-${id}`, message: "…" });
const told = (...alarms) => ({ type: "alarms", now_ms: 10_000, alarms });

/** A page whose sound is wanted, and in the state that a test says. */
function fixture({ isRecording, mayDismiss, most = 3, sound = "running" } = {}) {
  const dom = createDom();
  const root = dom.make("section");
  dom.document.body.append(root);
  const clock = { now: 0 };
  const audio = { made: 0, tones: 0, resumed: 0, state: sound, last: null };
  const node = () => ({ frequency: {}, gain: { setValueAtTime() {}, linearRampToValueAtTime() {} }, connect: (to) => to, start: () => (audio.tones += 1), stop() {} });
  class AudioContext {
    constructor() {
      audio.made += 1;
      audio.last = this;
      this.currentTime = 0;
    }
    get state() {
      return audio.state;
    }
    resume() {
      audio.resumed += 1;
      return Promise.reject(new Error("not now"));
    }
    suspend() {
      return Promise.resolve();
    }
    createOscillator = node;
    createGain = node;
  }
  const page = {
    AudioContext,
    Element: dom.Element,
    HTMLElement: dom.Element,
    performance: { now: () => clock.now },
    innerWidth: 1200,
    document: dom.document,
    location: { pathname: "/capture", hash: "" },
    addEventListener() {},
  };
  const storage = { getItem: () => "on", setItem() {} };
  const board = createAlarmBoard({ page, root, strings, storage, most, isRecording, mayDismiss });
  const at = (ms) => {
    clock.now = ms;
    board.render();
  };
  const seen = (selector) => dom.all(selector).map((element) => element.textContent);
  return { dom, board, audio, at, seen, root };
}

test("only who may put an alarm aside for everybody is offered that", () => {
  let may = false;
  const { board, at, seen } = fixture({ mayDismiss: () => may });
  board.heard(told(silent("a")));
  const offered = () => seen(".alarm-button").includes(strings.t("alarms.dismiss"));
  assert.ok(!offered());
  may = true;
  at(1000);
  assert.ok(offered());
});

test("a server that cannot be reached is heard, stands there in words, and can be silenced", () => {
  const { dom, board, audio, at, seen } = fixture();
  board.heard(told());
  board.lost();
  at(14_000);
  assert.deepEqual([seen(".alarm-title"), audio.tones], [[], 0]);
  at(15_000);
  assert.deepEqual([seen(".alarm-title"), audio.tones], [["The server cannot be reached"], 4]);
  const [silence] = dom.all(".alarm-button").filter(({ textContent }) => textContent === "Silence");
  dom.click(silence);
  at(60_000);
  assert.equal(audio.tones, 4);
  board.heard(told());
  assert.deepEqual(seen(".alarm-title"), []);
});

test("the capture page never makes a sound, and leaves an absent server to its own line", () => {
  for (const inSession of [true, false]) {
    const { board, audio, at, seen } = fixture({ isRecording: () => inSession });
    board.heard(told(silent("a")));
    at(60_000);
    board.lost();
    for (let ms = 60_000; ms < 3_600_000; ms += 10_000) at(ms);
    assert.deepEqual([audio.made, audio.tones, seen(".alarm-title")], [0, 0, ["Camera a: nothing is being saved"]]);
    assert.deepEqual(seen(".alarm-toggle"), []);
  }
});

test("nothing leads away from a page that records", () => {
  let inSession = true;
  const { dom, board, at } = fixture({ isRecording: () => inSession, most: 1 });
  board.heard(told(silent("a"), silent("b")));
  const links = () => dom.all("a").map((link) => [link.getAttribute("href"), link.getAttribute("target") || link.target]).filter(([href]) => href !== null);
  assert.deepEqual(links(), []);
  assert.ok(dom.all(".alarm-more")[0].textContent.includes("1 more"), "how many there are is still said");
  inSession = false;
  at(1000);
  assert.deepEqual(links(), [["/devices", "_blank"], ["/devices", "_blank"]]);
});

test("whatever sounds has its button, and a sound that is blocked says so in words", () => {
  const { dom, board, audio, at, seen } = fixture({ sound: "suspended" });
  board.heard(told(silent("a")));
  assert.deepEqual(seen(".alarm-toggle"), ["Tap to hear alarms"]);
  assert.deepEqual(seen(".alarm-button").includes("Silence"), false, "nothing is heard yet");
  audio.state = "running";
  at(1000);
  assert.ok(seen(".alarm-button").includes("Silence"));
  assert.equal(audio.tones, 4);
});

test("sound that the system took away is asked for again, now and then, and when the page is seen", () => {
  const { dom, board, audio, at } = fixture();
  board.heard(told(silent("a")));
  audio.state = "interrupted";
  const before = audio.resumed;
  for (let ms = 10_000; ms <= 20_000; ms += 500) at(ms);
  assert.ok(audio.resumed - before >= 4 && audio.resumed - before <= 6, `${audio.resumed - before} times in 10 s`);
  const asked = audio.resumed;
  dom.document.visibilityState = "hidden";
  dom.document.happen({ type: "visibilitychange" });
  assert.equal(audio.resumed, asked);
  dom.document.visibilityState = "visible";
  dom.document.happen({ type: "visibilitychange" });
  assert.equal(audio.resumed, asked + 1);
});
