/**
 * Addresses of IP cameras as people type and paste them, with what is secret in them apart. Pure.
 *
 *   readAddress("admin:pa%40ss@192.168.1.20/stream1")
 *     { address: "rtsp://192.168.1.20/stream1", user: "admin", password: "pa@ss" }
 *   readAddress("http://192.168.1.20")      { problem: "scheme" }
 *   withLogin(address, "admin", "pa@ss")    the whole again, for the one request that needs it
 *   hostOf("rtsp://192.168.1.20/stream1")   "192.168.1.20"
 *   isBeside(one, other)                    the same place, spoken to in the same way
 *   isSecret("rtsp://cam/user=admin_password=x_channel=1")   its path holds a password: it must not be kept or shown
 *
 * Browsers read addresses of this scheme differently, and some not at all.
 *
 * @module
 */

/** @typedef {{ address: string, user: string, password: string }} Address `address` without user and password */
/** @typedef {"empty" | "scheme" | "host" | "login"} Problem `login`: what is secret stands where it cannot be told apart */

const SCHEMES = ["rtsp", "rtsps"];
/** A name, an address, or an address of IPv6 in brackets, and a port. */
const HOST = /^(\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^\s:@/?#[\]]+)(?::(\d{1,5}))?$/i;

/** Names of values by which cameras without another way take a password. The server (src/config/sources/address.rs) knows the same. */
const SECRET = /pass|pwd|psw|secret|token|auth|key|(?:^|[^a-z0-9])pw[0-9_-]*$/i;
/** Where it is spoken unless the address says otherwise. @type {Readonly<Record<string, string>>} */
const PORTS = { rtsp: "554", rtsps: "322" };

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    // A sign of percent that is one.
    return text;
  }
}

/** @param {string} written @returns {Address | { problem: Problem }} */
export function readAddress(written) {
  const text = written.trim();
  if (text === "") return { problem: "empty" };
  const named = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const scheme = named ? named[1].toLowerCase() : "rtsp";
  if (!SCHEMES.includes(scheme)) return { problem: "scheme" };
  const rest = named ? text.slice(named[0].length) : text;
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const path = end < 0 ? "" : rest.slice(end);
  const at = authority.lastIndexOf("@");
  // A password with a slash in it would be taken for a path, and be shown.
  if (at < 0 && path.includes("@")) return { problem: "login" };
  const host = HOST.exec(authority.slice(at + 1));
  if (!host || /\s/.test(path) || (host[2] !== undefined && Number(host[2]) > 65535)) return { problem: "host" };
  const login = at < 0 ? "" : authority.slice(0, at);
  const colon = login.indexOf(":");
  return {
    address: `${scheme}://${host[0]}${path}`,
    user: decoded(colon < 0 ? login : login.slice(0, colon)),
    password: colon < 0 ? "" : decoded(login.slice(colon + 1)),
  };
}

/** @param {string} address without a login @param {string} user @param {string} password */
export function withLogin(address, user, password) {
  if (user === "") return address;
  const login = password === "" ? encodeURIComponent(user) : `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return address.replace("://", () => `://${login}@`);
}

/** @param {string} address as `readAddress` gives it */
export function isSecret(address) {
  const path = address.replace(/^\w+:\/\/[^/?#]*/, "");
  return path.split(/[&/;?]/).some((piece) => {
    const parts = piece.split("=");
    // Cameras exist that write `user=admin_password=…_channel=1`; where nothing stands behind the name, nothing is secret.
    return parts.some((key, at) => SECRET.test(key) && parts.slice(at + 1).join("=") !== "");
  });
}

/** @param {string} one @param {string} other as `readAddress` gives them */
export function isBeside(one, other) {
  const [a, b] = [one, other].map((address) => {
    const [scheme, rest] = address.split("://");
    const host = HOST.exec((rest || "").replace(/[/?#].*$/, ""));
    return host ? `${scheme} ${host[1].toLowerCase()} ${host[2] || PORTS[scheme]}` : address;
  });
  return a === b;
}

/** @param {string} address as `readAddress` gives it */
export function hostOf(address) {
  const authority = address.replace(/^\w+:\/\//, "").replace(/[/?#].*$/, "");
  const host = HOST.exec(authority);
  return host ? host[1] : authority;
}
