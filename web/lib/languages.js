/**
 * The links to the same page in each language: what else the address asks for stays.
 *
 * @module
 */

/** @param {Window} page */
export function pointLanguages({ document, location }) {
  for (const link of document.querySelectorAll("[data-lang]")) {
    const address = new URL(location.href);
    address.searchParams.set("lang", link.getAttribute("data-lang") || "");
    link.setAttribute("href", address.search);
  }
}
