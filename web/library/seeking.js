/**
 * Seeks in a video and always comes to an end: a browser that does not answer is asked again, then its file is loaded
 * anew, then it has failed. Of what is asked meanwhile the newest counts.
 *
 *   const seeking = createSeeking({ video, timers: window, onSlow: () => … });
 *   await seeking.to(12.5)      "there", "failed", or "superseded" by a newer one
 *   seeking.isUnderWay()        until then what the video shows is not what was asked for
 *   seeking.drop()
 *
 * @module
 */

/** Half a second is usual, over Wi-Fi from a busy disk a few. */
const PATIENCE_MS = 4000;
const TRIES = 3;
/** A seek out of the end is as quick as any other, or never done. */
const ENDED_PATIENCE_MS = 700;
/** `HTMLMediaElement.HAVE_METADATA`, `HAVE_CURRENT_DATA` */
const HAVE_METADATA = 1;
const HAVE_CURRENT_DATA = 2;
/** Nearer than half a frame at 60 Hz is there already. */
const NEAR_S = 0.008;

/** @typedef {"there" | "failed" | "superseded"} Outcome */
/** @typedef {Pick<HTMLVideoElement, "currentTime" | "readyState" | "seeking" | "error" | "load" | "ended" | "play" | "pause" | "addEventListener" | "removeEventListener">} Seekable */
/** @typedef {{ setTimeout(work: () => void, ms: number): any, clearTimeout(timer: any): void }} Timers */

/** @param {{ video: Seekable, timers: Timers, onSlow?: () => void }} options */
export function createSeeking({ video, timers, onSlow = () => {} }) {
  let turn = 0;
  let isBusy = false;
  /** Since then no seek has come to its end. */
  let hasEnded = false;
  /** @type {(() => void) | null} */
  let wake = null;

  /** @param {string[]} names @param {() => boolean} isMet @param {number} [patienceMs] @returns {Promise<boolean>} false after the patience, or an error */
  function until(names, isMet, patienceMs = PATIENCE_MS) {
    if (video.error) return Promise.resolve(false);
    if (isMet()) return Promise.resolve(true);
    return new Promise((resolve) => {
      /** @param {boolean} met */
      const end = (met) => {
        timers.clearTimeout(timer);
        for (const name of all) video.removeEventListener(name, look);
        wake = null;
        resolve(met);
      };
      const look = () => {
        if (video.error) end(false);
        else if (isMet()) end(true);
      };
      const all = [...names, "error"];
      const timer = timers.setTimeout(() => end(isMet()), patienceMs);
      for (const name of all) video.addEventListener(name, look);
      wake = () => end(false);
    });
  }

  /** @param {number} seconds @param {number} mine @returns {Promise<Outcome>} */
  async function attempt(seconds, mine) {
    const isShown = () => !video.seeking && video.readyState >= HAVE_CURRENT_DATA;
    hasEnded = hasEnded || video.ended;
    for (let count = 0; count < TRIES; count += 1) {
      if (count > (hasEnded ? 1 : 0)) onSlow();
      // The last resort: the connection or the decoder hangs.
      if (video.error || count === TRIES - 1) video.load();
      const isLoaded = await until(["loadedmetadata"], () => video.readyState >= HAVE_METADATA);
      if (mine !== turn) return "superseded";
      if (!isLoaded) continue;
      if (Math.abs(video.currentTime - seconds) > NEAR_S || video.seeking) video.currentTime = seconds;
      const isFirst = hasEnded && count === 0;
      const isThere = await until(["seeked", "loadeddata", "canplay"], isShown, isFirst ? ENDED_PATIENCE_MS : PATIENCE_MS);
      if (mine !== turn) return "superseded";
      if (isThere) {
        hasEnded = false;
        return "there";
      }
      if (!isFirst) continue;
      // WebKitGTK leaves a seek away from the end undone until the video plays.
      video.play().catch(() => undefined);
      await until(["seeked", "playing"], isShown);
      if (mine !== turn) return "superseded";
      video.pause();
    }
    return "failed";
  }

  return {
    isUnderWay: () => isBusy,
    /** @param {number} seconds */
    async to(seconds) {
      turn += 1;
      const mine = turn;
      isBusy = true;
      if (wake) wake();
      const outcome = await attempt(seconds, mine);
      if (mine === turn) isBusy = false;
      return outcome;
    },
    drop() {
      turn += 1;
      isBusy = false;
      if (wake) wake();
    },
  };
}

/** @typedef {ReturnType<typeof createSeeking>} Seeking */
