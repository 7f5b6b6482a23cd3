import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { OLDEST } from "../../web/lib/environment.js";
import { createStrings } from "../../web/lib/strings.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path) => readFileSync(join(ROOT, path), "utf8");
const en = JSON.parse(read("web/strings/en.json"));
const zh = JSON.parse(read("web/strings/zh.json"));

const files = (folder, end) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

test("both languages have the same keys, texts and placeholders", () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  const placeholders = (text) => Array.from(new Set(text.match(/\{\w+\}/g) || [])).sort();
  for (const key of Object.keys(en)) {
    assert.ok(en[key].trim() && zh[key].trim(), key);
    // "1 file" need not repeat its number.
    if (!key.endsWith(".one")) assert.deepEqual(placeholders(zh[key]), placeholders(en[key]), key);
  }
});

test("every key that a template or a script names exists", () => {
  for (const path of files("templates", ".html")) {
    for (const [, key] of read(path).matchAll(/self\.t\("([^"]+)"\)/g)) assert.ok(key in en, `${path}: ${key}`);
  }
  for (const path of files("web", ".js")) {
    for (const [, key] of read(path).matchAll(/["'`]((?:address|alarms|app|camera|capture|devices|embed|error|library|live|mpegts|people|selftest|sign_in|sources|transcoders|trust|who)\.[a-z0-9_.]*[a-z0-9_])["'`]/g)) {
      assert.ok(key in en, `${path}: ${key}`);
    }
  }
});

test("the pages use every one of their keys", () => {
  const sources = [...files("templates", ".html"), ...files("web", ".js")].map(read).join("\n");
  const composed = /^library\.(gap|mark|files\.fault)\.|^live\.(path|why|soundless)\.|^capture\.(truth\.(stalled|nothing|waits|full|keep|kept|earlier|outside)\.|away\.|notice\.muted_|type\.|saved\.(play|download)$|remote\.((off|ask|always)\.hint$|silence\.|ask\.|did\.))|^devices\.(why|hindrance|refused|done|control|server|batch|act)\.|^sources\.((state|why|act|problem)\.|hours\.(from$|to$|problem\.))|^transcoders\.(format|state)\.|^mpegts\.((state|over|log)\.|start$|stop$)|^people\.(role\.|mode\.|(change|shut_out|user\.remove|password|token\.remove|link\.remove|code\.end)\.of$)|^sign_in\.(ask\.|refused\.|done\.(paired|network)$)|^who\.(camera|viewer|admin|everyone|open)$/;
  for (const key of Object.keys(en).filter((name) => /^(address|alarms|app|camera|capture|devices|embed|error|library|live|mpegts|people|sign_in|sources|transcoders|who)\./.test(name))) {
    const base = key.replace(/\.one$/, "");
    assert.ok(composed.test(base) || sources.includes(`"${base}"`), key);
  }
});

test("the sentence about old browsers names the oldest versions", () => {
  for (const text of [en["error.browser_old"], zh["error.browser_old"], read("docs/browsers.md")]) {
    for (const version of Object.values(OLDEST)) assert.ok(text.includes(version), `${version}: ${text.slice(0, 80)}`);
  }
});

test("placeholders are filled, singulars chosen, unknown keys shown", () => {
  const strings = createStrings({ a: "{x} of {y}, {z}", n: "{count} files", "n.one": "1 file" }, "en");
  assert.equal(strings.t("a", { x: 1, y: "two" }), "1 of two, {z}");
  assert.equal(strings.count("n", 1), "1 file");
  assert.equal(strings.count("n", 2), "2 files");
  assert.equal(strings.t("missing"), "missing");
});
