/**
 * The sources on the devices page: their list, and all that can be done with them.
 *
 *   const sources = createSourcesSection({ page: window, strings, behind, confirm, onChange });
 *   sources.heard(message)     true where it was about sources
 *   sources.render({ nowMs, isKnown, mayChange });
 *   sources.list()             null while none has been told
 *   sources.add({ address })   opens the form
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { nameApart } from "../lib/namesakes.js";
import { isolated } from "../lib/plain-text.js";
import { createSourceCard } from "./card.js";
import { createEditor } from "./editor.js";
import { createSourcePanel } from "./panel.js";
import { ask, messageOf, sourcePath } from "./requests.js";
import { byName, parseSources } from "./sources.js";
import { createThumbnails } from "./thumbnails.js";
import { createSourceWords } from "./words.js";

/** Why something was not done stays to be read for so long. */
const PROBLEM_MS = 60_000;

/** @typedef {import("./sources.js").Source} Source */
/** @typedef {import("./card.js").Look} Look */

/** @param {Source} source */
const named = ({ source: id, name }) => ({ id, name });

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {HTMLElement} options.behind
 * @param {{ put(question: import("../devices/confirm.js").Question, yes: () => void): void }} options.confirm
 * @param {() => void} options.onChange
 */
export function createSourcesSection({ page, strings, behind, confirm, onChange }) {
  const { t, count } = strings;
  const words = createSourceWords(strings);
  const thumbnails = createThumbnails({ page });
  /** @type {Source[] | null} */
  let sources = null;
  /** @type {Map<string, ReturnType<typeof createSourceCard>>} */
  const cards = new Map();
  /** @type {Set<string>} */
  const busy = new Set();
  /** @type {Map<string, { text: string, atMs: number }>} */
  const problems = new Map();
  const list = byId("sources-list");

  const editor = createEditor({
    strings,
    words,
    behind,
    sources: () => sources || [],
    onSaved: (told) => {
      put(told);
      onChange();
    },
  });
  const panel = createSourcePanel({
    page,
    strings,
    words,
    behind,
    onChange: (source) => editor.change(source),
    onRemove: ({ source, name, record }) =>
      confirm.put(
        {
          title: t("sources.remove.ask", { name: isolated(name) }),
          more: t(record ? "sources.remove.what" : "sources.remove.plain", { folder: `source_${source}` }),
          yes: t("sources.remove.yes"),
          no: t("sources.remove.no"),
        },
        () => void act(source, async () => {
          const answer = await ask(sourcePath(source), "DELETE", undefined);
          // Gone is gone, whoever has done it.
          if ((answer.ok || answer.status === 404) && sources) sources = sources.filter((one) => one.source !== source);
          return answer.status === 404 ? { ...answer, ok: true } : answer;
        }),
      ),
  });
  byId("sources-add").addEventListener("click", () => editor.add());

  /** The news may come later than the answer. @param {any} told a source */
  function put(told) {
    const one = parseSources({ sources: [told] });
    if (!one || one.sources.length === 0) return;
    const others = (sources || []).filter(({ source }) => source !== one.sources[0].source);
    sources = others.concat(one.sources).sort(byName);
  }

  /** @param {string} source @param {() => Promise<import("./requests.js").Answer>} work */
  async function act(source, work) {
    if (busy.has(source)) return;
    busy.add(source);
    problems.delete(source);
    onChange();
    try {
      const { ok, told } = await work();
      if (ok) put(told);
      else problems.set(source, { text: t("sources.refused", { message: messageOf(told) || t("sources.problem.wrong") }), atMs: page.performance.now() });
    } catch {
      problems.set(source, { text: t("sources.unanswered"), atMs: page.performance.now() });
    }
    busy.delete(source);
    onChange();
  }

  /** @param {Source} source @param {number | null} nowMs @param {boolean} isKnown @param {boolean} mayChange @returns {Look} */
  function lookOf(source, nowMs, isKnown, mayChange) {
    const problem = problems.get(source.source);
    if (problem && page.performance.now() - problem.atMs > PROBLEM_MS) problems.delete(source.source);
    return { source, name: nameApart(named(source), (sources || []).map(named)), problem: problem ? problem.text : "", isBusy: busy.has(source.source), nowMs, isKnown, mayChange };
  }

  /** @param {string} id */
  function create(id) {
    const card = createSourceCard({
      id,
      strings,
      words,
      onPause: ({ source, state }) => void act(source, () => ask(sourcePath(source, state === "paused" ? "resume" : "pause"), "POST", undefined)),
      onOpen: (source) => {
        panel.open(source);
        onChange();
      },
    });
    cards.set(id, card);
    thumbnails.watch(id, card.picture);
    return card;
  }

  return {
    /** @param {any} message */
    heard(message) {
      const told = parseSources(message);
      if (told) sources = told.sources;
      return told !== null;
    },

    list: () => sources,

    /** @param {{ address?: string, user?: string }} known */
    add: (known) => editor.add(known),

    /** @param {{ nowMs: number | null, isKnown: boolean, mayChange: boolean }} about */
    render({ nowMs, isKnown, mayChange }) {
      const all = sources || [];
      // Nobody else can do anything about it.
      byId("sources").hidden = sources === null || (all.length === 0 && !mayChange);
      byId("sources-add").hidden = !mayChange;
      byId("sources-none").hidden = all.length > 0;
      byId("sources-ffmpeg").hidden = !all.some(({ state, code }) => (code === "no_ffmpeg" || code === "other_codec") && state !== "paused");
      const live = all.filter(({ state }) => state === "live").length;
      write(byId("sources-count"), all.length === 0 ? "" : count("sources.count", all.length, { live }));
      for (const [id, card] of Array.from(cards)) {
        if (all.some(({ source }) => source === id)) continue;
        card.element.remove();
        thumbnails.forget(id);
        cards.delete(id);
      }
      all.forEach((source, at) => {
        const card = cards.get(source.source) || create(source.source);
        // Moving an element would take the focus from its buttons.
        if (list.children[at] !== card.element) list.insertBefore(card.element, list.children[at] || null);
        card.render(lookOf(source, nowMs, isKnown, mayChange));
        thumbnails.render(source.source, source.state === "live" ? source.smallStream || source.stream : null);
      });
      if (panel.id === null) return;
      const open = all.find(({ source }) => source === panel.id);
      panel.render(open ? lookOf(open, nowMs, isKnown, mayChange) : null);
    },
  };
}
