/**
 * Why somebody was not let in, and what to do. Pure.
 *
 *   refusedWords(error, { isLink: false })     { key, values }
 *
 * @module
 */

/** Less than this is a moment. */
const MINUTE_MS = 60_000;

/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

/** @param {string} key @param {Record<string, string | number>} [values] @returns {Sentence} */
const sentence = (key, values = {}) => ({ key, values });

/** Those that say the same whatever was tried. */
const PLAIN = ["no_answer", "no_cookie", "wrong_password", "decided"];

/**
 * @param {unknown} error
 * @param {{ isLink: boolean }} tried whether it was the secret of a link, and not digits
 * @returns {Sentence}
 */
export function refusedWords(error, { isLink }) {
  const { code = "", said = "", status = 0, retryAfterMs = null } = /** @type {Partial<import("../lib/access.js").AccessError>} */ (error || {});
  if (code === "wrong_code" || code === "code_ended") return sentence(`sign_in.refused.${isLink ? "link" : code}`);
  if (PLAIN.includes(code)) return sentence(`sign_in.refused.${code}`);
  if (code === "too_many" || status === 429) {
    if (retryAfterMs === null || retryAfterMs < MINUTE_MS) return sentence("sign_in.refused.too_many_soon");
    const minutes = Math.ceil(retryAfterMs / MINUTE_MS);
    return sentence(minutes === 1 ? "sign_in.refused.too_many.one" : "sign_in.refused.too_many", { minutes });
  }
  return said === "" ? sentence("sign_in.refused.unknown") : sentence("sign_in.refused.because", { message: said });
}
