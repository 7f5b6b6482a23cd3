/**
 * The list of recordings: what is looked for, page by page, and what happens meanwhile.
 *
 *   const finder = createFinder({ page: window, strings, spoken, pictures, onChosen });
 *   finder.start();
 *   finder.session(id)          as it was told, or null
 *   finder.chosen()             sessions that are selected
 *   finder.tellDeleted(notes)   what was deleted by itself, by day
 *   finder.clear()   finder.remove(ids)   finder.look()
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { createDayList } from "./day-list.js";
import { listen } from "./events.js";
import { belongs, boundsOf, dayOf, merge, parseDays, parseDevices, parsePage, without } from "./list.js";
import { paths, problemOf, read } from "./requests.js";
import { createRowPictures } from "./row-pictures.js";

const PAGE = 50;
/** Typing is over. */
const TYPED_MS = 300;
/** Days and devices change with each session that ends, and nobody needs them at once. */
const SUMS_MS = 5000;

/** @typedef {import("./list.js").Session} Session */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {import("./pictures.js").Pictures} options.pictures
 * @param {(chosen: Session[]) => void} options.onChosen
 * @param {(deleted: import("./deletions.js").Deleted) => string} options.note
 * @param {(session: string) => void} options.onTold something about this session has changed
 * @param {() => void} options.onShrunk files have gone
 */
export function createFinder({ page, strings, spoken, pictures, onChosen, onTold, onShrunk, note }) {
  const { t, count } = strings;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const dayField = /** @type {HTMLSelectElement} */ (byId("find-day"));
  const deviceField = /** @type {HTMLSelectElement} */ (byId("find-device"));
  const textField = /** @type {HTMLInputElement} */ (byId("find-text"));
  /** @type {Session[]} */
  let sessions = [];
  /** @type {string | null} */
  let next = null;
  let isComplete = true;
  let isLoaded = false;
  let isLoading = false;
  let problem = "";
  let turn = 0;
  /** @type {Set<string>} */
  let chosen = new Set();
  let total = { sessions: 0, days: 0 };
  /** @type {import("./deletions.js").Notes} */
  let notes = new Map();
  /** @type {any} */
  let typing = null;
  /** @type {any} */
  let summing = null;

  const list = createDayList({
    root: byId("days"),
    strings,
    spoken,
    rowPictures: createRowPictures({ page, pictures }),
    zone,
    note,
    onSelect(session, isChosen) {
      if (isChosen) chosen.add(session);
      else chosen.delete(session);
      tellChosen();
    },
  });

  const filter = () => ({ device: deviceField.value, text: textField.value.trim(), day: dayField.value });
  const isFiltered = () => Object.values(filter()).some((value) => value !== "");

  function span() {
    const { day } = filter();
    const { startMs, endMs } = day === "" ? { startMs: -Infinity, endMs: Infinity } : boundsOf(day);
    return { fromMs: startMs, beforeMs: endMs };
  }

  /** Of a device alone, or of a name, nobody says what was deleted; what lies behind the end of the list comes with it. */
  function shownNotes() {
    const { device, text } = filter();
    const last = sessions[sessions.length - 1];
    const { fromMs, beforeMs } = span();
    const endMs = next === null || last === undefined ? -Infinity : boundsOf(dayOf(last.startMs)).startMs;
    const isAll = isLoaded && device === "" && text === "";
    return { told: isAll ? notes : new Map(), fromMs: Math.max(fromMs, endMs), beforeMs };
  }

  function tellChosen() {
    chosen = new Set(sessions.filter(({ session }) => chosen.has(session)).map(({ session }) => session));
    onChosen(sessions.filter(({ session }) => chosen.has(session)));
  }

  function render() {
    byId("loading").hidden = isLoaded || problem !== "";
    byId("failed").hidden = problem === "";
    write(byId("failed-text"), problem);
    byId("find").hidden = !isLoaded || (total.sessions === 0 && sessions.length === 0 && !isFiltered());
    byId("reading").hidden = isComplete || !isLoaded;
    const isEmpty = isLoaded && sessions.length === 0 && next === null && isComplete;
    byId("empty").hidden = !isEmpty || isFiltered();
    byId("none-found").hidden = !isEmpty || !isFiltered();
    const more = /** @type {HTMLButtonElement} */ (byId("more"));
    byId("more-box").hidden = next === null;
    more.disabled = isLoading;
    write(byId("count"), total.sessions > 0 && !isFiltered() ? t("library.count", { count: total.sessions, days: count("library.days.count", total.days) }) : "");
    list.render(sessions, chosen, textField.value.trim() === "" ? deviceField.value : null, shownNotes());
  }

  /** @param {boolean} isMore */
  async function load(isMore) {
    if (isMore && (isLoading || next === null)) return;
    turn += 1;
    const mine = turn;
    isLoading = true;
    render();
    const { device, text } = filter();
    const { fromMs, beforeMs } = span();
    try {
      const asked = { device, text, limit: PAGE, before_ms: beforeMs === Infinity ? null : beforeMs, cursor: isMore ? next : null };
      const told = parsePage(await read(paths.list(asked)));
      if (mine !== turn) return;
      if (!told) throw new Error("no list");
      const within = told.sessions.filter(({ startMs }) => startMs >= fromMs);
      sessions = merge(isMore ? sessions : [], within);
      // The day is over: what follows is older.
      next = within.length < told.sessions.length ? null : told.next;
      isComplete = told.isComplete;
      isLoaded = true;
      problem = "";
    } catch (error) {
      if (mine !== turn) return;
      problem = t("library.failed", { message: problemOf(error, strings) });
    }
    isLoading = false;
    tellChosen();
    render();
  }

  /** @param {HTMLSelectElement} field @param {string} all @param {[string, string][]} values */
  function offer(field, all, values) {
    const before = field.value;
    /** @type {[string, string][]} */
    const every = [["", all], ...values];
    // What is chosen stays, also where the last of it has just gone.
    if (before !== "" && !values.some(([value]) => value === before)) every.push([before, before]);
    field.replaceChildren(
      ...every.map(([value, text]) => {
        const option = make("option");
        option.value = value;
        option.textContent = text;
        return option;
      }),
    );
    field.value = before;
  }

  async function sum() {
    try {
      const [days, devices] = await Promise.all([read(paths.days(zone, deviceField.value)).then(parseDays), read(paths.devices()).then(parseDevices)]);
      total = { sessions: days.reduce((all, day) => all + day.sessions, 0), days: days.length };
      offer(dayField, t("library.filter.all_days"), days.map(({ day, sessions: of }) => [day, `${spoken.shortDay(boundsOf(day).startMs)} (${of})`]));
      offer(deviceField, t("library.filter.all_devices"), devices.map(({ device, name }) => [device, name]));
      render();
    } catch {
      // The list says so.
    }
  }

  function sumSoon() {
    if (summing !== null) return;
    summing = page.setTimeout(() => {
      summing = null;
      void sum();
    }, SUMS_MS);
  }

  function look() {
    void load(false);
    void sum();
  }

  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    void load(false);
  });
  dayField.addEventListener("change", () => void load(false));
  deviceField.addEventListener("change", look);
  textField.addEventListener("input", () => {
    page.clearTimeout(typing);
    typing = page.setTimeout(() => void load(false), TYPED_MS);
  });
  byId("show-all").addEventListener("click", () => {
    dayField.value = "";
    deviceField.value = "";
    textField.value = "";
    look();
  });
  byId("more").addEventListener("click", () => void load(true));
  byId("failed-again").addEventListener("click", look);

  return {
    look,
    start() {
      look();
      listen({
        page,
        onSession(session) {
          onTold(session.session);
          sumSoon();
          const { device, text } = filter();
          const last = sessions[sessions.length - 1];
          const isBehind = next !== null && last !== undefined && session.startMs < last.startMs;
          const before = sessions.find((one) => one.session === session.session);
          // What is not listed is old: it hardly grows.
          if (before ? session.files < before.files : isBehind) onShrunk();
          if (!isLoaded || isBehind || !belongs(session, { device, text, ...span() })) return;
          sessions = merge(sessions, [session]);
          tellChosen();
          render();
        },
        onRemoved(session) {
          onTold(session);
          onShrunk();
          sumSoon();
          sessions = without(sessions, session);
          tellChosen();
          render();
        },
        onComplete() {
          isComplete = true;
          look();
        },
        onBack: look,
      });
    },
    /** What was deleted by itself. @param {import("./deletions.js").Notes} told */
    tellDeleted(told) {
      notes = told;
      render();
    },
    /** @param {string} id */
    session: (id) => sessions.find(({ session }) => session === id) || null,
    clear() {
      chosen = new Set();
      tellChosen();
      render();
    },
    /** @param {string[]} ids */
    remove(ids) {
      for (const id of ids) sessions = without(sessions, id);
      tellChosen();
      render();
    },
  };
}
