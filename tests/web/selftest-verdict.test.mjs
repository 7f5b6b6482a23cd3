import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { OLDEST } from "../../web/lib/environment.js";
import { OUTCOMES, PLAN, errorText, overdue, result, skipped, unexpected } from "../../web/selftest/outcomes.js";
import { reportText } from "../../web/selftest/report.js";
import { runSteps } from "../../web/selftest/runner.js";
import { decide, sentenceKey, words } from "../../web/selftest/verdict.js";
import { codecName, tenths, wordsOfTime, wordsOfTracks } from "../../web/selftest/words.js";

const strings = Object.fromEntries(
  ["en", "zh"].map((lang) => [
    lang,
    JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")),
  ]),
);

/** Names the key and the values, so that a test sees what was asked for. */
const t = (key, values) => `${key}${values ? ` ${Object.values(values).join("/")}` : ""}`;

const passed = () => PLAN.map(({ id }) => result(id, "ok"));
const withResults = (...changed) =>
  passed().map((one) => changed.find(({ step }) => step === one.step) ?? one);

test("a device that passes every step will work", () => {
  assert.deepEqual(decide(passed()), { state: "passed", failures: [], limits: [] });
});

test("warnings are limits, in the order of the steps", () => {
  const verdict = decide(withResults(result("wakelock", "missing"), result("storage", "small")));
  assert.equal(verdict.state, "warning");
  assert.deepEqual(verdict.limits.map(({ step }) => step), ["storage", "wakelock"]);
});

test("one failure decides, whatever the others say", () => {
  const results = withResults(result("certificate", "live_blocked"), result("wakelock", "missing"), skipped("record"));
  const verdict = decide(results);
  assert.equal(verdict.state, "failed");
  const said = words(verdict, t);
  assert.equal(said.reasons.length, 1);
  assert.match(said.reasons[0], /^selftest\.certificate\.live_blocked /);
  assert.match(said.actions[0], /^selftest\.certificate\.live_blocked\.do /);
  assert.deepEqual(said.limits, []);
  assert.equal(said.trust, true);
});

test("a browser that is signed in to watch is told so, and everything else still counts", () => {
  const watches = [result("record", "watches"), skipped("clock"), skipped("judge"), skipped("playback")];
  const verdict = decide(withResults(...watches));
  assert.equal(verdict.state, "failed");
  assert.match(words(verdict, t).headline, /^selftest\.verdict\.watches/);
  assert.match(words(verdict, t).actions[0], /^selftest\.record\.watches\.do /);
  const limited = [result("wakelock", "missing")];
  assert.deepEqual(words(decide(withResults(...watches, ...limited)), t).limits, words(decide(withResults(...limited)), t).limits);
  const worse = decide(withResults(...watches, result("certificate", "live_blocked")));
  assert.match(words(worse, t).headline, /^selftest\.verdict\.failed/);
  assert.equal(words(worse, t).actions.length, 2);
});

test("a test that did not run to its end has shown nothing", () => {
  for (const results of [[], withResults(skipped("judge"))]) {
    const verdict = decide(results);
    assert.equal(verdict.state, "failed");
    assert.deepEqual(words(verdict, t).reasons, ["selftest.verdict.incomplete"]);
  }
});

test("the same advice is given once", () => {
  const verdict = decide([overdue("secure", true, 5), overdue("certificate", true, 5)]);
  const fixed = (key) => key;
  assert.deepEqual(words(verdict, fixed).actions, ["selftest.overdue.do"]);
});

test("the trust page is offered only where it helps", () => {
  assert.equal(words(decide(withResults(result("permission", "denied"))), t).trust, false);
  assert.equal(words(decide(withResults(result("certificate", "exception"))), t).trust, true);
});

test("beside a refused permission a tolerated certificate is not what is offered", () => {
  const said = words(decide(withResults(result("certificate", "exception"), result("permission", "denied"))), t);
  assert.equal(said.trust, false);
  assert.equal(said.again, "selftest.again.allow");
});

test("testing again names the camera only where allowing it is the answer", () => {
  const again = (...changed) => words(decide(withResults(...changed)), t).again;
  for (const code of ["denied", "denied_system", "unanswered"]) {
    assert.equal(again(result("permission", code)), "selftest.again.allow", code);
  }
  assert.equal(again(result("permission", "busy")), "selftest.again");
  assert.equal(again(), "selftest.again");
});

test("an unexpected error fails only what recording depends on", () => {
  assert.equal(unexpected("record", true, new TypeError("x")).state, "failed");
  assert.equal(unexpected("storage", false, new TypeError("x")).state, "warning");
});

test("whatever is thrown has a text", () => {
  assert.equal(errorText(new TypeError("no")), "TypeError: no");
  assert.equal(errorText({ type: "error" }), "error");
  assert.equal(errorText("plain"), "plain");
  assert.equal(errorText(undefined), "unknown error");
  assert.equal(errorText(new Error("HTTP 500")), "HTTP 500");
  assert.equal(errorText({}), "unknown error");
});

test("a code that the table does not know is refused", () => {
  assert.throws(() => result("secure", "perhaps"), RangeError);
});

test("every outcome has its words in both languages, with the same placeholders", () => {
  const keys = ["skipped", "unexpected", "unexpected.limit", "unexpected.do", "overdue", "overdue.limit", "overdue.do"].map(
    (key) => `selftest.${key}`,
  );
  for (const [step, codes] of Object.entries(OUTCOMES)) {
    keys.push(`selftest.${step}.title`, `selftest.${step}.about`);
    for (const [code, state] of Object.entries(codes)) {
      keys.push(`selftest.${step}.${code}`);
      if (state === "warning") keys.push(`selftest.${step}.${code}.limit`);
      if (state === "failed") keys.push(`selftest.${step}.${code}.do`);
    }
  }
  for (const state of ["waiting", "running", "passed", "warning", "failed", "skipped"]) keys.push(`selftest.state.${state}`);
  for (const state of ["passed", "warning", "failed", "watches", "incomplete", "do"]) keys.push(`selftest.verdict.${state}`);
  const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  for (const key of keys) {
    for (const lang of ["en", "zh"]) assert.ok(strings[lang][key], `${lang} lacks ${key}`);
    assert.deepEqual(placeholders(strings.zh[key]), placeholders(strings.en[key]), key);
  }
});

test("both languages have the same keys of these pages, and no Chinese text is left in English", () => {
  const own = (lang) => Object.keys(strings[lang]).filter((key) => /^(selftest|trust)\./.test(key)).sort();
  assert.deepEqual(own("zh"), own("en"));
  for (const key of own("en")) assert.doesNotMatch(strings.en[key], /[\u4e00-\u9fff]/, key);
});

test("the words for browsers too old to be asked name the right versions", () => {
  for (const lang of ["en", "zh"]) {
    for (const key of ["selftest.too_old", "selftest.not_loaded"]) {
      for (const [name, version] of [["iOS", OLDEST.safari], ["Chrome", OLDEST.chromium], ["Firefox", OLDEST.firefox]]) {
        assert.ok(strings[lang][key].includes(`${name} ${version}`), `${lang} ${key} ${name}`);
      }
    }
  }
});

test("every step of the plan is in the table, and needs only earlier ones", () => {
  const seen = new Set();
  for (const { id, needs } of PLAN) {
    assert.ok(OUTCOMES[id], id);
    for (const need of needs) assert.ok(seen.has(need), `${id} needs ${need} before it`);
    seen.add(id);
  }
  assert.equal(seen.size, Object.keys(OUTCOMES).length);
});

test("the common sentences do not name the step in their key", () => {
  assert.equal(sentenceKey(skipped("clock")), "selftest.skipped");
  assert.equal(sentenceKey(result("clock", "ahead")), "selftest.clock.ahead");
  assert.equal(sentenceKey(unexpected("clock", false, 1), ".limit"), "selftest.unexpected.limit");
});

test("the run goes on past a step that throws, hangs or is missing, and skips what needed it", async () => {
  const plan = [
    { id: "a", needs: [], essential: true, seconds: 5 },
    { id: "b", needs: ["a"], essential: true, seconds: 5 },
    { id: "c", needs: ["b"], essential: true, seconds: 5 },
    { id: "d", needs: [], essential: false, seconds: 0.02 },
    { id: "e", needs: ["d"], essential: true, seconds: 5 },
    { id: "f", needs: [], essential: false, seconds: 5 },
  ];
  const started = [];
  const shown = [];
  const results = await runSteps({
    plan,
    context: null,
    steps: {
      a: async () => {
        throw new TypeError("broken");
      },
      b: async () => assert.fail("needs a"),
      d: () => new Promise(() => undefined),
      e: async () => ({ step: "e", state: "passed", code: "ok", values: {}, facts: {} }),
    },
    onStart: (id) => started.push(id),
    onResult: (one) => shown.push(one.step),
  });
  assert.deepEqual(
    results.map(({ step, state, code }) => `${step} ${state} ${code}`),
    ["a failed unexpected", "b skipped skipped", "c skipped skipped", "d warning overdue", "e passed ok", "f warning unexpected"],
  );
  assert.deepEqual(started, ["a", "d", "e", "f"]);
  assert.deepEqual(shown, ["a", "b", "c", "d", "e", "f"]);
});

test("a step that throws before it returns a promise is caught as well", async () => {
  const [one] = await runSteps({
    plan: [{ id: "a", needs: [], essential: true, seconds: 5 }],
    context: null,
    steps: {
      a: () => {
        throw new Error("at once");
      },
    },
    onStart: () => undefined,
    onResult: () => undefined,
  });
  assert.equal(one.code, "unexpected");
});

test("the report has every outcome, code and number", () => {
  const results = [
    result("secure", "ok", {}, { isSecureContext: true }),
    result("storage", "small", { free: "10 MB", minutes: 1 }, { quota_bytes: 10_000_000, persisted: null, left_out: undefined }),
  ];
  const text = reportText({ verdict: decide(results), results, environment: { user_agent: "A\nB" }, t: (key) => key });
  assert.equal(
    text,
    [
      "localcamera self-test",
      "verdict: warning - selftest.verdict.warning",
      "    - selftest.storage.small.limit",
      "user_agent: A B",
      "",
      "[passed] secure/ok: selftest.secure.ok",
      "    isSecureContext: true",
      "[warning] storage/small: selftest.storage.small",
      "    quota_bytes: 10000000",
      "    persisted: -",
      "",
    ].join("\n"),
  );
});

test("numbers read as people read them", () => {
  assert.equal(tenths(10_149), "10.1");
  assert.equal(wordsOfTime(12.4, t), "selftest.unit.ms 12");
  assert.equal(wordsOfTime(3210, t), "selftest.unit.seconds 3.2");
  assert.equal(wordsOfTime(90_000, t), "selftest.unit.seconds 90");
  assert.equal(wordsOfTime(600_000, t), "selftest.unit.minutes 10");
  assert.equal(wordsOfTime(4 * 3_600_000, t), "selftest.unit.hours 4");
  assert.equal(wordsOfTime(10 * 86_400_000, t), "selftest.unit.days 10");
});

test("tracks are named as people know them", () => {
  const tracks = [
    { kind: "video", codec: "avc1", width: 1280, height: 720 },
    { kind: "audio", codec: "mp4a.40.2" },
  ];
  assert.equal(wordsOfTracks(tracks), "1280×720 H.264, AAC");
  for (const [codec, name] of [["V_VP8", "VP8"], ["vp09.00.10.08", "VP9"], ["V_AV1", "AV1"], ["V_MPEG4/ISO/AVC", "H.264"], ["hvc1", "HEVC"], ["A_OPUS", "Opus"], ["Opus", "Opus"], ["A_PCM", "A_PCM"]]) {
    assert.equal(codecName(codec), name);
  }
});
