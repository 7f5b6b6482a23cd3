/**
 * What somebody types or pastes into the box for the code. Pure.
 *
 *   readCode("12 34-56")                     { digits: "123456", secret: null, isWhole: true, isTooLong: false }
 *   readCode("https://…/#pair=…")            a link was pasted: its secret
 *   shownCode("123456")                      "123 456"
 *
 *   const box = createCodeBox();
 *   box.entered(text)      what is to be shown, and `send`: what is tried now by itself, or null
 *   box.pressed(text)      what is tried because somebody asks for it, or null where it is not whole
 *   box.refused(why)       the code of the refusal
 *   box.isRefused(code)    the server has said of this one that it is not right: it would again
 *
 * @module
 */

import { pairSecretIn } from "../lib/pair-secret.js";

export const DIGITS = 6;
/** Refusals that are about the code itself; others may be over the next time. */
const JUDGED = ["wrong_code", "code_ended"];

/** @typedef {{ digits: string, secret: string | null, isWhole: boolean, isTooLong: boolean }} Read */

/** @param {string} text @returns {Read} */
export function readCode(text) {
  const secret = pairSecretIn(text.trim());
  if (secret) return { digits: "", secret, isWhole: true, isTooLong: false };
  // Keyboards of East Asia have wide digits, too.
  const digits = text.normalize("NFKC").replace(/\D/g, "");
  return { digits, secret: null, isWhole: digits.length === DIGITS, isTooLong: digits.length > DIGITS };
}

/** @param {string} digits */
export function shownCode(digits) {
  const half = DIGITS / 2;
  return digits.length > half ? `${digits.slice(0, half)} ${digits.slice(half)}` : digits;
}

export function createCodeBox() {
  /** What has been tried by itself: it is not tried again while it stands there. */
  let tried = "";
  /** What the server has judged. Each attempt counts there. */
  let judged = "";

  /** @param {Read} read */
  const codeOf = ({ digits, secret, isWhole }) => (isWhole ? secret || digits : null);

  return {
    /** @param {string} text @returns {{ shown: string, isTooLong: boolean, send: string | null }} */
    entered(text) {
      const read = readCode(text);
      const code = codeOf(read);
      const send = code !== null && code !== tried ? code : null;
      tried = code === null ? "" : code;
      if (tried !== judged) judged = "";
      // Of a secret nothing is shown to those who stand around: it has no digits.
      return { shown: shownCode(read.digits), isTooLong: read.isTooLong, send };
    },
    /** It is empty again, and what was tried may be tried anew. */
    clear() {
      tried = judged = "";
    },
    /** @param {string} why */
    refused(why) {
      judged = JUDGED.includes(why) ? tried : "";
    },
    /** @param {string | null} code */
    isRefused: (code) => code !== null && code === judged,
    /** @param {string} text @returns {string | null} */
    pressed(text) {
      const code = codeOf(readCode(text));
      tried = code === null ? "" : code;
      return code;
    },
  };
}
