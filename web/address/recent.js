/**
 * The addresses that were looked at in this browser: what is not secret of them. Pure but for the storage.
 *
 *   const recent = createRecent(localStorageOrNull(window));
 *   recent.list()                     [{ address, user, hasPassword }], the newest first
 *   recent.add({ address, user, hasPassword: true });  recent.remove(address);
 *   shownAs(entry)                    "rtsp://viewer:•••@192.168.1.20/stream1"
 *
 * @module
 */

import { isSecret, readAddress } from "../lib/rtsp-address.js";

/** @typedef {{ address: string, user: string, hasPassword: boolean }} Entry */

const KEY = "localcamera.addresses";
/** As many as are seen at a glance. */
const MOST = 8;

/** @param {Entry} entry */
export const shownAs = ({ address, user, hasPassword }) => (user === "" ? address : address.replace("://", () => `://${user}${hasPassword ? ":•••" : ""}@`));

/** @param {any} one @returns {Entry | null} */
function parse(one) {
  if (one === null || typeof one !== "object") return null;
  const read = readAddress(typeof one.address === "string" ? one.address : "");
  // Whatever else has written there: nothing with a login in it is shown.
  if ("problem" in read || read.user !== "" || isSecret(read.address)) return null;
  return { address: read.address, user: typeof one.user === "string" ? one.user : "", hasPassword: one.has_password === true };
}

/** @param {Storage | null} storage */
export function createRecent(storage) {
  /** @returns {Entry[]} */
  function list() {
    try {
      const told = JSON.parse((storage && storage.getItem(KEY)) || "[]");
      return (Array.isArray(told) ? told : []).flatMap((one) => parse(one) || []).slice(0, MOST);
    } catch {
      return [];
    }
  }

  /** @param {Entry[]} entries */
  function keep(entries) {
    try {
      if (storage) storage.setItem(KEY, JSON.stringify(entries.slice(0, MOST).map(({ address, user, hasPassword }) => ({ address, user, has_password: hasPassword }))));
    } catch {
      // A convenience, no more.
    }
  }

  return {
    list,
    /** @param {Entry} entry without anything secret */
    add(entry) {
      if (!isSecret(entry.address)) keep([entry, ...list().filter(({ address }) => address !== entry.address)]);
    },
    /** @param {string} address */
    remove(address) {
      keep(list().filter((one) => one.address !== address));
    },
  };
}
