/**
 * Can this browser play a reel by itself? Pure but for the browser that is asked.
 *
 *   inability(reel, canPlayType)     null, or { codecs: ["HEVC (H.265)"] } that it lacks
 *
 * @module
 */

import { codecName, isSound, mimeOf, parseMime } from "../live/codecs.js";

/** @param {{ mime: string }} reel @param {(mime: string) => string} canPlayType @returns {{ codecs: string[] } | null} */
export function inability({ mime }, canPlayType) {
  // Without a type it is tried.
  if (mime === "" || canPlayType(mime) !== "") return null;
  const parsed = parseMime(mime);
  if (!parsed) return null;
  const lacking = parsed.codecs.filter((codec) => canPlayType(mimeOf(parsed.container, [codec])) === "");
  // Without its sound a picture is still a picture; a browser that plays each alone is tried with both.
  if (parsed.codecs.length > 0 && lacking.every(isSound) && parsed.codecs.some((codec) => !isSound(codec))) return null;
  return { codecs: lacking.map(codecName) };
}
