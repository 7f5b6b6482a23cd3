// Where the programs are.

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { globSync } from "./glob.mjs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** @param {string[]} names */
function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const file = join(folder, name);
      if (existsSync(file)) return file;
    }
  }
  throw new Error(`${names.join(" or ")} is not installed: run scripts/install-test-tools`);
}

export const chromium = () => onPath("chromium", "chromium-browser", "google-chrome");
export const firefox = () => onPath("firefox-esr", "firefox");
export const webkitDriver = () => onPath("WebKitWebDriver");
export const certutil = () => onPath("certutil");
export const xvfb = () => onPath("Xvfb");

/** Debian's own Python sees Debian's packages, whatever else is installed. */
export const systemPython = () => "/usr/bin/python3";

/** A Python that has a package. @param {string} name */
export function pythonWith(name) {
  const found = [onPath("python3"), systemPython()].find((file) => spawnSync(file, ["-c", `import ${name}`]).status === 0);
  if (!found) throw new Error(`no python3 here has the package ${name}: run scripts/install-test-tools`);
  return found;
}

export function minibrowser() {
  const found = ["/usr/lib", "/usr/lib64", "/usr/libexec"].flatMap((folder) => globSync(folder, /^webkit2gtk-4\.\d+$/, "MiniBrowser"));
  if (!found[0]) throw new Error("WebKitGTK's MiniBrowser is not installed: run scripts/install-test-tools");
  return found[0];
}

/** The binary under test. */
export function localcamera() {
  const named = process.env["LOCALCAMERA_BIN"];
  if (named) return named;
  const built = ["debug", "release"].map((kind) => join(root, "target", kind, "localcamera")).filter((file) => existsSync(file));
  built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!built[0]) throw new Error("there is no binary: run cargo build first, or name one in LOCALCAMERA_BIN");
  return built[0];
}
