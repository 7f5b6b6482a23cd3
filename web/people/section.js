/**
 * Who gets in, on the devices page: for admins all of it, for others who they are.
 *
 *   const people = createPeopleSection({ page: window, strings, behind, confirm, now });
 *   people.known(access);        what the server has said of this browser
 *   people.heard(message);       of `/ws/control`: what can be watched
 *   people.look();               asks the server, at most one question at a time
 *   people.tick();
 *   people.letIn();              opens the form
 *
 * @module
 */

import { parseDevices } from "../devices/devices.js";
import { isAdmin as mayLetIn } from "../lib/access.js";
import { byId, write } from "../lib/elements.js";
import { parseList } from "../live/streams.js";
import { parseSources } from "../sources/sources.js";
import { createActs } from "./acts.js";
import { createCodeSheet } from "./code-sheet.js";
import { createPeopleForm } from "./form.js";
import { browserRows, codeRows, linkRows, tokenRows, userRows } from "./lists.js";
import { createOnce } from "./once.js";
import { lookAtPeople } from "./requests.js";
import { createRows } from "./rows.js";
import { choicesOf, nameable, watchable } from "./scope.js";
import { createPeopleWords } from "./words.js";

const FORBIDDEN = 403;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {HTMLElement} options.behind
 * @param {{ put(question: import("../devices/confirm.js").Question, yes: () => void): void }} options.confirm
 * @param {() => number} options.now the server's clock
 */
export function createPeopleSection({ page, strings, behind, confirm, now }) {
  const { t } = strings;
  const words = createPeopleWords(strings);
  /** @type {import("./people.js").People | null} */
  let people = null;
  /** @type {import("./scope.js").Known} */
  const known = { devices: [], sources: [], streams: [] };
  /** Whether this browser is an admin's; null before anybody has said. @type {boolean | null} */
  let isAdmin = null;
  /** Where others find the server. */
  let place = { page: "", beside: "" };
  let isLooking = false;
  /** Something has changed while an answer was on its way. */
  let again = false;
  let wantsForm = false;

  const form = createPeopleForm({ strings, behind, choices: () => choicesOf(known), watchable: () => watchable(known) });
  const once = createOnce({ page, strings, behind });
  const acts = createActs({
    strings,
    form,
    confirm,
    once,
    onCode: (told) => {
      code.show(told, people);
      void look();
    },
    onDone: (warning) => {
      say(warning);
      void look();
    },
    onRefused: (problem) => {
      say(problem);
      void look();
    },
  });
  const code = createCodeSheet({ page, strings, words, behind, now, place: () => place, onEnd: acts.endCode, onLook: () => void look(), onAnother: acts.letIn });
  const lists = {
    codes: { rows: createRows(byId("codes")), of: codeRows },
    browsers: { rows: createRows(byId("browsers")), of: browserRows },
    users: { rows: createRows(byId("users")), of: userRows },
    tokens: { rows: createRows(byId("tokens")), of: tokenRows },
    links: { rows: createRows(byId("links")), of: linkRows },
  };

  /** What could not be done, or not be kept. @param {string} text */
  function say(text) {
    write(byId("people-said-text"), text);
    byId("people-said").hidden = text === "";
  }
  byId("people-said-close").addEventListener("click", () => say(""));
  byId("people-let-in").addEventListener("click", acts.letIn);
  byId("users-add").addEventListener("click", acts.addUser);
  byId("tokens-add").addEventListener("click", acts.addToken);
  byId("links-add").addEventListener("click", acts.addLink);
  byId("mode-change").addEventListener("click", () => acts.setMode(people && people.mode === "network" ? "paired" : "network"));

  function render() {
    byId("people").hidden = isAdmin === null;
    byId("people-admin").hidden = isAdmin !== true;
    byId("people-other").hidden = isAdmin !== false;
    byId("people-let-in").hidden = isAdmin !== true;
    if (!people || !isAdmin) return;
    const { mode } = people;
    const look = { strings, words, acts, choices: nameable(known), nowMs: now() };
    for (const { rows, of } of Object.values(lists)) rows.render(of(people, look));
    for (const [id, list] of /** @type {const} */ ([["users", people.users], ["tokens", people.tokens], ["links", people.links], ["browsers", people.browsers]])) byId(`${id}-none`).hidden = list.length > 0;
    byId("codes-box").hidden = people.codes.length === 0;
    byId("mode").className = `notice ${mode === "paired" ? "" : "late"}`;
    byId("mode-icon").setAttribute("href", `/web/icons.svg#${mode === "paired" ? "lock" : "warning"}`);
    write(byId("mode-text"), t(`people.mode.${mode}`));
    byId("mode-change").hidden = mode !== "paired" && mode !== "network";
    write(byId("mode-change"), t(mode === "network" ? "people.mode.to_paired" : "people.mode.to_network"));
    if (wantsForm) {
      wantsForm = false;
      acts.letIn();
    }
  }

  async function look() {
    if (isAdmin !== true) return;
    if (isLooking) {
      again = true;
      return;
    }
    isLooking = true;
    try {
      do {
        again = false;
        const told = await lookAtPeople();
        if (told) people = told;
      } while (again);
      byId("people-lost").hidden = true;
      if (people) code.tell(people);
    } catch (error) {
      const { status } = /** @type {{ status?: number }} */ (error);
      if (status === FORBIDDEN) isAdmin = false;
      // What it said before may not be so any more.
      else byId("people-lost").hidden = false;
    }
    isLooking = false;
    render();
  }

  return {
    /** @param {import("../lib/access.js").Access} access */
    known(access) {
      isAdmin = mayLetIn(access);
      place = access.place;
      render();
      void look();
    },
    /** @param {any} message */
    heard(message) {
      const [devices, sources, streams] = [parseDevices(message), parseSources(message), parseList(message)];
      if (devices) known.devices = devices.devices;
      if (sources) known.sources = sources.sources;
      if (streams) known.streams = streams.streams;
      if (devices || sources || streams) render();
    },
    look: () => void look(),
    tick() {
      code.tick();
    },
    letIn() {
      wantsForm = true;
      render();
    },
  };
}
