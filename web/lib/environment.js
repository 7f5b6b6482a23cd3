/**
 * Is this browser able to be a camera here?
 *
 *   const problem = environmentProblem(window);   // null, or { key, values } of a sentence in the strings
 *   isApple(navigator)                            // Safari, every browser on iOS, WebKitGTK
 *   OLDEST                                        // oldest supported versions, for people
 *
 * @module
 */

/** Also written out in the sentence `error.browser_old` and in docs/browsers.md; a test compares them. */
export const OLDEST = Object.freeze({ safari: "14.5", chromium: "88", firefox: "90" });

/** @typedef {{ key: string, values: Record<string, string> }} Problem */

/**
 * @param {Window & typeof globalThis} page
 * @returns {Problem | null}
 */
export function environmentProblem(page) {
  // An insecure page has no mediaDevices: it must not be mistaken for an old browser.
  if (page.isSecureContext === false) {
    return { key: "error.insecure", values: { origin: page.location.host } };
  }
  const devices = page.navigator.mediaDevices;
  const able =
    devices &&
    typeof devices.getUserMedia === "function" &&
    typeof page.MediaRecorder === "function" &&
    typeof page.MediaRecorder.isTypeSupported === "function" &&
    typeof page.WebSocket === "function" &&
    typeof page.Blob === "function" &&
    typeof page.Blob.prototype.arrayBuffer === "function";
  return able ? null : { key: "error.browser_old", values: {} };
}

/** @param {{ vendor?: string }} browser */
export function isApple(browser) {
  return /^Apple/.test(browser.vendor || "");
}
