import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanName, loadDevice, browserName, NAME_CHARACTERS, randomId } from "../../web/lib/device.js";

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
  assert.equal(first.name, "Safari on iPad");
  first.rename("  Lab\n bench  2 ");
  const second = loadDevice(kept, IPAD);
  assert.equal(second.id, first.id);
  assert.equal(second.key, first.key);
  assert.equal(second.name, "Lab bench 2");
  assert.equal(second.rename(""), "Safari on iPad");
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

test("browsers and machines", () => {
  const name = (userAgent, maxTouchPoints) => browserName({ userAgent, maxTouchPoints });
  const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0";
  const safari = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
  assert.equal(name(`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${safari} Version/17.4 Safari/605.1.15`, 0), "Safari on Mac");
  assert.equal(name(`Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) ${safari} CriOS/131.0 Mobile/15E148 Safari/604.1`, 5), "Chrome on iPhone");
  assert.equal(name(`Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) ${safari} FxiOS/131.0 Mobile/15E148 Safari/605.1.15`, 5), "Firefox on iPad");
  assert.equal(name(`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${chrome} Mobile Safari/537.36`, 5), "Chrome on Android phone");
  assert.equal(name(`Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36`, 5), "Samsung Internet on Android tablet");
  assert.equal(name(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36 Edg/131.0.0.0`, 10), "Edge on Windows");
  assert.equal(name(`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36 OPR/115.0.0.0`, 10), "Opera on Windows");
  assert.equal(name("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", 0), "Firefox on Linux");
  assert.equal(name(`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${chrome} Safari/537.36`, 0), "Chrome on Chromebook");
  assert.equal(name("a television", 0), "Browser");
  assert.equal(name("(iPhone; CPU iPhone OS 17)", 5), "iPhone");
});

test("random ids differ", () => {
  assert.notEqual(randomId(), randomId());
});
