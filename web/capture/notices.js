/**
 * What a person should know beside the truth line, the most urgent first. Pure.
 *
 * @module
 */

/** A first connection that takes longer will need help. */
const NEVER_UP_MS = 8000;

/** @typedef {import("./view.js").Notice} Notice */

/**
 * The first that has not been read. News may come a second time in the same words, and is none the less new.
 * @param {Notice[]} notices
 * @param {Set<string>} read
 */
export const firstUnread = (notices, read) => notices.find(({ key, isNews }) => isNews || !read.has(key)) || null;

/**
 * @param {object} about
 * @param {import("./studio.js").StudioState} about.state
 * @param {string} about.server what `/health` said, while nothing was recorded
 * @param {string[]} about.muted
 * @param {import("../lib/wakelock.js").WakeState} about.wake
 * @param {boolean} about.visible
 * @param {number} about.now
 * @returns {Notice[]}
 */
export function noticesOf({ state, server, muted, wake, visible, now }) {
  const { facts, inSession, name } = state;
  /** @type {Notice[]} */
  const all = [];
  if (state.notice) all.push({ ...state.notice, bad: state.notice.key.startsWith("error."), isNews: true });
  if (facts && (inSession || name === "stopping")) {
    if (!facts.everUp && !facts.problem && !facts.refused && server !== "down" && now - facts.sinceMs > NEVER_UP_MS) {
      all.push({ key: "capture.notice.certificate", values: {}, trust: true });
    }
    if (facts.kind === "memory") all.push({ key: "capture.notice.keeps_nothing", values: {} });
  }
  if (inSession) {
    for (const what of muted) all.push({ key: `capture.notice.muted_${what}`, values: {}, dismiss: false });
    if (wake === "unsupported") all.push({ key: "capture.notice.wake_unsupported", values: {} });
    if (wake === "refused" && visible) all.push({ key: "capture.notice.wake_refused", values: {} });
  }
  return all;
}
