import assert from "node:assert/strict";
import { test } from "node:test";

import { PLATFORMS, needsSafari, platformOf } from "../../web/trust/platform.js";
import { trustOf } from "../../web/trust/probe.js";

const SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

test("an iPad that presents itself as a Mac is told from a Mac by its touch screen", () => {
  assert.equal(platformOf({ userAgent: SAFARI, platform: "MacIntel", maxTouchPoints: 5 }), "ios");
  assert.equal(platformOf({ userAgent: SAFARI, platform: "MacIntel", maxTouchPoints: 0 }), "macos");
  assert.equal(platformOf({ userAgent: IPHONE, platform: "iPhone", maxTouchPoints: 5 }), "ios");
});

test("the other systems by their names", () => {
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (Linux; Android 14; Pixel 7) AppleWebKit/537.36 Chrome/126 Mobile" }), "android");
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0" }), "android");
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126", platform: "Win32", maxTouchPoints: 10 }), "windows");
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/126" }), "linux");
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" }), "firefox");
  // With Firefox on these two the system's steps are enough.
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0" }), "windows");
  assert.equal(platformOf({ userAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko Firefox/128.0", platform: "MacIntel" }), "macos");
  assert.ok(PLATFORMS.includes(platformOf({})));
});

test("other browsers on iOS are sent to Safari, Safari is not", () => {
  assert.equal(needsSafari({ userAgent: IPHONE }), false);
  assert.equal(needsSafari({ userAgent: IPHONE.replace("Version/17.5", "CriOS/126.0") }), true);
  assert.equal(needsSafari({ userAgent: `${SAFARI} FxiOS/127`, platform: "MacIntel", maxTouchPoints: 5 }), true);
  assert.equal(needsSafari({ userAgent: "Mozilla/5.0 (Windows NT 10.0) CriOS/126.0" }), false);
});

test("what a probe means", () => {
  const all = /** @type {const} */ ({ encrypted: true, request: true, socket: true, certificate: "unknown" });
  assert.equal(trustOf(all), "trusted");
  assert.equal(trustOf({ ...all, certificate: "yes" }), "trusted");
  assert.equal(trustOf({ ...all, certificate: "no" }), "tolerated");
  assert.equal(trustOf({ ...all, socket: false }), "socket");
  assert.equal(trustOf({ ...all, socket: false, certificate: "no" }), "socket");
  assert.equal(trustOf({ ...all, socket: false, certificate: "yes" }), "blocked");
  assert.equal(trustOf({ ...all, request: false }), "request");
  assert.equal(trustOf({ ...all, encrypted: false, socket: false }), "plain");
  // The plain listener answers neither; that is no fault.
  assert.equal(trustOf({ ...all, encrypted: false, request: false, socket: false }), "plain");
});
