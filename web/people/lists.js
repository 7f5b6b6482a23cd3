/**
 * Who gets in, as the rows of the lists. Pure but for what a press does.
 *
 *   browserRows(people, look), userRows, tokenRows, linkRows, codeRows
 *
 * @module
 */

import { isolated } from "../lib/plain-text.js";

/** @typedef {import("./people.js").People} People */
/** @typedef {import("./rows.js").Row} Row */
/**
 * @typedef {object} Look
 * @property {import("../lib/strings.js").Strings} strings
 * @property {import("./words.js").PeopleWords} words
 * @property {import("./acts.js").Acts} acts
 * @property {import("./scope.js").Choice[]} choices
 * @property {number} nowMs the server's clock
 */

/** @param {Look} look @param {string} key @param {string} name @param {() => void} act @param {boolean} [isGrave] @returns {import("./rows.js").Act} */
const button = ({ strings: { t } }, key, name, act, isGrave = false) => ({ text: t(key), label: t(`${key}.of`, { name: isolated(name) }), act, isGrave });

/** @param {People} people @param {Look} look @returns {Row[]} */
export function browserRows({ browsers, users }, look) {
  const { strings, words, acts, choices, nowMs } = look;
  const { t } = strings;
  return browsers.map((browser) => {
    const { id, name, user, isHere, device, lastSeenMs, lastFrom } = browser;
    const owner = users.find((one) => one.id === user);
    const seen = words.seen(lastSeenMs, nowMs);
    return {
      id,
      name,
      tags: [words.role(browser.role), ...(isHere ? [t("people.here")] : [])],
      facts: [
        // A camera's own is said by its role. A camera of which a viewer was made records no more.
        [words.sees(browser, choices), ...(device && browser.role !== "viewer" ? [t("people.records")] : []), ...(owner ? [t("people.of_user", { name: isolated(owner.name) })] : [])].join(t("people.and")),
        lastFrom === "" ? seen : t("people.seen.from", { seen, address: lastFrom }),
      ],
      acts: [button(look, "people.change", name, () => acts.changeBrowser(browser)), button(look, "people.shut_out", name, () => acts.shutOut(browser), true)],
    };
  });
}

/** @param {People} people @param {Look} look @returns {Row[]} */
export function userRows({ users }, look) {
  const { strings, words, acts, choices, nowMs } = look;
  return users.map((user) => ({
    id: user.id,
    name: user.name,
    tags: [words.role(user.role)],
    facts: [[words.sees(user, choices), strings.t(user.hasPassword ? "people.password.has" : "people.password.has_none"), words.seen(user.lastSeenMs, nowMs)].join(strings.t("people.and"))],
    acts: [
      button(look, "people.change", user.name, () => acts.changeUser(user)),
      button(look, "people.password", user.name, () => acts.setPassword(user)),
      button(look, "people.user.remove", user.name, () => acts.removeUser(user), true),
    ],
  }));
}

/** @param {People} people @param {Look} look @returns {Row[]} */
export function tokenRows({ tokens }, look) {
  const { strings, words, acts, choices, nowMs } = look;
  return tokens.map((token) => ({
    id: token.id,
    name: token.name,
    tags: [words.role(token.role)],
    facts: [[words.sees(token, choices), words.ends(token.endsMs, nowMs), words.seen(token.lastSeenMs, nowMs)].join(strings.t("people.and"))],
    acts: [button(look, "people.token.remove", token.name, () => acts.revokeToken(token), true)],
  }));
}

/** @param {People} people @param {Look} look @returns {Row[]} by name, with what each is called in addresses */
export function linkRows({ links }, look) {
  const { words, acts, choices, nowMs, strings } = look;
  const rows = links.map((link) => {
    const names = words.only(link.scope, choices);
    // Of what is not there now, the id is all that is known.
    const ids = link.scope.filter((id) => names !== isolated(id)).join(strings.t("devices.groups.and"));
    const facts = [...(ids === "" ? [] : [ids]), words.ends(link.endsMs, nowMs)].join(strings.t("people.and"));
    return { id: link.id, name: names, tags: [], facts: [facts], acts: [button(look, "people.link.remove", names, () => acts.revokeLink(link, names), true)] };
  });
  return rows.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: "base" }));
}

/** @param {People} people @param {Look} look @returns {Row[]} */
export function codeRows({ codes }, look) {
  const { strings, words, acts, nowMs } = look;
  return codes
    .filter(({ endsMs }) => endsMs === null || endsMs > nowMs)
    .map((code) => {
      const name = strings.count("people.code.row", code.usesLeft);
      return { id: code.id, name, tags: [words.role(code.role)], facts: [words.ends(code.endsMs, nowMs)], acts: [button(look, "people.code.end", name, () => acts.endCode(code.id))] };
    });
}
