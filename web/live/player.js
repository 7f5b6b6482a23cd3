/**
 * One stream in one video element, by the best path that there is: falls to the next one where a path fails, and comes
 * back to a better one without anybody seeing it.
 *
 *   const player = createPlayer({ page: window, video, still, stream: () => id, address, clock, kinds, onChange });
 *   player.start(entry); player.stop();
 *   player.told(entry)      what the list says now; `null` where it does not name the stream
 *   player.toLive()         jump; also after the page was hidden
 *   player.look()           what there is to say of it
 *
 * A path goes on by itself where no other one takes over. A better one is tried beside the one that plays, and gets the
 * element when it has a picture; the old picture stays above it until the new one is painted.
 *
 * @module
 */

import { createChoice, KINDS } from "./choice.js";
import { createJpegPath } from "./path-jpeg.js";
import { createMsePath } from "./path-mse.js";
import { createWebRtcPath } from "./path-webrtc.js";
import { abilitiesOf, inability } from "./paths.js";
import { playVideo } from "./playing-video.js";

const TICK_MS = 250;
/** A better path that has nothing to show for so long would not be better. */
const RISING_MS = 20_000;
/** What speaks against the sound of a path, and may be otherwise later. */
const PASSING = ["unknown", "too_many"];
/** A picture that was paused goes on after this. */
const RESUME_MS = 2000;
/** As often as this without a second played, and it is the path that cannot go on. */
const MOST_RESUMES = 3;
/** So soon after a jump, or a change of its sound, it is the engine that pauses. */
const STIRRED_MS = 2000;
/** So long a menu of the browser's own may stay open before something is chosen in it. */
const MENU_MS = 30_000;
/** While the old picture is seen, the change of path is not worth a word for so long. */
const UNSAID_MS = 3000;

/** @typedef {import("./choice.js").Kind} Kind */
/** @typedef {import("./choice.js").Why} Why */
/** @typedef {import("./path.js").Path} Path */
/** @typedef {import("./path.js").Listed} Listed */
/** @typedef {"off" | import("./path.js").PathState} PlayerState */
/** @typedef {{ kind: Kind, path: Path, beganMs: number, isShown: boolean }} Taken `isShown`: it has had a picture */
/**
 * @typedef {object} Look
 * @property {PlayerState} state
 * @property {string[]} codecs that this browser lacks
 * @property {string} reason the server's, where it refused
 * @property {number | null} latencyMs
 * @property {number | null} bitrateBps
 * @property {boolean} canJump the picture is not where it could be
 * @property {string | null} missingSound why the stream's sound does not come by it
 * @property {Kind | null} kind the path
 * @property {{ kind: Kind, why: Why }[]} against what speaks against those that would be better
 */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {HTMLVideoElement} options.video
 * @param {ReturnType<typeof import("./still.js").createStill>} options.still
 * @param {() => string} options.stream
 * @param {import("./address.js").Address} options.address
 * @param {import("./address.js").Clock} options.clock
 * @param {readonly Kind[]} [options.kinds] the paths that may be taken
 * @param {number} options.fps of single pictures
 * @param {() => void} options.onChange
 */
export function createPlayer({ page, video, still, stream, address, clock, kinds = KINDS, fps, onChange }) {
  const now = () => page.performance.now();
  const able = abilitiesOf(page);
  const choice = createChoice({ kinds, inability: (kind, mime) => inability(kind, mime, able) });
  /** What has the element. @type {Taken | null} */
  let active = null;
  /** A better one on its way. @type {Taken | null} */
  let rising = null;
  /** What the list last said. @type {Partial<Listed> | null} */
  let listed = null;
  /** The stream's media type: also while the list does not name it. @type {string | null} */
  let mime = null;
  let isOn = false;
  /** By a person: WebKitGTK turns the sound on by itself at times. */
  let isSoundAsked = false;
  let menuMs = -MENU_MS;
  let stirredMs = -STIRRED_MS;
  let isEnginesPause = false;
  /** @type {any} */
  let ticking = null;
  let changedMs = 0;
  let resumedMs = 0;
  let resumedS = 0;
  let resumes = 0;

  /** @param {Kind} kind @returns {Taken} */
  function take(kind) {
    /** @param {() => void} act a path that has been left has no say */
    const own = (act) => () => {
      if (taken === active || taken === rising) act();
    };
    const on = {
      change: own(onChange),
      covers: own(() => {
        still.keep();
        changedMs = now();
      }),
      picture: own(() => {
        taken.isShown = true;
        ripen();
      }),
      generation: own(() => choice.renewed(now())),
      failed: (/** @type {Why} */ why) => failed(taken, why),
    };
    const options = { page, video, stream, address, clock, listed: () => listed, on };
    /** @type {Path} */
    let path;
    if (kind === "webrtc") path = createWebRtcPath({ ...options, isHidden: () => taken !== active });
    else if (kind === "mse") path = createMsePath({ ...options, able });
    else path = createJpegPath({ ...options, fps, still });
    /** @type {Taken} */
    const taken = { kind, path, beganMs: now(), isShown: false };
    return taken;
  }

  /** @param {Taken} taken @param {Why} why @returns {boolean} another path has taken over */
  function failed(taken, why) {
    if (taken !== active && taken !== rising) return true;
    choice.failed(taken.kind, why, now());
    if (taken === rising) {
      rising = null;
      taken.path.stop(true);
      return true;
    }
    const best = choice.best(mime, now());
    if (best === null || best === taken.kind) return false;
    if (rising && rising.kind === best) swap();
    else begin(best);
    return true;
  }

  /** @param {Taken} old @param {Kind} next */
  function leave(old, next) {
    still.keep();
    // A video that is seen no more need not be decoded.
    old.path.stop(next !== "jpeg");
  }

  /** @param {Kind} kind */
  function begin(kind) {
    drop();
    if (active) leave(active, kind);
    changedMs = now();
    active = take(kind);
    active.path.start();
    onChange();
  }

  function swap() {
    if (!rising) return;
    if (active) leave(active, rising.kind);
    active = rising;
    rising = null;
    changedMs = active.beganMs = now();
    active.path.show();
    onChange();
  }

  /** @param {string} missing @returns {Why} */
  const soundless = (missing) => ({ code: "no_sound", mayPass: PASSING.includes(missing) });

  const isSoundWanted = () => !video.muted && listed !== null && listed.hasSound === true;

  /** Takes over where it brings what the one before it has: whoever listens does not lose the sound for a moment. */
  function ripen() {
    const next = rising;
    if (!next) return;
    const { missingSound, isHeard } = next.path.look();
    const hasToSound = isSoundWanted() && active !== null && active.kind !== "jpeg";
    if (hasToSound && missingSound !== null) failed(next, soundless(missingSound));
    else if (next.isShown && (isHeard || !hasToSound)) swap();
    else if (now() - next.beganMs > RISING_MS) failed(next, next.isShown ? soundless("unknown") : { code: "silent" });
  }

  function drop() {
    const old = rising;
    rising = null;
    if (old) old.path.stop(true);
  }

  /** Takes what there is; says what is missing where there is nothing. */
  function go() {
    const best = choice.best(mime, now());
    if (best !== null) begin(best);
    else onChange();
  }

  /** A better path, while this one plays and somebody looks. */
  function consider() {
    if (!active || rising || page.document.visibilityState === "hidden") return;
    const { state, missingSound } = active.path.look();
    const { kind, beganMs } = active;
    const isMissed = missingSound !== null && kind !== "jpeg" && isSoundWanted();
    if (isMissed && !choice.isSoundless(kind, now()) && failed(active, soundless(missingSound))) return;
    if (state === "playing") choice.steady(kind, beganMs, now());
    const best = choice.best(mime, now());
    // What was not free when the sound was missed, and is now.
    if (isMissed && best !== null && best !== kind && best !== "jpeg") return begin(best);
    // What waits for the stream itself is as good as any other, and of a device that is silent none has anything to show.
    const isWaiting = state === "over" || state === "lost" || (listed !== null && listed.state === "away");
    if (best === null || KINDS.indexOf(best) >= KINDS.indexOf(active.kind) || isWaiting) return;
    rising = take(best);
    rising.path.start();
  }

  /** In the small window, or in full screen as an iPhone has it: there the browser has buttons of its own. */
  function isInOwnWindow() {
    const { webkitDisplayingFullscreen, webkitPresentationMode = "inline" } = /** @type {any} */ (video);
    return page.document.pictureInPictureElement === video || webkitDisplayingFullscreen === true || webkitPresentationMode !== "inline";
  }

  /** Nobody hears what nobody has turned on. */
  function onVolume() {
    stirredMs = now();
    if (video.muted || isSoundAsked) return;
    if (isInOwnWindow() || now() - menuMs < MENU_MS) {
      isSoundAsked = true;
      beHeard();
      return;
    }
    video.muted = true;
    // The engine will do it again, and pauses what could be heard then.
    video.volume = 0;
  }

  /** @type {[string, () => void][]} */
  const heard = [
    ["loadeddata", () => tick()],
    ["volumechange", onVolume],
    ["contextmenu", () => void (menuMs = now())],
    ["seeking", () => void (stirredMs = now())],
    ["seeked", () => void (stirredMs = now())],
    ["pause", () => void (isEnginesPause = now() - stirredMs < STIRRED_MS)],
  ];

  function beHeard() {
    if (video.volume === 0) video.volume = 1;
  }

  /** Engines pause by themselves, WebKit after a jump; people do it where there is sound, or in the small window. */
  function resume() {
    const isTheirs = (isSoundAsked && !video.muted && !isEnginesPause) || isInOwnWindow() || page.document.visibilityState === "hidden";
    if (isTheirs || now() - resumedMs < RESUME_MS) return;
    resumedMs = now();
    resumes = Math.abs(video.currentTime - resumedS) > 1 ? 1 : resumes + 1;
    resumedS = video.currentTime;
    if (resumes > MOST_RESUMES && active && failed(active, { code: "decode" })) return;
    video.play().catch(({ name }) => {
      // It waits for a tap, by any path.
      if (name === "NotAllowedError") resumes = 0;
    });
  }

  function tick() {
    if (!isOn) return;
    if (active) active.path.tick();
    if (rising) rising.path.tick();
    ripen();
    const { state = "" } = active && active.kind !== "jpeg" ? active.path.look() : {};
    if (state === "playing") still.lift();
    if (state === "paused") resume();
    consider();
  }

  /** @returns {PlayerState} */
  function stateOf(/** @type {PlayerState} */ state) {
    const isUnsaid = still.isShown() && now() - changedMs < UNSAID_MS;
    return isUnsaid && (state === "connecting" || state === "lost") ? "waiting" : state;
  }

  return {
    /** @param {Partial<Listed> | null} entry as the list says */
    start(entry) {
      if (isOn) return;
      isOn = true;
      listed = entry;
      mime = (entry && entry.mime) || null;
      choice.reset();
      ticking = page.setInterval(tick, TICK_MS);
      if (video.muted) isSoundAsked = false;
      for (const [name, act] of heard) video.addEventListener(name, act);
      // Asked within the tap that opened the view, it is allowed for what comes later, too.
      playVideo(video);
      go();
    },
    stop() {
      if (!isOn) return;
      isOn = false;
      page.clearInterval(ticking);
      for (const [name, act] of heard) video.removeEventListener(name, act);
      drop();
      if (active) active.path.stop();
      active = null;
      still.clear();
      // A path that had no picture yet has left the one of the path before it; the next stream is another's.
      if (video.srcObject) video.srcObject = null;
      if (video.hasAttribute("src")) {
        video.removeAttribute("src");
        video.load();
      }
      onChange();
    },
    /** @param {Partial<Listed> | null} entry */
    told(entry) {
      const isOther = entry !== null && (listed === null || listed.mime !== entry.mime);
      const before = mime;
      listed = entry;
      if (entry && entry.mime) mime = entry.mime;
      if (!isOn) return;
      if (before !== mime) choice.renewed(now());
      if (active) active.path.told(isOther);
      else if (isOther) go();
    },
    /** The network is back, or the page is seen again. */
    wake() {
      if (!isOn || !active) return;
      active.path.wake();
    },
    toLive() {
      if (active) active.path.toLive();
    },
    /** Within a tap or click, which is what allows it. */
    toggleSound() {
      video.muted = !video.muted;
      isSoundAsked = !video.muted;
      if (isSoundAsked) beHeard();
      void video.play().catch(() => {});
    },
    tick,
    /** @returns {Look} */
    look() {
      const against = KINDS.slice(0, active ? KINDS.indexOf(active.kind) : KINDS.length).flatMap((kind) => {
        const why = choice.why(kind, mime);
        return why ? [{ kind, why }] : [];
      });
      if (!active) {
        const video = against.find(({ kind }) => kind === "mse") || against[0];
        const codecs = (video && video.why.codecs) || [];
        return { state: isOn ? "unsupported" : "off", codecs, reason: "", latencyMs: null, bitrateBps: null, canJump: false, missingSound: null, kind: null, against };
      }
      const { state, codecs, reason, latencyMs, bitrateBps, canJump, missingSound } = active.path.look();
      const lacking = against.find(({ kind, why }) => kind === "mse" && why.code === "codec");
      // That there are no single pictures either is not what a person can change.
      const isLacking = lacking !== undefined && active.kind === "jpeg" && state === "refused";
      return {
        state: isLacking ? "unsupported" : stateOf(state),
        codecs: isLacking ? lacking.why.codecs || [] : codecs,
        reason,
        latencyMs,
        bitrateBps,
        canJump,
        missingSound,
        kind: active.kind,
        against,
      };
    },
  };
}
