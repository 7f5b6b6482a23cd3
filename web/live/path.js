/**
 * What all paths have in common. Types alone.
 *
 * @module
 */

/** @typedef {"connecting" | "playing" | "waiting" | "paused" | "failing" | "lost" | "over" | "refused" | "unsupported"} PathState */
/**
 * @typedef {object} PathLook
 * @property {PathState} state
 * @property {string[]} codecs that this browser lacks
 * @property {string} reason the server's, where it refused
 * @property {number | null} latencyMs
 * @property {number | null} bitrateBps
 * @property {boolean} canJump the picture is not where it could be
 * @property {boolean} isHeard sound comes with it, if the stream has any
 * @property {string | null} missingSound why the stream's sound does not come this way, if it does not
 */
/**
 * @typedef {object} Path
 * @property {() => void} start
 * @property {(handsOver?: boolean) => void} stop `handsOver`: another path takes the element as it is
 * @property {() => void} show what it has been holding back is put into the element
 * @property {() => void} tick
 * @property {() => void} wake the network is back, or the page is seen again
 * @property {() => void} toLive
 * @property {(isOther: boolean) => void} told the list has news; `isOther`: of another kind of media, or of a stream that is back
 * @property {() => PathLook} look
 */
/**
 * @typedef {object} On
 * @property {() => void} change
 * @property {() => void} covers the element's source is about to be replaced
 * @property {() => void} picture the first one is there
 * @property {() => void} generation a new one has begun
 * @property {(why: import("./choice.js").Why) => boolean} failed true: another path has taken over
 */
/** @typedef {{ state: "live" | "behind" | "away", mime: string | null, hasSound: boolean, hasPicture: boolean, bitrateBps: number | null }} Listed */
/**
 * @typedef {object} PathOptions
 * @property {Window & typeof globalThis} page
 * @property {HTMLVideoElement} video
 * @property {() => string} stream
 * @property {import("./address.js").Address} address
 * @property {import("./address.js").Clock} clock
 * @property {() => Partial<Listed> | null} listed what the list says
 * @property {On} on
 */

export {};
