/**
 * Where a stream is watched.
 *
 * @module
 */

/**
 * @typedef {object} Address
 * @property {(stream: string, container: import("./codecs.js").Container | null) => string} live
 * @property {(stream: string) => string} whep
 * @property {(stream: string, fps: number) => string} jpeg
 */
/** @typedef {{ heard(nowMs: number): void, now(): number | null }} Clock the server's */
/** @typedef {{ protocol: string, host: string }} Place */

/** @param {Place} place */
const sockets = ({ protocol, host }) => `${protocol === "http:" ? "ws" : "wss"}://${host}/ws/`;

/** @param {Place} place @returns {Address} */
export function createAddress(place) {
  const base = sockets(place);
  return {
    live: (stream, container) => `${base}live/${encodeURIComponent(stream)}${container ? `?container=${container}` : ""}`,
    whep: (stream) => `${place.protocol}//${place.host}/whep/${encodeURIComponent(stream)}`,
    jpeg: (stream, fps) => `${base}jpeg/${encodeURIComponent(stream)}?fps=${fps}`,
  };
}

/** One picture of it. @param {string} stream */
export const snapshotAddress = (stream) => `/api/streams/${encodeURIComponent(stream)}/snapshot.jpg`;
