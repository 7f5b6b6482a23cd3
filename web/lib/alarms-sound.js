/**
 * Two tones, made here, as long as something is wrong.
 *
 *   const sound = createAlarmSound({ page: window, storage, now, onChange });
 *   sound.state()         "off", "on", "blocked" (wanted, and the browser waits for a tap), "unsupported"
 *   sound.toggle()        inside a tap: that is when browsers permit sound; kept for the next visit
 *   sound.allow()         the same tap, where it is "blocked"
 *   sound.sound(true)     as often as one likes
 *
 * @module
 */

const STORAGE_KEY = "localcamera.alarm_sound";
const REPEAT_MS = 10000;
/** A telephone call, or Siri, takes the sound away and does not say when it gives it back. */
const RESUME_MS = 2000;
/** A falling fourth, twice: heard through a door, and not taken for a telephone. */
const TONES = Object.freeze([
  { hertz: 880, atS: 0 },
  { hertz: 659, atS: 0.22 },
  { hertz: 880, atS: 0.55 },
  { hertz: 659, atS: 0.77 },
]);
const TONE_S = 0.2;
const LOUDNESS = 0.35;
/** Without it the ends of a tone click. */
const EDGE_S = 0.015;

/** @typedef {"off" | "on" | "blocked" | "unsupported"} SoundState */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {Storage | null} options.storage
 * @param {() => number} options.now ms
 * @param {() => void} options.onChange
 */
export function createAlarmSound({ page, storage, now, onChange }) {
  const Context = page.AudioContext || /** @type {any} */ (page).webkitAudioContext;
  let isWanted = Boolean(storage && storage.getItem(STORAGE_KEY) === "on");
  /** @type {AudioContext | null} */
  let context = null;
  let playedMs = -Infinity;
  let resumedMs = -Infinity;

  function prepare() {
    if (!isWanted || !Context) return;
    if (!context) {
      context = /** @type {AudioContext} */ (new Context());
      context.onstatechange = onChange;
    }
    // Outside a tap it may stay as it is; the next tap anywhere tries again.
    if (context.state !== "running") void context.resume().catch(() => {});
    resumedMs = now();
  }

  function play() {
    if (!context || context.state !== "running") return;
    const startS = context.currentTime + 0.05;
    for (const { hertz, atS } of TONES) {
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = hertz;
      const [from, to] = [startS + atS, startS + atS + TONE_S];
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(LOUDNESS, from + EDGE_S);
      gain.gain.setValueAtTime(LOUDNESS, to - EDGE_S);
      gain.gain.linearRampToValueAtTime(0, to);
      tone.connect(gain).connect(context.destination);
      tone.start(from);
      tone.stop(to);
    }
    playedMs = now();
  }

  /** Whoever taps the button itself means the button. @param {Event} event */
  function touched({ target }) {
    if (!(target instanceof page.Element && target.closest("[data-alarm-sound]"))) prepare();
  }

  for (const name of ["pointerup", "keydown"]) page.addEventListener(name, touched, { passive: true });
  page.document.addEventListener("visibilitychange", () => {
    if (page.document.visibilityState === "visible") prepare();
  });
  prepare();

  return {
    /** @returns {SoundState} */
    state() {
      if (!Context) return "unsupported";
      if (!isWanted) return "off";
      return context && context.state === "running" ? "on" : "blocked";
    },
    toggle() {
      isWanted = !isWanted;
      if (storage) storage.setItem(STORAGE_KEY, isWanted ? "on" : "off");
      prepare();
      if (!isWanted && context) void context.suspend().catch(() => {});
      playedMs = -Infinity;
      onChange();
    },
    /** Inside a tap. */
    allow: prepare,
    /** @param {boolean} wanted */
    sound(wanted) {
      if (!wanted) playedMs = -Infinity;
      if (!wanted || !isWanted) return;
      if (context && context.state !== "running" && now() - resumedMs >= RESUME_MS) prepare();
      if (now() - playedMs >= REPEAT_MS) play();
    },
  };
}
