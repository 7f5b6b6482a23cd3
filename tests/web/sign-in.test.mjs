import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AccessError } from "../../web/lib/access.js";
import { createStrings } from "../../web/lib/strings.js";
import { createCodeBox, readCode, shownCode } from "../../web/sign-in/code.js";
import { stageOf } from "../../web/sign-in/stage.js";
import { refusedWords } from "../../web/sign-in/words.js";

const strings = (lang) => createStrings(JSON.parse(readFileSync(new URL(`../../web/strings/${lang}.json`, import.meta.url), "utf8")), lang);

test("a code is read however it is written", () => {
  for (const text of ["123456", "123 456", " 12-34-56 ", "１２３４５６", "Code: 123 456.", "1\u00a02\u20033 456"]) {
    assert.deepEqual(readCode(text), { digits: "123456", secret: null, isWhole: true, isTooLong: false }, text);
  }
  assert.deepEqual(readCode("12345"), { digits: "12345", secret: null, isWhole: false, isTooLong: false });
  assert.deepEqual(readCode("1234567"), { digits: "1234567", secret: null, isWhole: false, isTooLong: true });
  assert.equal(readCode("").digits, "");
});

test("a link that is pasted into the box is a link", () => {
  const secret = "b".repeat(43);
  assert.deepEqual(readCode(` https://192.168.1.3:5001/#pair=${secret} `), { digits: "", secret, isWhole: true, isTooLong: false });
});

test("half of it is set apart, once there is more", () => {
  assert.deepEqual(["", "1", "123", "1234", "123456", "1234567"].map(shownCode), ["", "1", "123", "123 4", "123 456", "123 4567"]);
});

test("six digits are tried by themselves, once, until something else stands there", () => {
  const box = createCodeBox();
  assert.deepEqual(box.entered("12345"), { shown: "123 45", isTooLong: false, send: null });
  assert.equal(box.entered("123 456").send, "123456");
  assert.equal(box.entered("123 456").send, null, "the browser says so twice");
  assert.equal(box.pressed("123 456"), "123456", "but it may be asked for");
  assert.equal(box.entered("123 45").send, null);
  assert.equal(box.entered("123 456").send, "123456", "typed anew");
  box.clear();
  assert.equal(box.entered("123 456").send, "123456");
  assert.deepEqual(box.entered("123 4567"), { shown: "123 4567", isTooLong: true, send: null });
  assert.equal(box.pressed("123"), null);
});

test("digits of which the server has said that they are not right are not sent again; others and a retry are", () => {
  const box = createCodeBox();
  assert.equal(box.entered("123 456").send, "123456");
  box.refused("wrong_code");
  assert.ok(box.isRefused(box.pressed("123 456")), "each attempt counts");
  assert.equal(box.entered("123 45").send, null);
  assert.equal(box.entered("123 457").send, "123457");
  assert.ok(!box.isRefused("123457"));
  for (const why of ["no_answer", "too_many", "storage"]) {
    box.refused(why);
    assert.ok(!box.isRefused(box.pressed("123 457")), why);
  }
  assert.ok(!box.isRefused(box.pressed("")));
});

test("the secret of a pasted link is tried, and not shown to those who stand around", () => {
  const secret = "c".repeat(43);
  assert.deepEqual(createCodeBox().entered(`https://x/#pair=${secret}`), { shown: "", isTooLong: false, send: secret });
});

test("what stands at the door", () => {
  const you = (who, role = null) => ({ who, role, id: "", name: "", scope: null });
  const stage = (mode, me, more = {}) => stageOf({ mode, canDecide: false, hasPasswords: false, you: me, ...more }, { records: more.records !== false });
  assert.equal(stage("paired", you("nobody")), "code");
  assert.equal(stage("undecided", you("nobody")), "not_set_up");
  assert.equal(stage("undecided", you("nobody"), { canDecide: true }), "first");
  assert.equal(stage("paired", you("nobody"), { canDecide: true }), "first", "the answer to the decision was lost");
  assert.equal(stage("network", you("everyone")), "in");
  assert.equal(stage("open", you("open", "admin"), { canDecide: true }), "in");
  for (const role of ["camera", "admin"]) assert.equal(stage("paired", you("browser", role)), "in");
  assert.equal(stage("paired", you("browser", "viewer")), "watches");
  assert.equal(stage("paired", you("browser", "viewer"), { records: false }), "in");
  for (const mode of ["network", "open"]) assert.equal(stage(mode, you("browser", "viewer")), "in");
});

test("each refusal says what happened and what to do, in both languages", () => {
  const errors = [
    ...["wrong_code", "code_ended", "wrong_password", "decided", "no_answer", "no_cookie", "odd"].map((code) => new AccessError(code)),
    new AccessError("storage", { status: 507, message: "The state folder cannot be written." }),
    ...[null, 5000, 60_000, 61_000, 600_000].map((retryAfterMs) => new AccessError("too_many", { status: 429, retryAfterMs })),
    null,
    new TypeError("x is not a function"),
  ];
  for (const lang of ["en", "zh"]) {
    const { t, has } = strings(lang);
    for (const isLink of [false, true]) {
      const said = errors.map((error) => refusedWords(error, { isLink }));
      for (const { key, values } of said) {
        assert.ok(has(key), key);
        assert.doesNotMatch(t(key, values), /\{\w+\}/);
      }
    }
  }
  const key = (error, isLink = false) => refusedWords(error, { isLink }).key;
  assert.equal(key(errors[0]), "sign_in.refused.wrong_code");
  assert.equal(key(errors[0], true), "sign_in.refused.link", "nobody looks at the digits of a link");
  assert.equal(key(errors[1]), "sign_in.refused.code_ended");
  assert.equal(key(errors[6]), "sign_in.refused.unknown");
  assert.deepEqual(refusedWords(errors[7], { isLink: false }).values, { message: "The state folder cannot be written." });
  assert.deepEqual(errors.slice(8, 13).map((error) => refusedWords(error, { isLink: false }).values.minutes), [undefined, undefined, 1, 2, 10]);
});
