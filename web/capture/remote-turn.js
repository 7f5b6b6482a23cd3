/**
 * Which of a browser's tabs has the connection of this device: the server gives it to the newest. The tab that records
 * keeps it; of tabs that do not, the one that is used has it. Pure.
 *
 *   const turn = createTurn();
 *   turn.mayConnect({ other, inSession, visible, focused, now })    // asked about twice a second while there is no connection
 *   turn.taken(now)                                        // the server gave it to another tab
 *
 * @module
 */

/** Tabs that cannot know of each other do not wrestle. */
const RECORDING_REST_MS = 10000;
/** The tab that took it may have been closed since, or opened behind the one that is used. */
const REST_MS = 60000;

export function createTurn() {
  /** @type {number | null} */
  let takenMs = null;
  let wasVisible = true;
  let wasFocused = true;

  return {
    /** @param {number} now */
    taken(now) {
      takenMs = now;
    },

    /**
     * @param {object} about
     * @param {boolean} about.other another tab records
     * @param {boolean} about.inSession
     * @param {boolean} about.visible
     * @param {boolean} about.focused of all windows one has the focus: two that are seen do not wrestle
     * @param {number} about.now
     */
    mayConnect({ other, inSession, visible, focused, now }) {
      const isBack = visible && (!wasVisible || (focused && !wasFocused));
      wasVisible = visible;
      wasFocused = focused;
      if (other) return false;
      if (takenMs === null || isBack) return true;
      const restedMs = now - takenMs;
      return inSession ? restedMs >= RECORDING_REST_MS : visible && focused && restedMs >= REST_MS;
    },
  };
}
