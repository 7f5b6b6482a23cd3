/**
 * Where a stream is watched.
 *
 * @module
 */

/** @typedef {(stream: string, container: import("./codecs.js").Container | null) => string} Address */
/** @typedef {{ heard(nowMs: number): void, now(): number | null }} Clock the server's */

/** @param {{ protocol: string, host: string }} place @returns {Address} */
export function liveAddress({ protocol, host }) {
  const base = `${protocol === "http:" ? "ws" : "wss"}://${host}/ws/live/`;
  return (stream, container) => base + encodeURIComponent(stream) + (container ? `?container=${container}` : "");
}
