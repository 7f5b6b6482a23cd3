/**
 * Which view the address names: `/live` is the wall, `/live#front-door` one stream large. Pure.
 *
 * @module
 */

import { KINDS } from "./choice.js";

/** Stream names as the server makes them. */
const NAME = /^[a-z0-9-]{1,64}$/;

/**
 * The one path that the address insists on, for tests and for reports of faults: `?path=mse`.
 * @param {string} search
 * @returns {import("./choice.js").Kind | null}
 */
export function pathOf(search) {
  const wanted = new URLSearchParams(search).get("path");
  return KINDS.find((kind) => kind === wanted) || null;
}

/**
 * The stream that a fragment names, or null for the wall.
 * @param {string} hash with or without `#`
 */
export function streamOf(hash) {
  const name = hash.replace(/^#/, "");
  return NAME.test(name) ? name : null;
}
