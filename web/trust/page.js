/**
 * The trust page: opens the steps for the visitor's machine, and looks whether it trusts the server already.
 *
 * @module
 */

import { loadStrings } from "../lib/strings.js";
import { icon } from "../lib/icon.js";
import { needsSafari, platformOf } from "./platform.js";
import { probe, trustOf } from "./probe.js";

const { lang, t } = loadStrings(document);

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @returns {Kind}
 */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {Kind} */ (found);
}

function showOwnPlatform() {
  const clues = {
    userAgent: navigator.userAgent,
    platform: navigator.platform,
    maxTouchPoints: navigator.maxTouchPoints,
  };
  const own = platformOf(clues);
  const list = part("trust-platforms");
  for (const details of list.querySelectorAll("details")) {
    const mine = details.dataset.platform === own;
    details.open = mine;
    details.classList.toggle("own", mine);
    if (mine) list.prepend(details);
  }
  part("trust-safari").hidden = !needsSafari(clues);
}

/** A check that is overtaken by a newer one shows nothing. */
let newest = 0;

async function check() {
  if (location.protocol === "http:") return showPlain();
  newest += 1;
  const mine = newest;
  document.body.dataset.state = "checking";
  part("trust-check-actions").hidden = false;
  show("trust-check-headline", t("trust.check.checking"));
  part("trust-check-more").hidden = true;
  part("trust-go").hidden = true;
  part("trust-check-list").hidden = true;

  const found = await probe();
  if (mine !== newest) return;
  const trust = trustOf(found);
  document.body.dataset.state = trust;
  show("trust-check-headline", t(`trust.check.${trust}`));
  // Where the browser cannot be asked about the certificate itself, its address bar knows.
  const sure = trust === "trusted" && found.certificate === "yes";
  show("trust-check-more", t(sure ? "trust.check.trusted.sure" : `trust.check.${trust}.more`));
  part("trust-go").hidden = trust !== "trusted" && trust !== "tolerated";
  showList([
    ["trust.check.page", "yes"],
    ["trust.check.fetch", found.request ? "yes" : "no"],
    ...(found.request ? [[/** @type {string} */ ("trust.check.live"), found.socket ? "yes" : "no"]] : []),
  ]);
}

/**
 * On the plain listener nothing can be asked: it has this page and the
 * certificate, and sends every other path, so both links as well, to HTTPS.
 */
function showPlain() {
  document.body.dataset.state = "plain";
  show("trust-check-headline", t("trust.check.plain"));
  show("trust-check-more", t("trust.check.plain.more"));
  part("trust-again").hidden = true;
  // The download in the steps is the chief button here.
  part("trust-go").classList.remove("primary");
  part("trust-go").hidden = false;
  part("trust-check-actions").hidden = false;
}

/**
 * @param {string} id
 * @param {string} text
 */
function show(id, text) {
  const element = part(id);
  element.textContent = text;
  element.hidden = false;
}

/** @type {Record<string, string>} */
const ICONS = { yes: "check", no: "close" };

/** @param {string[][]} rows */
function showList(rows) {
  const list = part("trust-check-list");
  list.replaceChildren(
    ...rows.map(([name, answer]) => {
      const item = document.createElement("li");
      item.className = answer;
      item.append(icon(ICONS[answer]), t("trust.check.row", { name: t(name), answer: t(`trust.check.${answer}`) }));
      return item;
    }),
  );
  list.hidden = false;
}

/** A language chosen by hand stays chosen. */
function keepLanguage() {
  if (!new URLSearchParams(location.search).has("lang")) return;
  for (const id of ["trust-go", "trust-selftest"]) {
    const link = /** @type {HTMLAnchorElement} */ (part(id));
    link.search = `?lang=${lang.slice(0, 2)}`;
  }
}

showOwnPlatform();
keepLanguage();
part("trust-again").addEventListener("click", () => void check());
// Whoever comes back from the system's settings wants to know at once.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void check();
});
void check();
