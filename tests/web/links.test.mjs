import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What tools bring or make. */
const FOREIGN = ["node_modules", "target", "recordings", "certs", "state"];

/** @param {string} folder @returns {string[]} */
function documents(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.includes(entry.name) || entry.name.startsWith(".") ? [] : documents(path);
    return entry.isFile() && entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Without what is shown as it is written. @param {string} text */
const prose = (text) => text.replace(/^( *)(```|~~~)[\s\S]*?^\1\2.*$/gm, "");

/** The anchors of headings as hosts of repositories make them. @param {string} text */
function anchors(text) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  return Array.from(prose(text).matchAll(/^#{1,6} +(.*?) *#*$/gm), ([, heading]) => {
    const plain = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    const before = counts.get(slug) ?? 0;
    counts.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** Where a text points to, but for other sites. @param {string} text */
function links(text) {
  const written = prose(text).replace(/(`+)[^`][\s\S]*?\1/g, "");
  const found = [...written.matchAll(/\]\(\s*<?([^\s()<>]+)>?(?:\s+"[^"]*")?\s*\)/g), ...written.matchAll(/^\[[^\]]+\]: *<?(\S+?)>?$/gm), ...written.matchAll(/(?:src|href)="([^"]+)"/g)];
  return found.map(([, target]) => target).filter((target) => !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target));
}

/** @param {string} path @param {string} text @param {(path: string) => string | null} read null: there is no such thing */
function dead(path, text, read) {
  return links(text).filter((link) => {
    const [file, anchor] = link.split("#");
    const target = file === "" ? path : resolve(dirname(path), decodeURIComponent(file));
    const there = target === path ? text : read(target);
    return there === null || (anchor !== undefined && target.endsWith(".md") && !anchors(there).includes(decodeURIComponent(anchor)));
  });
}

test("anchors and links are found as they are written", () => {
  const text = "# A `WSS /ws/x`: what?\n\n## Same\n\n## Same\n\n```\n# none\n[no](gone.md)\n```\n`[no](gone.md)` [a](#a-wss-wsx-what) [b](b.md#c \"d\") ![e](e.png) [f](https://f) [g](#none)\n";
  assert.deepEqual(anchors(text), ["a-wss-wsx-what", "same", "same-1"]);
  assert.deepEqual(links(text), ["#a-wss-wsx-what", "b.md#c", "e.png", "#none"]);
  assert.deepEqual(dead("/a.md", text, (path) => (path === "/b.md" ? "# C" : null)), ["e.png", "#none"]);
});

test("every link in the documents leads somewhere", () => {
  const paths = documents(ROOT);
  assert.ok(paths.length > 20, `only ${paths.length} documents are found`);
  const read = (/** @type {string} */ path) => (!existsSync(path) ? null : path.endsWith(".md") ? readFileSync(path, "utf8") : "");
  const all = paths.flatMap((path) => dead(path, readFileSync(path, "utf8"), read).map((link) => `${relative(ROOT, path)}: ${link}`));
  assert.deepEqual(all, []);
});
