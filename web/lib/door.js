/**
 * What every page but the capture page does about who may see it: says who this browser is, takes the secret of a
 * link out of the address, and leaves for the way in when the server does not know this browser any more.
 *
 *   const door = createDoor({ page: window, strings });
 *   door.doubt();      a connection is lost: perhaps because this browser was signed out
 *   door.look();       a connection is there again: this browser may have another role
 *   door.access        the client of the API
 *
 * @module
 */

import { refusedWords } from "../sign-in/words.js";
import { createAccess } from "./access.js";
import { createClaims, sessionStorageOrNull } from "./claims.js";
import { loadDevice, localStorageOrNull } from "./device.js";
import { byId, write } from "./elements.js";
import { takePairSecret } from "./pair-secret.js";
import { onSignedOut } from "./request.js";
import { createSignedOut } from "./signed-out.js";
import { createWho } from "./who.js";

/** The server did not answer. */
const AGAIN_MS = 5000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("./strings.js").Strings} options.strings
 * @param {(known: import("./access.js").Access) => void} [options.onKnown]
 */
export function createDoor({ page, strings, onKnown = () => {} }) {
  const { t } = strings;
  let secret = takePairSecret(page);
  const storage = sessionStorageOrNull(page);
  const access = createAccess({ claims: createClaims(storage) });
  const who = createWho({ page, strings, access });
  const out = createSignedOut({
    page,
    storage,
    access,
    onStay: () => {
      write(byId("who"), t("who.refused"));
      byId("who").hidden = false;
    },
  });
  onSignedOut(out.out);

  /** @param {string} code */
  async function redeem(code) {
    try {
      await access.pair(code, loadDevice(localStorageOrNull(page), page.navigator).name);
      page.location.reload();
    } catch (error) {
      const { key, values } = refusedWords(error, { isLink: true });
      write(byId("who"), t(key, values));
      byId("who").hidden = false;
    }
  }

  async function look() {
    const known = await access.look().catch(() => null);
    who.show(known);
    if (known) onKnown(known);
    // Until then nothing is offered that takes a role.
    else page.setTimeout(() => void look(), AGAIN_MS);
    const code = secret;
    secret = null;
    if (code !== null) void redeem(code);
  }
  page.addEventListener("hashchange", () => {
    const another = takePairSecret(page);
    if (another !== null) void redeem(another);
  });
  // Meanwhile the server may have another address, and this browser another role.
  page.document.addEventListener("visibilitychange", () => {
    if (page.document.visibilityState === "visible") void look();
  });
  void look();

  return { access, doubt: () => void out.doubt(), look: () => void look() };
}
