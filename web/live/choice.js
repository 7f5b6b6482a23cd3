/**
 * Which path a stream takes to this browser, of those that it can take, given what has failed when. Pure.
 *
 *   const choice = createChoice({ kinds: ["webrtc", "mse", "jpeg"], inability, random });
 *   choice.best(mime, nowMs)            the first that there is no reason against; null where there is none
 *   choice.failed("webrtc", why, nowMs) it is not tried again before a pause that grows
 *   choice.steady("webrtc", sinceMs, nowMs) it plays: after long enough its next failure is a first one
 *   choice.renewed(nowMs)               a new generation: what did not go may go now
 *   choice.why("webrtc", mime)          the reason against it, or null
 *
 * @module
 */

/** @typedef {"webrtc" | "mse" | "jpeg"} Kind */
/** @typedef {"browser" | "codec" | "server" | "no_route" | "silent" | "decode" | "lost" | "closed" | "no_sound"} Code */
/** @typedef {{ code: Code, codecs?: string[], text?: string, mayPass?: boolean }} Why `codecs`: by the names that people know; `mayPass`: of missing sound */

/** In order of preference: the quickest first, the one that always goes last. @type {readonly Kind[]} */
export const KINDS = ["webrtc", "mse", "jpeg"];

/** A firewall does not change its mind soon, and each attempt costs a connection. */
const FIRST_MS = 15_000;
const LONGEST_MS = 600_000;
/** A device whose encoder starts anew all the time makes no storm of attempts. */
const RECENT_MS = 10_000;
/** As long as the longest pause: a path that fails more often than it is left alone is no good. */
const STEADY_MS = 600_000;

/**
 * @param {object} options
 * @param {readonly Kind[]} options.kinds in order of preference
 * @param {(kind: Kind, mime: string | null) => Why | null} options.inability what this browser lacks for it
 * @param {() => number} [options.random]
 */
export function createChoice({ kinds, inability, random = Math.random }) {
  /** @type {Map<Kind, { why: Why, atMs: number, untilMs: number, count: number }>} */
  const failures = new Map();

  /** @param {Kind} kind @param {number} nowMs */
  const isPaused = (kind, nowMs) => {
    const failure = failures.get(kind);
    return failure !== undefined && failure.untilMs > nowMs;
  };
  /** @param {Kind} kind */
  const isSilent = (kind) => {
    const failure = failures.get(kind);
    return failure !== undefined && failure.why.code === "no_sound";
  };

  /** @param {Why} why */
  const isForGood = (why) => why.code === "no_sound" && !why.mayPass;

  return {
    /** @param {string | null} mime of the stream, null while it is unknown @param {number} nowMs @returns {Kind | null} */
    best(mime, nowMs) {
      const able = kinds.filter((kind) => inability(kind, mime) === null);
      const free = able.find((kind) => !isPaused(kind, nowMs)) || null;
      if (free !== null && free !== "jpeg") return free;
      // A moving picture without sound is better than single ones, which have none either.
      return able.find(isSilent) || free;
    },
    /** @param {Kind} kind @param {Why} why @param {number} nowMs */
    failed(kind, why, nowMs) {
      const before = failures.get(kind);
      const count = before ? before.count + 1 : 0;
      const pauseMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** count) * (0.75 + random() / 4);
      // Of its sound nothing but another stream changes anything.
      failures.set(kind, { why, atMs: nowMs, untilMs: isForGood(why) ? Infinity : nowMs + pauseMs, count });
    },
    /** @param {Kind} kind @param {number} sinceMs since when it plays @param {number} nowMs */
    steady(kind, sinceMs, nowMs) {
      const failure = failures.get(kind);
      if (failure && nowMs - Math.max(sinceMs, failure.atMs) >= STEADY_MS) failures.delete(kind);
    },
    /** It is known to lack the sound. @param {Kind} kind @param {number} nowMs */
    isSoundless: (kind, nowMs) => isSilent(kind) && isPaused(kind, nowMs),
    /** @param {number} nowMs */
    renewed(nowMs) {
      for (const failure of failures.values()) if (nowMs - failure.atMs >= RECENT_MS) failure.untilMs = nowMs;
    },
    /** Another stream: what was learnt of the way to the server stays. */
    reset() {
      for (const [kind, { why }] of Array.from(failures)) if (why.code !== "no_route") failures.delete(kind);
    },
    /** @param {Kind} kind @param {string | null} mime @returns {Why | null} */
    why(kind, mime) {
      if (!kinds.includes(kind)) return null;
      const failure = failures.get(kind);
      return inability(kind, mime) || (failure ? failure.why : null);
    },
  };
}
