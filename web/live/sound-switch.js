/**
 * What the button for the sound offers. Pure.
 *
 *   soundSwitch({ hasSound, isMuted })      "none" | "off" | "on", as the sound is
 *
 * Sound that is on can be turned off also where there is nothing to hear at the moment: it would come back unasked.
 *
 * @module
 */

/** @typedef {"none" | "off" | "on"} Switch */

/** @param {{ hasSound: boolean, isMuted: boolean }} about @returns {Switch} */
export function soundSwitch({ hasSound, isMuted }) {
  if (!isMuted) return "on";
  return hasSound ? "off" : "none";
}
