/**
 * What the address of the devices page asks for: `/devices#add=rtsp%3A%2F%2F192.168.1.20%2Fstream1` opens the form with
 * that camera. Pure.
 *
 * What stands behind `#` stays in the browser.
 *
 * @module
 */

import { readAddress } from "../lib/rtsp-address.js";

/** @param {string} hash @returns {{ address: string, user: string } | null} */
export function addressToAdd(hash) {
  const wanted = new URLSearchParams(hash.replace(/^#/, "")).get("add");
  if (wanted === null) return null;
  const read = readAddress(wanted);
  return "problem" in read ? { address: "", user: "" } : { address: read.address, user: read.user };
}

/** @param {string} address without a password @param {string} user */
export const linkToAdd = (address, user) => `/devices#add=${encodeURIComponent(user === "" ? address : address.replace("://", () => `://${encodeURIComponent(user)}@`))}`;
