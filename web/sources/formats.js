/**
 * What an attached camera can deliver, as the server lists it, for the form's suggestions. Pure.
 *
 *   formatsOf(["mjpeg 1280x720 30", "yuyv422 640x480 30"])   { sizes: ["1280x720", "640x480"], rates: ["30"] }
 *
 * @module
 */

/** @param {string[]} formats the largest and the fastest first */
export function formatsOf(formats) {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  /** @type {Set<number>} */
  const rates = new Set();
  for (const format of formats) {
    const size = /\b(\d{2,5})x(\d{2,5})\b/.exec(format);
    if (!size) continue;
    sizes.set(size[0], Number(size[1]) * Number(size[2]));
    const rate = /^[\s@]*(\d+(?:\.\d+)?)/.exec(format.slice(size.index + size[0].length));
    if (rate) rates.add(Number(rate[1]));
  }
  return {
    sizes: Array.from(sizes.keys()).sort((a, b) => (sizes.get(b) || 0) - (sizes.get(a) || 0)),
    rates: Array.from(rates).sort((a, b) => b - a).map(String),
  };
}
