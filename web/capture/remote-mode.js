/**
 * Whether this device does what others ask of it over `/ws/control`: a choice of the person at the device, apart from
 * the settings of the recording, which a remote command may change. It is for the browser, not for one of its tabs.
 *
 *   const mode = createMode(storage);
 *   mode.now
 *   mode.choose("off")
 *   mode.look()        // what another tab has chosen since; whether that is something else
 *
 * @module
 */

/** @typedef {"off" | "ask" | "always"} Mode */

const STORAGE_KEY = "localcamera.remote";

/** @type {readonly Mode[]} */
export const MODES = Object.freeze(["off", "ask", "always"]);

/** @param {Pick<Storage, "getItem" | "setItem"> | null} storage */
export function createMode(storage) {
  /** @returns {Mode | null} null where nobody has chosen, or nothing can be kept */
  const read = () => {
    const kept = storage && storage.getItem(STORAGE_KEY);
    return MODES.find((known) => known === kept) || null;
  };

  let kept = read();
  /** @type {Mode} */
  let mode = kept || "ask";

  return {
    get now() {
      return mode;
    },

    /** @param {Mode} chosen */
    choose(chosen) {
      mode = chosen;
      try {
        if (storage) storage.setItem(STORAGE_KEY, chosen);
      } catch {
        // A full storage costs the choice at the next visit.
      }
      kept = read();
    },

    /** @returns {boolean} */
    look() {
      const found = read();
      if (found === kept) return false;
      kept = found;
      const before = mode;
      if (found) mode = found;
      return mode !== before;
    },
  };
}
