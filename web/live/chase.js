/**
 * How fast to play and where to jump, so that the picture stays at the live edge without stumbling. Pure.
 *
 *   const chase = createChase();
 *   chase.arrived(endS, nowMs)            after each append: the buffer reaches to there now
 *   chase.look({ ranges, timeS, nowMs, isPlaying, isSeeking })   → { rate, seekToS, isStuck, behindS }
 *   chase.toLive(ranges)                  where "now" is, or null
 *
 * Fragments arrive every so often. Just before the next one about one fragment's length should be left, so that the buffer
 * holds two when it has come.
 *
 * @module
 */

/** Further behind than this nobody wants to see what was missed. */
const JUMP_S = 4;
/** Faster than this, voices sound hurried. */
const FASTEST = 1.1;
const SLOWEST = 0.95;
const SHORTEST_FRAGMENT_S = 0.1;
const LONGEST_FRAGMENT_S = 2;
/** Timers and decoders are not on time. */
const MARGIN_S = 0.25;
/** A place within this in front of a range plays; engines forgive as much. */
const FORGIVEN_S = 0.05;
/** So long without progress although there is media: the decoder needs a push. */
const STALL_MS = 1500;
const MOST_PUSHES = 3;
/** A jump that takes longer went to where nothing is any more. */
const SEEK_MS = 3000;
/** Played so far behind where it was pushed to, it goes by itself again. */
const RECOVERED_S = 0.5;

/** @typedef {[number, number]} Range seconds */
/** @typedef {{ ranges: Range[], timeS: number, nowMs: number, isPlaying: boolean, isSeeking: boolean }} View */
/** @typedef {{ rate: number, seekToS: number | null, isStuck: boolean, behindS: number }} Decision */

export function createChase() {
  /** How much media the last few arrivals brought. @type {number[]} */
  let grown = [];
  let endS = 0;
  let rate = 1;
  let lastTimeS = -1;
  let movedMs = -1;
  let seekingMs = 0;
  let pushes = 0;
  let pushedToS = 0;

  const fragmentS = () => {
    const mean = grown.length > 0 ? grown.reduce((sum, more) => sum + more, 0) / grown.length : 0.5;
    return Math.min(LONGEST_FRAGMENT_S, Math.max(SHORTEST_FRAGMENT_S, mean));
  };
  const targetS = () => 2 * fragmentS() + MARGIN_S;
  const jumpS = () => Math.max(JUMP_S, targetS() + 2);

  /** @param {Range[]} ranges */
  function toLive(ranges) {
    const last = ranges[ranges.length - 1];
    return last ? Math.max(last[0], last[1] - targetS()) : null;
  }

  /** @param {number} timeS @param {number} nowMs @param {boolean} hasMedia */
  function isStalled(timeS, nowMs, hasMedia) {
    if (timeS !== lastTimeS || !hasMedia) {
      if (timeS > pushedToS + RECOVERED_S) pushes = 0;
      lastTimeS = timeS;
      movedMs = nowMs;
      return false;
    }
    return nowMs - movedMs > STALL_MS;
  }

  /** @param {number} behindS */
  function rateFor(behindS) {
    const fragment = fragmentS();
    const excess = behindS - targetS();
    if (rate > 1) {
      // What is left just before an arrival is what counts: begun after one, ended before one.
      if (behindS < fragment) rate = 1;
      else if (excess > 1) rate = FASTEST;
    } else if (rate < 1) {
      if (behindS > targetS() - MARGIN_S) rate = 1;
    } else if (excess > MARGIN_S) {
      rate = excess > 1 ? FASTEST : (1 + FASTEST) / 2;
    } else if (behindS < 0.05) {
      rate = SLOWEST;
    }
    return rate;
  }

  return {
    toLive,

    /** @param {number} bufferedEndS */
    arrived(bufferedEndS) {
      const more = bufferedEndS - endS;
      endS = bufferedEndS;
      // The group of pictures that comes on joining, and gaps, say nothing about fragments.
      if (more > 0.02 && more < 3) grown = grown.concat(more).slice(-8);
    },

    /** @param {View} view @returns {Decision} */
    look({ ranges, timeS, nowMs, isPlaying, isSeeking }) {
      const last = ranges[ranges.length - 1];
      const stay = { rate, seekToS: null, isStuck: false, behindS: last ? Math.max(0, last[1] - timeS) : 0 };
      if (!isSeeking) seekingMs = nowMs;
      if (!last || (isSeeking && nowMs - seekingMs < SEEK_MS)) {
        movedMs = nowMs;
        return stay;
      }
      const jump = (/** @type {number | null} */ to) => {
        rate = 1;
        movedMs = nowMs;
        return { ...stay, rate, seekToS: to };
      };
      const here = ranges.find(([start, end]) => timeS >= start - FORGIVEN_S && timeS < end);
      if (!here) {
        const next = ranges.find(([start]) => start > timeS);
        // Nothing to play at, and something behind the gap; or what is there was removed under the element.
        if (next) return jump(last[1] - next[0] > jumpS() ? toLive(ranges) : next[0] + 0.001);
        if (timeS > last[1] + 1) return jump(toLive(ranges));
      }
      if (!isPlaying) {
        movedMs = nowMs;
        return stay;
      }
      if (stay.behindS > jumpS()) return jump(toLive(ranges));
      // The end of a range that is not the last one is a gap in a moment; engines wait in front of it for ever.
      if (here && here !== last && here[1] - timeS < 0.1) {
        const next = ranges[ranges.indexOf(here) + 1];
        return jump(next[0] + 0.001);
      }
      if (isStalled(timeS, nowMs, stay.behindS > MARGIN_S)) {
        movedMs = nowMs;
        pushes += 1;
        if (pushes > MOST_PUSHES) return { ...stay, isStuck: true };
        pushedToS = Math.min(timeS + 0.1 * pushes, last[1] - 0.05);
        return jump(pushedToS);
      }
      return { ...stay, rate: rateFor(stay.behindS) };
    },
  };
}
