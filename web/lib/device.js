/**
 * Who this browser is to the server: a lasting id, a key of its own and a name a person gave it.
 *
 *   const device = loadDevice(localStorageOrNull(window), navigator);
 *   device.id, device.key, device.name
 *   device.rename("Lab bench 2")     // kept for the next visit; empty goes back to browser and machine
 *   device.lasting                   // false where the browser keeps nothing (private window)
 *   randomId()                       // 22 characters of [A-Za-z0-9_-]; also used for session ids
 *
 * @module
 */

import { oneLine } from "./plain-text.js";

const ID_KEY = "localcamera.device";
const SECRET_KEY = "localcamera.key";
const NAME_KEY = "localcamera.name";

/** The protocol's limit. */
export const NAME_CHARACTERS = 100;

/**
 * @typedef {object} Device
 * @property {string} id
 * @property {string} key
 * @property {string} name
 * @property {boolean} lasting
 * @property {(name: string) => string} rename returns the name as kept
 */

/**
 * Random bytes in the alphabet of base64url.
 * @param {number} [bytes]
 */
export function randomId(bytes = 16) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  const text = btoa(String.fromCharCode(...random));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * @param {Window} page
 * @returns {Storage | null} reading the property throws where storage is blocked
 */
export function localStorageOrNull(page) {
  try {
    const probe = "localcamera.probe";
    page.localStorage.setItem(probe, probe);
    page.localStorage.removeItem(probe);
    return page.localStorage;
  } catch {
    return null;
  }
}

/** In this order: each calls itself by the names of those below, too. @type {[RegExp, string][]} */
const BROWSERS = [
  [/EdgA?\/|EdgiOS\//, "Edge"],
  [/OPR\/|OPT\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/CriOS\//, "Chrome"],
  [/Chromium\//, "Chromium"],
  [/Chrome\//, "Chrome"],
  [/Version\/.*Safari\//, "Safari"],
];

/**
 * The kind of machine.
 * @param {{ userAgent: string, maxTouchPoints?: number }} browser
 */
function machine(browser) {
  const agent = browser.userAgent;
  if (/iPhone|iPod/.test(agent)) return "iPhone";
  // An iPad asks for desktop pages and calls itself a Macintosh; no Macintosh has a touch screen.
  if (/iPad/.test(agent) || (/Macintosh/.test(agent) && (browser.maxTouchPoints || 0) > 1)) return "iPad";
  if (/Android/.test(agent)) return /Mobile/.test(agent) ? "Android phone" : "Android tablet";
  if (/CrOS/.test(agent)) return "Chromebook";
  if (/Macintosh/.test(agent)) return "Mac";
  if (/Windows/.test(agent)) return "Windows";
  return /Linux/.test(agent) ? "Linux" : "";
}

/**
 * Browser and kind of machine, as a name to begin with: one machine has several browsers, and each is let in for itself.
 * @param {{ userAgent: string, maxTouchPoints?: number }} browser
 */
export function browserName(browser) {
  const known = BROWSERS.find(([form]) => form.test(browser.userAgent));
  const [name, on] = [known ? known[1] : "", machine(browser)];
  if (name === "" || on === "") return name || on || "Browser";
  return `${name} on ${on}`;
}

/** @param {string} name */
export function cleanName(name) {
  return oneLine(name, NAME_CHARACTERS);
}

/**
 * @param {Pick<Storage, "getItem" | "setItem"> | null} storage
 * @param {{ userAgent: string, maxTouchPoints?: number }} browser
 * @returns {Device}
 */
export function loadDevice(storage, browser) {
  /** @param {string} key @param {() => string} make @param {RegExp} form */
  const lasting = (key, make, form) => {
    const kept = storage && storage.getItem(key);
    if (kept && form.test(kept)) return kept;
    const made = make();
    if (storage) storage.setItem(key, made);
    return made;
  };
  const id = lasting(ID_KEY, () => randomId(16), /^[A-Za-z0-9_-]{8,64}$/);
  const key = lasting(SECRET_KEY, () => randomId(32), /^[A-Za-z0-9_-]{32,128}$/);
  let name = cleanName((storage && storage.getItem(NAME_KEY)) || "") || browserName(browser);
  return {
    id,
    key,
    lasting: storage !== null,
    get name() {
      return name;
    },
    rename(wanted) {
      const clean = cleanName(wanted);
      name = clean || browserName(browser);
      if (storage) storage.setItem(NAME_KEY, clean);
      return name;
    },
  };
}
