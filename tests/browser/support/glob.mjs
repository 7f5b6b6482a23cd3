import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Files called `name` in folders like `pattern`, at most one level below `folder`. @param {string} folder @param {RegExp} pattern @param {string} name */
export function globSync(folder, pattern, name) {
  if (!existsSync(folder)) return [];
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const places = folders.flatMap((one) => {
    if (pattern.test(one)) return [join(folder, one)];
    if (!one.includes("-linux-")) return [];
    return readdirSync(join(folder, one)).filter((inner) => pattern.test(inner)).map((inner) => join(folder, one, inner));
  });
  return places.map((place) => join(place, name)).filter((file) => existsSync(file));
}
