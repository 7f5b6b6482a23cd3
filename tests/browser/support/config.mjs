// A configuration file for one test.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @param {import("node:test").TestContext} t @param {string} lines @returns the arguments that name it */
export async function configured(t, lines) {
  const where = await mkdtemp(join(tmpdir(), "localcamera-config-"));
  t.after(() => rm(where, { recursive: true, force: true }));
  const file = join(where, "localcamera.toml");
  await writeFile(file, lines);
  return ["--config", file];
}
