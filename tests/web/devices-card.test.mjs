import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createCard } from "../../web/devices/card.js";
import { parseDevices } from "../../web/devices/devices.js";
import { createDeviceWords } from "../../web/devices/words.js";
import { createStrings } from "../../web/lib/strings.js";
import { createDom } from "./support/fake-dom.mjs";

const strings = createStrings(JSON.parse(readFileSync(new URL("../../web/strings/en.json", import.meta.url), "utf8")), "en");
const told = { device: "device-1", name: "Hall", online: true, control: "allowed", can: ["start", "stop", "mark"], state: "recording", since_ms: 1000, stream: "device-1" };

test("who may not command devices is shown what they do, and no button for it", () => {
  const dom = createDom();
  const card = createCard({ id: "device-1", strings, words: createDeviceWords(strings), onAct: () => {}, onOpen: () => {} });
  dom.document.body.append(card.element);
  const [device] = parseDevices({ devices: [told] }).devices;
  const seen = (mayCommand, more = {}) => {
    card.render({ device: { ...device, ...more }, answer: null, nowMs: 61_000, isKnown: true, mayCommand, isAlarming: false });
    return { buttons: dom.all(".device-actions")[0].querySelectorAll("button").filter((one) => one.isSeen).length, watch: dom.all("a").length, state: dom.all(".device-state")[0].textContent, why: dom.all(".device-why").length };
  };
  assert.deepEqual(seen(true), { buttons: 2, watch: 1, state: "recording 00:01:00", why: 0 });
  assert.deepEqual(seen(false), { buttons: 0, watch: 1, state: "recording 00:01:00", why: 0 });
  assert.equal(seen(true, { control: "none" }).why, 1);
  assert.equal(seen(false, { control: "none" }).why, 0, "why a button is off that is not there");
});
