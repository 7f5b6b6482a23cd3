/**
 * Where to go on after signing in: a path of this server, whatever an address asks for. Pure.
 *
 *   wayBack("/live#door", "https://192.168.1.3:5001")          "/live#door"
 *   wayBack("//elsewhere.example/", "https://192.168.1.3:5001")  "/"
 *
 * @module
 */

/** What browsers take for a slash, or leave out, in front of a host. */
const TRICKY = /[\\\u0000-\u0020\u007f]/;
/** No page has a longer one. */
const LONGEST = 2000;

/** @param {unknown} wanted @param {string} origin @returns {string} */
export function wayBack(wanted, origin) {
  if (typeof wanted !== "string" || wanted.length > LONGEST) return "/";
  if (!wanted.startsWith("/") || TRICKY.test(wanted)) return "/";
  let url;
  try {
    url = new URL(wanted, origin);
  } catch {
    return "/";
  }
  // `/.//elsewhere` is read as a path, and written as one that begins with two slashes.
  const path = url.pathname + url.search + url.hash;
  return url.origin === origin && !path.startsWith("//") && !path.startsWith("/api/") ? path : "/";
}
