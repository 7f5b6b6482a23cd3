/**
 * The books of what is not captured: each stretch is told once, when it has ended (promise P7). Pure.
 *
 *   const gaps = createGaps((gap) => {});                   // { startMs, endMs, reason, detail? }
 *   gaps.open("muted:camera", { startMs, reason: "muted", detail: "camera", shortestMs: 1000 });
 *   gaps.close("muted:camera", endMs);
 *   gaps.open("camera", { startMs, reason: "camera_lost", untilRun: true });
 *   gaps.runBegan(startedMs);       // the encoder runs again: ends those that waited for it
 *   gaps.closeAll(endMs);           // Stop
 *   gaps.ongoing()                  // for the log: a page that dies never closes them
 *
 * @module
 */

/**
 * @typedef {object} Gap
 * @property {number} startMs
 * @property {number} endMs
 * @property {string} reason
 * @property {string} [detail]
 */

/**
 * @typedef {object} Open
 * @property {number} startMs
 * @property {string} reason
 * @property {string} [detail]
 * @property {boolean} [untilRun] it lasts until the next generation begins
 * @property {number} [shortestMs] what is shorter is none
 */

/**
 * @param {Open} open
 * @param {number} endMs
 * @returns {Gap}
 */
function gapOf({ startMs, reason, detail }, endMs) {
  const gap = { startMs: Math.round(startMs), endMs: Math.round(endMs), reason };
  return detail ? { ...gap, detail } : gap;
}

/** @param {(gap: Gap) => void} tell */
export function createGaps(tell) {
  /** @type {Map<string, Open>} */
  const opened = new Map();

  /** @param {string} key @param {number} endMs */
  const close = (key, endMs) => {
    const open = opened.get(key);
    opened.delete(key);
    if (open && endMs - open.startMs >= (open.shortestMs || 1)) tell(gapOf(open, endMs));
  };

  return {
    close,

    /** What is open already began earlier. @param {string} key @param {Open} gap */
    open(key, gap) {
      if (!opened.has(key)) opened.set(key, gap);
    },

    /** @param {number} startedMs */
    runBegan(startedMs) {
      for (const [key, { untilRun }] of Array.from(opened)) if (untilRun) close(key, startedMs);
    },

    /** @param {number} endMs */
    closeAll(endMs) {
      for (const key of Array.from(opened.keys())) close(key, endMs);
    },

    /** @returns {Open[]} */
    ongoing: () => Array.from(opened.values()),
  };
}

/** @typedef {ReturnType<typeof createGaps>} Gaps */
