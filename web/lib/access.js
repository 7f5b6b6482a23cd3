/**
 * Who this browser is to the server, and how it gets in.
 *
 *   const access = createAccess({ claims: createClaims(sessionStorageOrNull(window)) });
 *   await access.look()                        { mode, canDecide, hasPasswords, place, you }
 *   await access.decide("paired", name)        first start; the same for what follows
 *   await access.pair(code, name, device)      six digits, or the secret of a link; `hasDecided`: it was the first admin's
 *   await access.signIn(user, password, name)
 *   await access.signOut()
 *
 * What the server refuses is an AccessError with its code; "no_answer" where it has not answered, "no_cookie" where
 * this browser does not keep what it was given.
 *
 * @module
 */

import { placeOf } from "./place.js";
import { oneLine } from "./plain-text.js";
import { within } from "./request.js";

/** The server writes to its disk, and a password takes it a moment. */
const PATIENCE_MS = 15_000;
/** Whoever looks only wants to know soon. */
const LOOK_MS = 5000;
const MESSAGE_CHARACTERS = 500;
const NAME_CHARACTERS = 100;

/** @typedef {"undecided" | "paired" | "network" | "open"} Mode */
/** @typedef {"camera" | "viewer" | "admin"} Role */
/**
 * @typedef {object} You
 * @property {"nobody" | "everyone" | "open" | "browser" | "token" | "link"} who
 * @property {string} id
 * @property {string} name
 * @property {string} person as whom a browser has signed in, or ""
 * @property {Role | null} role
 * @property {string[] | null} scope null: everything
 */
/** @typedef {{ mode: Mode, canDecide: boolean, hasPasswords: boolean, place: import("./place.js").Place, you: You }} Access */

export class AccessError extends Error {
  /**
   * @param {string} code
   * @param {object} [more]
   * @param {number} [more.status] 0 where there was no answer
   * @param {string} [more.message] the server's sentence
   * @param {number | null} [more.retryAfterMs]
   */
  constructor(code, { status = 0, message = "", retryAfterMs = null } = {}) {
    super(message || code);
    this.code = code;
    this.status = status;
    this.said = message;
    this.retryAfterMs = retryAfterMs;
  }
}

const MODES = ["undecided", "paired", "network", "open"];
const WHO = ["nobody", "everyone", "open", "browser", "token", "link"];
const ROLES = ["camera", "viewer", "admin"];

/** @param {unknown} value @returns {string} */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {unknown} value @returns {Role | null} */
export const roleOf = (value) => (ROLES.includes(text(value)) ? /** @type {Role} */ (value) : null);

/** What a rule names, or null for everything. @param {unknown} value @returns {string[] | null} */
export const scopeOf = (value) => (Array.isArray(value) ? value.filter((one) => typeof one === "string" && one !== "") : null);

/** @param {any} told @returns {Access | null} null where it is something else */
export function parseAccess(told) {
  if (told === null || typeof told !== "object" || !MODES.includes(told.mode)) return null;
  const you = told.you !== null && typeof told.you === "object" ? told.you : {};
  return {
    mode: told.mode,
    canDecide: told.first_decision === true,
    hasPasswords: told.passwords === true,
    place: placeOf(told),
    you: {
      // Of what this page does not know, nothing is claimed.
      who: WHO.includes(you.who) ? you.who : "nobody",
      id: text(you.id),
      name: oneLine(you.name, NAME_CHARACTERS),
      person: oneLine(you.person, NAME_CHARACTERS),
      role: roleOf(you.role),
      scope: scopeOf(you.scope),
    },
  };
}

/** @param {Access | null} known whether this browser may change the server, and command devices */
export const isAdmin = (known) => known !== null && (known.mode === "open" || known.you.role === "admin");

/** @param {string | null} value of the header `Retry-After`, in seconds @returns {number | null} */
export function retryAfterMs(value) {
  const seconds = value === null || !/^\d{1,6}$/.test(value.trim()) ? NaN : Number(value);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** @param {any} told @param {number} status @param {string | null} retryAfter */
function refusal(told, status, retryAfter) {
  const error = told !== null && typeof told === "object" && told.error !== null && typeof told.error === "object" ? told.error : {};
  return new AccessError(text(error.code) || "unknown", { status, message: oneLine(error.message, MESSAGE_CHARACTERS), retryAfterMs: retryAfterMs(retryAfter) });
}

/**
 * @param {string} path
 * @param {RequestInit & { patienceMs?: number }} options
 * @returns {Promise<any>}
 */
async function ask(path, options) {
  const answer = await within(path, options, async (got) => {
    const body = await got.text();
    /** @type {any} */
    let told = null;
    try {
      told = body === "" ? null : JSON.parse(body);
    } catch {
      // A proxy's page, perhaps; the status says enough.
    }
    return { ok: got.ok, status: got.status, told, retryAfter: got.headers.get("Retry-After") };
  }).catch(() => {
    throw new AccessError("no_answer");
  });
  if (!answer.ok) throw refusal(answer.told, answer.status, answer.retryAfter);
  return answer.told;
}

/**
 * @param {object} options
 * @param {import("./claims.js").Claims} options.claims
 * @param {string} [options.token] of a program or a link, in place of a cookie
 */
export function createAccess({ claims, token = "" }) {
  /** @type {Record<string, string>} */
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };

  async function look() {
    const known = parseAccess(await ask("/api/access", { headers, patienceMs: LOOK_MS }));
    if (!known) throw new AccessError("unknown");
    if (known.you.who === "browser") claims.settle();
    return known;
  }

  /** @param {string} path @param {Record<string, unknown>} body @returns {Promise<Access & { hasDecided: boolean }>} */
  async function enter(path, body) {
    const entered = parseAccess(
      await ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...body, claim: claims.current() }),
        patienceMs: PATIENCE_MS,
      }),
    );
    // The cookie is shown once: only then is it certain that this browser keeps it.
    const known = await look();
    if (known.you.who !== "browser") throw new AccessError("no_cookie");
    // Nobody had decided who gets in. The first admin's cookie does, for the stricter.
    const hasDecided = entered !== null && entered.mode === "undecided" && isAdmin(known);
    return { ...known, hasDecided };
  }

  return {
    look,
    /** What the first admin chooses, who has come by a link. @param {"paired" | "network"} mode @returns {Promise<Access>} */
    async choose(mode) {
      await ask("/api/access/mode", { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify({ mode }), patienceMs: PATIENCE_MS });
      return look();
    },
    /** @param {"paired" | "network"} mode @param {string} name of this browser */
    decide: (mode, name) => enter("/api/access/first", { mode, name }),
    /** @param {string} code @param {string} name @param {{ id: string, key: string }} [device] by which its recordings are known */
    pair: (code, name, device) => enter("/api/access/pair", device ? { code, name, device: { id: device.id, key: device.key } } : { code, name }),
    /** @param {string} user @param {string} password @param {string} name */
    signIn: (user, password, name) => enter("/api/access/sign-in", { user, password, name }),
    signOut: () => ask("/api/access/sign-out", { method: "POST", patienceMs: PATIENCE_MS }),
  };
}

/** @typedef {ReturnType<typeof createAccess>} AccessClient */
