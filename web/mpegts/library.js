/**
 * JSMpeg, which whoever runs the server has put there: it is not part of localcamera.
 *
 *   const JSMpeg = await loadLibrary(document);      rejects where it is not there
 *
 * @module
 */

export const LIBRARY = "/extras/jsmpeg.min.js";

/**
 * @typedef {object} Library
 * @property {new (url: string, options: Record<string, unknown>) => { destroy(): void }} Player
 */

/** @param {Document} page @returns {Promise<Library>} */
export function loadLibrary(page) {
  return new Promise((resolve, reject) => {
    const script = page.createElement("script");
    script.src = LIBRARY;
    script.onload = () => {
      const { JSMpeg } = /** @type {any} */ (page.defaultView);
      if (JSMpeg && typeof JSMpeg.Player === "function") resolve(JSMpeg);
      else reject(new Error("it is another file than expected"));
    };
    script.onerror = () => reject(new Error("it is not there"));
    page.head.append(script);
  });
}
