/**
 * The page's address: which sessions are open, and at which time. Pure.
 *
 *   routeOf("#session=a,b&at=1795172793994")    { sessions: ["a", "b"], atMs: 1795172793994 }
 *   hashOf(["a"], null)                          "#session=a"
 *
 * @module
 */

/** More pictures at once are too small to see, and too many for a tablet to decode. */
export const MOST_TOGETHER = 4;

/** @typedef {{ sessions: string[], atMs: number | null }} Route */

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  const sessions = (asked.get("session") || "").split(",").filter((id) => id !== "" && id.length <= 200);
  const at = asked.get("at") || "";
  return { sessions: Array.from(new Set(sessions)).slice(0, MOST_TOGETHER), atMs: /^\d{1,15}$/.test(at) ? Number(at) : null };
}

/** @param {string[]} sessions @param {number | null} atMs */
export const hashOf = (sessions, atMs) => `#session=${sessions.map(encodeURIComponent).join(",")}${atMs === null ? "" : `&at=${Math.round(atMs)}`}`;
