/**
 * The address behind `#` of `/address`: the browser keeps that part to itself, so that no log of a server has it. Pure.
 *
 *   addressOf("#rtsp://192.168.1.20/stream1")    { address, user, password }, or null
 *   keptHash("#rtsp://viewer:secret@cam/1")      "#rtsp://cam/1": what may stay where everybody reads it
 *   hashOf(address)                              "#rtsp://192.168.1.20/stream1"; "" for one that holds a password
 *
 * @module
 */

import { isSecret, readAddress } from "../lib/rtsp-address.js";

/** @param {string} hash @returns {{ address: string, user: string, password: string } | null} */
export function addressOf(hash) {
  let text = hash.replace(/^#/, "");
  if (text === "") return null;
  // Browsers write some characters of it as they like.
  if (/^rtsps?%3a/i.test(text)) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return null;
    }
  }
  const read = readAddress(text);
  return "problem" in read ? null : read;
}

/** @param {string} address without user and password */
export const hashOf = (address) => (isSecret(address) ? "" : `#${address}`);

/** @param {string} hash */
export function keptHash(hash) {
  const read = addressOf(hash);
  if (read) return hashOf(read.address);
  // It cannot be read, but a person can: a login may be in it.
  return /@|%40/i.test(hash) ? "" : hash;
}
