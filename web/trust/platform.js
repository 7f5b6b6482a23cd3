// Which steps a visitor needs, from what the browser says about itself. Pure.

/** @typedef {"ios" | "android" | "macos" | "windows" | "linux" | "firefox"} Platform */

/** @type {readonly Platform[]} */
export const PLATFORMS = Object.freeze(["ios", "android", "macos", "windows", "linux", "firefox"]);

/**
 * @typedef {object} Clues
 * @property {string} [userAgent]
 * @property {string} [platform]
 * @property {number} [maxTouchPoints]
 */

/**
 * @param {Clues} clues
 * @returns {Platform}
 */
export function platformOf({ userAgent = "", platform = "", maxTouchPoints = 0 }) {
  if (/iPad|iPhone|iPod/.test(userAgent)) return "ios";
  // iPadOS presents itself as a Mac; no Mac has a touch screen.
  if (/Mac/.test(platform || userAgent) && maxTouchPoints > 1) return "ios";
  if (/Android/.test(userAgent)) return "android";
  if (/Windows|Win64/.test(userAgent)) return "windows";
  if (/Macintosh|Mac OS X/.test(userAgent)) return "macos";
  // Firefox on Linux keeps certificates of its own and never looks elsewhere.
  if (/Firefox\//.test(userAgent)) return "firefox";
  return "linux";
}

/**
 * Only Safari hands a profile to the settings of iPadOS and iOS.
 * @param {Clues} clues
 * @returns {boolean}
 */
export function needsSafari({ userAgent = "", platform = "", maxTouchPoints = 0 }) {
  if (platformOf({ userAgent, platform, maxTouchPoints }) !== "ios") return false;
  return /CriOS|FxiOS|EdgiOS|OPiOS|OPT\/|GSA\/|DuckDuckGo|FBAN|FBAV|Instagram|MicroMessenger|Line\//.test(userAgent);
}
