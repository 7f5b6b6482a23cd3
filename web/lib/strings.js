/**
 * The words of a page, in the language the server chose for it.
 *
 * The server puts every string of the language into
 * `<script type="application/json" id="strings">`; placeholders are written `{name}`.
 *
 *   const strings = loadStrings(document);
 *   strings.t("capture.record");
 *   strings.t("capture.saved.folder", { folder });
 *   strings.count("capture.saved.total", 1);   // its ".one" text for exactly one, where there is one
 *
 * @module
 */

/** @typedef {Record<string, string | number>} Values */

/**
 * @typedef {object} Strings
 * @property {string} lang "en" or "zh-Hans"
 * @property {(key: string, values?: Values) => string} t the text; the key itself where there is none
 * @property {(key: string, count: number, values?: Values) => string} count the text for a number of things
 * @property {(key: string) => boolean} has
 */

/**
 * @param {string} template
 * @param {Values} values
 */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.prototype.hasOwnProperty.call(values, name) ? String(values[name]) : whole,
  );
}

/**
 * @param {Record<string, string>} table
 * @param {string} lang
 * @returns {Strings}
 */
export function createStrings(table, lang) {
  /** @param {string} key */
  const has = (key) => Object.prototype.hasOwnProperty.call(table, key);
  /**
   * @param {string} key
   * @param {Values} [values]
   */
  const t = (key, values) => {
    const text = has(key) ? table[key] : key;
    return values ? fill(text, values) : text;
  };
  return {
    lang,
    has,
    t,
    count(key, count, values) {
      const one = `${key}.one`;
      return t(count === 1 && has(one) ? one : key, { count, ...values });
    },
  };
}

/**
 * @param {Document} page
 * @returns {Strings}
 */
export function loadStrings(page) {
  const block = page.getElementById("strings");
  const table = block && block.textContent ? JSON.parse(block.textContent) : {};
  return createStrings(table, page.documentElement.lang || "en");
}
