/**
 * Which view the address names: `/live` is the wall, `/live#front-door` one stream large. Pure.
 *
 * @module
 */

/** Stream names as the server makes them. */
const NAME = /^[a-z0-9-]{1,64}$/;

/**
 * The stream that a fragment names, or null for the wall.
 * @param {string} hash with or without `#`
 */
export function streamOf(hash) {
  const name = hash.replace(/^#/, "");
  return NAME.test(name) ? name : null;
}
