/**
 * What can be asked of a device now, and why not. Pure.
 *
 *   hindrance(device, "start")          null, or a code: "offline", "not_allowed", "recording" …
 *   able(devices, "stop")               those of which it can be asked
 *   parseGroups("hall, gym, hall")      ["hall", "gym"]; null where they are too many or too long
 *
 * @module
 */

import { isRecording } from "./devices.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {import("./devices.js").Act} Act */
/** @typedef {"offline" | "not_allowed" | "unsupported" | "blocked" | "recording" | "idle" | "stopping" | "only_one"} Hindrance */

/** The bounds of the control protocol. */
export const NAME_CHARACTERS = 80;
export const LABEL_CHARACTERS = 200;
export const GROUPS = 8;
export const GROUP_CHARACTERS = 40;

/** @param {Device} device @param {Act} act @returns {Hindrance | null} */
export function hindrance(device, act) {
  // The server keeps them itself.
  if (act === "groups") return null;
  if (!device.isOnline) return "offline";
  if (device.control === "none") return "not_allowed";
  switch (act) {
    case "start":
      if (isRecording(device)) return "recording";
      if (device.state === "stopping") return "stopping";
      if (device.state === "blocked") return "blocked";
      break;
    case "stop":
      if (device.state === "stopping") return "stopping";
      if (!isRecording(device)) return "idle";
      break;
    case "mark":
      if (device.state !== "recording") return "idle";
      break;
    case "camera":
      if (device.cameras.length < 2) return "only_one";
      break;
    case "quality":
      if (device.qualities.length < 2) return "only_one";
      break;
    default:
  }
  return device.can.includes(act) ? null : "unsupported";
}

/** @param {Device[]} devices @param {Act} act */
export const able = (devices, act) => devices.filter((device) => hindrance(device, act) === null);

/** @param {string} written @returns {string[] | null} */
export function parseGroups(written) {
  const names = written.split(/[,，、;；]/).map((name) => name.trim().replace(/\s+/g, " "));
  const groups = Array.from(new Set(names.filter((name) => name !== "")));
  return groups.length > GROUPS || groups.some((name) => Array.from(name).length > GROUP_CHARACTERS) ? null : groups;
}
