/**
 * Where other devices find the pages, as the server says it: the address that its terminal prints, also on the server's
 * own computer, where this page may be `localhost`.
 *
 *   placeOf(told)                            { page, beside }
 *   showPlace(link, beside, place, strings)
 *
 * @module
 */

import { write } from "./elements.js";

/** @typedef {{ page: string, beside: string }} Place `beside`: another address of it, or "" */

/** @param {unknown} value @returns {string} an origin, or nothing */
function originOf(value) {
  if (typeof value !== "string") return "";
  try {
    const { protocol, origin } = new URL(value);
    return protocol === "https:" ? origin : "";
  } catch {
    return "";
  }
}

/** @param {any} told by `/api/access` @returns {Place} */
export const placeOf = (told) => ({ page: originOf(told.page), beside: originOf(told.beside) });

/**
 * @param {HTMLElement} link
 * @param {HTMLElement} other for the other address
 * @param {Place} place
 * @param {Pick<import("./strings.js").Strings, "t">} strings
 */
export function showPlace(link, other, { page, beside }, { t }) {
  write(link, page);
  if (link.getAttribute("href") !== page) link.setAttribute("href", page);
  write(other, beside === "" ? "" : t("app.or_address", { address: beside }));
  other.hidden = beside === "";
}
