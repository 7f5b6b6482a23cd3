// Every script that is served parses in the oldest supported engines, and uses no method that they lack.
//
// Safari/iPadOS 14.5, Chromium 88 and Firefox 90 have ES2021 and private fields in common. The parser therefore
// reads a newer language, and everything newer than that is refused by name.
//
//   node tests/web/syntax.mjs

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse } from "acorn";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "web");

/** Methods newer than the oldest engines, by the name that a call uses: `x.at(…)`. */
const NEWER_METHODS = new Map([
  ["at", "Safari 15.4"],
  ["findLast", "Safari 15.4"],
  ["findLastIndex", "Safari 15.4"],
  ["toSorted", "Safari 16"],
  ["toReversed", "Safari 16"],
  ["toSpliced", "Safari 16"],
  ["setBigUint64", "Safari 15"],
  ["getBigUint64", "Safari 15"],
  ["setBigInt64", "Safari 15"],
  ["getBigInt64", "Safari 15"],
  ["showModal", "Safari 15.4"],
  ["isWellFormed", "Safari 16.4"],
  ["groupBy", "Safari 17.4"],
  ["withResolvers", "Safari 17.4"],
]);

/** `object.property`, and globals. */
const NEWER_MEMBERS = new Map([
  ["Object.hasOwn", "Safari 15.4"],
  ["Array.fromAsync", "Safari 16.4"],
  ["AbortSignal.timeout", "Safari 16"],
  ["AbortSignal.any", "Safari 17.4"],
  ["crypto.randomUUID", "Safari 15.4"],
  ["URL.canParse", "Safari 17"],
]);
const NEWER_GLOBALS = new Map([
  ["structuredClone", "Safari 15.4"],
  ["reportError", "Safari 15.4"],
  ["BroadcastChannel", "Safari 15.4"],
  ["requestIdleCallback", "no Safari"],
  ["CompressionStream", "Safari 16.4"],
]);

/**
 * @param {string} source
 * @param {{ module: boolean, es5?: boolean }} kind
 * @returns {{ line: number, problem: string }[]}
 */
export function problemsOf(source, { module, es5 = false }) {
  let tree;
  try {
    tree = parse(source, {
      ecmaVersion: es5 ? 5 : 2022,
      sourceType: module ? "module" : "script",
      locations: true,
    });
  } catch (error) {
    return [{ line: error.loc ? error.loc.line : 0, problem: error.message }];
  }
  /** @type {{ line: number, problem: string }[]} */
  const problems = [];
  const report = (node, problem) => problems.push({ line: node.loc.start.line, problem });

  const visit = (node, inFunction) => {
    switch (node.type) {
      case "StaticBlock":
        report(node, "static blocks need Safari 16.4");
        break;
      case "MethodDefinition":
        if (node.key.type === "PrivateIdentifier") report(node, "private methods need Safari 15");
        break;
      case "PropertyDefinition":
        if (node.static) report(node, "static fields: only private instance fields are allowed");
        else if (node.key.type !== "PrivateIdentifier") report(node, "public fields: only private fields are allowed");
        break;
      case "BinaryExpression":
        if (node.left.type === "PrivateIdentifier") report(node, "`#field in object` needs Safari 15");
        break;
      case "AwaitExpression":
        if (!inFunction) report(node, "top-level await needs Safari 15");
        break;
      case "ForOfStatement":
        if (node.await && !inFunction) report(node, "top-level await needs Safari 15");
        break;
      case "ExportAllDeclaration":
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
        for (const one of node.specifiers || []) {
          const names = [one.imported, one.exported, one.local].filter(Boolean);
          if (names.some((name) => name.type === "Literal")) report(node, "string names in modules need Safari 14.1 and Firefox 87");
        }
        break;
      case "Literal":
        if (node.regex) {
          if (/\(\?<[=!]/.test(node.regex.pattern)) report(node, "lookbehind needs Safari 16.4");
          if (/[dv]/.test(node.regex.flags)) report(node, `the flag ${node.regex.flags} needs Safari 15`);
        }
        break;
      case "CallExpression":
        if (node.callee.type === "MemberExpression" && !node.callee.computed) {
          const since = NEWER_METHODS.get(node.callee.property.name);
          if (since) report(node, `.${node.callee.property.name}() needs ${since}`);
        }
        break;
      case "MemberExpression":
        if (!node.computed && node.object.type === "Identifier") {
          const name = `${node.object.name}.${node.property.name}`;
          if (NEWER_MEMBERS.has(name)) report(node, `${name} needs ${NEWER_MEMBERS.get(name)}`);
        }
        break;
      case "Identifier":
        if (NEWER_GLOBALS.has(node.name)) report(node, `${node.name}: ${NEWER_GLOBALS.get(node.name)}`);
        break;
    }
    const inside = inFunction || /Function/.test(node.type);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child.type === "string") visit(child, inside);
      }
    }
  };
  visit(tree, false);
  return problems;
}

/** @param {string} folder @returns {string[]} */
function scripts(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return scripts(path);
    return entry.name.endsWith(".js") ? [path] : [];
  });
}

/** Read by browsers too old for modules, and says so in its first lines. @param {string} source */
const isClassic = (source) => /^\/\* ES5\b/.test(source);

function main() {
  const files = scripts(WEB);
  let failures = 0;
  for (const path of files) {
    const source = readFileSync(path, "utf8");
    const classic = isClassic(source);
    for (const { line, problem } of problemsOf(source, { module: !classic, es5: classic })) {
      failures += 1;
      console.error(`${relative(process.cwd(), path)}:${line}: ${problem}`);
    }
  }
  if (files.length === 0) {
    failures += 1;
    console.error("no scripts found");
  }
  console.log(`${files.length} scripts, ${failures} problems`);
  process.exitCode = failures > 0 ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
