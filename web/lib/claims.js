/**
 * A claim to an answer that may get lost: whoever asks again with the same one gets what was granted to it. It is
 * kept until this browser is in, also over a reload.
 *
 *   const claims = createClaims(sessionStorageOrNull(window));
 *   claims.current()     256 random bits in base64url
 *   claims.settle();     this browser is in
 *
 * @module
 */

import { randomId } from "./device.js";

const KEY = "localcamera.claim";
const BYTES = 32;
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** @param {Window} page @returns {Storage | null} reading the property throws where storage is blocked */
export function sessionStorageOrNull(page) {
  try {
    const probe = "localcamera.probe";
    page.sessionStorage.setItem(probe, probe);
    page.sessionStorage.removeItem(probe);
    return page.sessionStorage;
  } catch {
    return null;
  }
}

/** @param {Pick<Storage, "getItem" | "setItem" | "removeItem"> | null} storage */
export function createClaims(storage) {
  let claim = "";
  return {
    current() {
      const kept = claim || (storage && storage.getItem(KEY)) || "";
      claim = FORM.test(kept) ? kept : randomId(BYTES);
      if (storage) storage.setItem(KEY, claim);
      return claim;
    },
    settle() {
      claim = "";
      if (storage) storage.removeItem(KEY);
    },
  };
}

/** @typedef {ReturnType<typeof createClaims>} Claims */
