/**
 * The sign-in page, which the server shows in place of a page that nobody may see: lets this browser in, and goes on
 * to that page.
 *
 * @module
 */

import { createAccess } from "../lib/access.js";
import { createClaims, sessionStorageOrNull } from "../lib/claims.js";
import { loadDevice, localStorageOrNull } from "../lib/device.js";
import { byId } from "../lib/elements.js";
import { keepIcons } from "../lib/icon.js";
import { pointLanguages } from "../lib/languages.js";
import { takePairSecret } from "../lib/pair-secret.js";
import { loadStrings } from "../lib/strings.js";
import { wayBack } from "../lib/way-back.js";
import { createSignInPanel } from "./panel.js";

/** Somebody may decide or let this browser in elsewhere meanwhile. */
const LOOK_MS = 10_000;

/** The page that was wanted: what `?to=` names, else the one at whose address this stands. @param {Location} place */
function wanted({ search, pathname, hash, origin }) {
  const to = new URLSearchParams(search).get("to");
  return wayBack(to === null ? pathname + search + hash : to, origin);
}

function start() {
  const secret = takePairSecret(window);
  const strings = loadStrings(document);
  const access = createAccess({ claims: createClaims(sessionStorageOrNull(window)) });
  const device = loadDevice(localStorageOrNull(window), navigator);
  let hasLooked = false;
  const panel = createSignInPanel({ page: window, strings, access, name: () => device.name, device: null, records: false, onIn: goOn });

  function goOn() {
    const to = wanted(location);
    // The same address with another end after `#` would not be loaded again.
    if (to === location.pathname + location.search + location.hash) location.reload();
    else location.replace(to);
  }

  async function look() {
    const known = await access.look().catch(() => null);
    const isFirst = !hasLooked;
    hasLooked = true;
    if (!known || !panel.show(known)) return;
    // Let in since this page was shown. Where it was so before, it is the page that was refused, and it would be again.
    if (isFirst) panel.ask({ why: "wish" });
    else goOn();
  }

  pointLanguages(window);
  document.title = strings.t("sign_in.title");
  document.body.dataset.state = "sign-in";
  byId("app").hidden = false;
  void keepIcons(document);
  void (secret === null ? look() : panel.redeem(secret));
  window.addEventListener("hashchange", () => {
    const another = takePairSecret(window);
    if (another !== null) void panel.redeem(another);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void look();
  });
  window.setInterval(() => {
    if (document.visibilityState === "visible") void look();
  }, LOOK_MS);
}

start();
