/**
 * Who gets in, as `/api/access/people` tells it. Pure.
 *
 *   parsePeople(told)      null where it is something else
 *
 * @module
 */

import { roleOf, scopeOf } from "../lib/access.js";
import { oneLine } from "../lib/plain-text.js";

/** @typedef {import("../lib/access.js").Role} Role */
/** @typedef {import("../lib/access.js").Mode} Mode */
/** @typedef {{ id: string, name: string, role: Role | null, scope: string[] | null, lastSeenMs: number | null }} Entry `role`: null where this page does not know it */
/** @typedef {Entry & { hasPassword: boolean }} User */
/** @typedef {Entry & { user: string | null, device: string | null, createdMs: number | null, lastFrom: string, isHere: boolean }} Browser */
/** @typedef {Entry & { endsMs: number | null }} Token */
/** @typedef {{ id: string, scope: string[], endsMs: number | null }} Link */
/** @typedef {{ id: string, role: Role | null, usesLeft: number, endsMs: number | null }} Code */
/** @typedef {{ mode: Mode, users: User[], browsers: Browser[], tokens: Token[], links: Link[], codes: Code[] }} People */

const NAME_CHARACTERS = 100;
const ADDRESS_CHARACTERS = 60;
const MODES = ["undecided", "paired", "network", "open"];

/** @param {unknown} value @returns {string | null} */
const named = (value) => (typeof value === "string" && value !== "" ? value : null);
/** @param {unknown} value @returns {number | null} */
const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** @param {any} one @returns {Entry} */
const entry = (one) => ({
  id: one.id,
  name: oneLine(one.name, NAME_CHARACTERS) || one.id,
  role: roleOf(one.role),
  scope: scopeOf(one.scope),
  lastSeenMs: number(one.last_seen_ms),
});

/**
 * @template T
 * @param {unknown} list
 * @param {(one: any) => T} read
 * @returns {T[]}
 */
const all = (list, read) => (Array.isArray(list) ? list : []).filter((one) => one !== null && typeof one === "object" && named(one.id)).map(read);

/** @param {{ name: string, id: string }} a @param {{ name: string, id: string }} b */
const byName = (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" }) || (a.id < b.id ? -1 : 1);

/** @param {any} told @returns {People | null} */
export function parsePeople(told) {
  if (told === null || typeof told !== "object" || !Array.isArray(told.browsers)) return null;
  return {
    mode: MODES.includes(told.mode) ? told.mode : "undecided",
    users: all(told.users, (one) => ({ ...entry(one), hasPassword: one.password === true })).sort(byName),
    browsers: all(told.browsers, (one) => ({
      ...entry(one),
      user: named(one.user),
      device: named(one.device),
      createdMs: number(one.created_ms),
      lastFrom: oneLine(one.last_from, ADDRESS_CHARACTERS),
      isHere: one.here === true,
    })).sort((a, b) => Number(b.isHere) - Number(a.isHere) || byName(a, b)),
    tokens: all(told.tokens, (one) => ({ ...entry(one), endsMs: number(one.ends_ms) })).sort(byName),
    links: all(told.links, (one) => ({ id: one.id, scope: scopeOf(one.scope) || [], endsMs: number(one.ends_ms) })),
    codes: all(told.codes, (one) => ({ id: one.id, role: roleOf(one.role), usesLeft: number(one.uses_left) || 0, endsMs: number(one.ends_ms) })),
  };
}
