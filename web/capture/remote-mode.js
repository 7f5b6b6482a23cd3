/**
 * Whether this device does what others ask of it over `/ws/control`: a choice of the person at the device, apart from
 * the settings of the recording, which a remote command may change.
 *
 * @module
 */

/** @typedef {"off" | "ask" | "always"} Mode */

const STORAGE_KEY = "localcamera.remote";

/** @type {readonly Mode[]} */
export const MODES = Object.freeze(["off", "ask", "always"]);

/** @param {Pick<Storage, "getItem"> | null} storage @returns {Mode} */
export function loadMode(storage) {
  const kept = storage && storage.getItem(STORAGE_KEY);
  return MODES.find((mode) => mode === kept) || "ask";
}

/** @param {Pick<Storage, "setItem"> | null} storage @param {Mode} mode */
export function saveMode(storage, mode) {
  try {
    if (storage) storage.setItem(STORAGE_KEY, mode);
  } catch {
    // A full storage costs the choice at the next visit.
  }
}
