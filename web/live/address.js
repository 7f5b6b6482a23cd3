/**
 * Where a stream is watched. The token of a link goes with each of these: into the addresses of sockets and pictures,
 * which can carry it nowhere else, and into a header of requests.
 *
 * @module
 */

/**
 * @typedef {object} Address
 * @property {(stream: string, container: import("./codecs.js").Container | null) => string} live
 * @property {(stream: string) => string} whep
 * @property {(stream: string, fps: number) => string} jpeg
 * @property {Record<string, string>} [headers] of requests
 */
/** @typedef {{ heard(nowMs: number): void, now(): number | null }} Clock the server's */
/** @typedef {{ protocol: string, host: string }} Place */

/** @param {Place} place */
const sockets = ({ protocol, host }) => `${protocol === "http:" ? "ws" : "wss"}://${host}/ws/`;

/** @param {string} url @param {string} token @returns {string} the same, shown with the token */
export function withToken(url, token) {
  return token === "" ? url : `${url}${url.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}

/** @param {string} search @returns {string} the token of a link, "" where there is none */
export const tokenOf = (search) => new URLSearchParams(search).get("token") || "";

/** @param {string} token @returns {Record<string, string>} */
export const bearing = (token) => (token === "" ? {} : { authorization: `Bearer ${token}` });

/** @param {Place} place @param {string} [token] of a link @returns {Address} */
export function createAddress(place, token = "") {
  const base = sockets(place);
  return {
    live: (stream, container) => withToken(`${base}live/${encodeURIComponent(stream)}${container ? `?container=${container}` : ""}`, token),
    whep: (stream) => `${place.protocol}//${place.host}/whep/${encodeURIComponent(stream)}`,
    jpeg: (stream, fps) => withToken(`${base}jpeg/${encodeURIComponent(stream)}?fps=${fps}`, token),
    headers: bearing(token),
  };
}

/** One picture of it. @param {string} stream @param {string} [token] of a link */
export const snapshotAddress = (stream, token = "") => withToken(`/api/streams/${encodeURIComponent(stream)}/snapshot.jpg`, token);
