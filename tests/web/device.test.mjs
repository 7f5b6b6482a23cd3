import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanName, loadDevice, machineName, NAME_CHARACTERS, randomId } from "../../web/lib/device.js";

const IPAD = {
  userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
  maxTouchPoints: 5,
};

function storage() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

test("id, key and name last", () => {
  const kept = storage();
  const first = loadDevice(kept, IPAD);
  assert.match(first.id, /^[A-Za-z0-9_-]{8,64}$/);
  assert.match(first.key, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(first.name, "iPad");
  first.rename("  Lab\n bench  2 ");
  const second = loadDevice(kept, IPAD);
  assert.equal(second.id, first.id);
  assert.equal(second.key, first.key);
  assert.equal(second.name, "Lab bench 2");
  assert.equal(second.rename(""), "iPad");
});

test("without storage there is still an id, and it says that it does not last", () => {
  const device = loadDevice(null, IPAD);
  assert.equal(device.lasting, false);
  assert.match(device.id, /^[A-Za-z0-9_-]{22}$/);
});

test("names are one line of at most as many characters as the protocol allows", () => {
  assert.equal(Array.from(cleanName("📷".repeat(200))).length, NAME_CHARACTERS);
  assert.equal(cleanName("\u0000a\tb"), "a b");
});

test("machines", () => {
  const name = (userAgent, maxTouchPoints) => machineName({ userAgent, maxTouchPoints });
  assert.equal(name("(Macintosh; Intel Mac OS X)", 0), "Mac");
  assert.equal(name("(iPhone; CPU iPhone OS 17)", 5), "iPhone");
  assert.equal(name("(Linux; Android 14; Pixel 8) Mobile Safari", 5), "Android phone");
  assert.equal(name("(Linux; Android 14; SM-X200) Safari", 5), "Android tablet");
  assert.equal(name("(Windows NT 10.0)", 10), "Windows PC");
});

test("random ids differ", () => {
  assert.notEqual(randomId(), randomId());
});
