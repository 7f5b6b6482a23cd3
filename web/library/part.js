/**
 * A part of what is open: taken along as a file, or kept.
 *
 *   const part = createPart({ page: window, strings, nowMs, onChange, onKeep });
 *   part.open(timelines, bounds, mayChange);
 *   part.from();  part.to();             from or to the time that is shown
 *   part.current()                       { startMs, endMs }, or null for all of it
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { icon } from "../lib/icon.js";
import { fromField, toField } from "./local-time.js";
import { paths, problemOf, read } from "./requests.js";
import { amount } from "./timeline.js";

/** Fields are typed into, and the plan is work for the server. */
const PLAN_MS = 400;
/** A shorter one is a slip. */
const SHORTEST_MS = 1000;

/** @typedef {{ startMs: number, endMs: number }} Span */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {() => number} options.nowMs
 * @param {() => void} options.onChange
 * @param {(span: Span) => void} options.onKeep
 */
export function createPart({ page, strings, nowMs, onChange, onKeep }) {
  const { t, count } = strings;
  const from = /** @type {HTMLInputElement} */ (byId("part-from"));
  const to = /** @type {HTMLInputElement} */ (byId("part-to"));
  /** @type {import("./timeline.js").Timeline[]} */
  let timelines = [];
  let bounds = { startMs: 0, endMs: 0 };
  /** @type {Span | null} */
  let part = null;
  let turn = 0;
  /** @type {any} */
  let timer = null;

  const span = () => part || bounds;

  /** @param {string} text @param {boolean} isWrong */
  function say(text, isWrong) {
    write(byId("part-said"), text);
    byId("part-said").hidden = text === "";
    byId("part-said").classList.toggle("wrong", isWrong);
  }

  /** @param {string} text @param {string} [kind] */
  function line(text, kind = "") {
    const one = make("p", `small ${kind}`.trim());
    one.textContent = text;
    return one;
  }

  /** @param {import("./timeline.js").Timeline} timeline @param {any} plan @param {Span} of */
  function planItem(timeline, plan, of) {
    const item = make("li", "part-plan");
    if (timelines.length > 1) {
      const name = make("h3");
      name.textContent = timeline.title || timeline.name;
      item.append(name);
    }
    const files = plan && Array.isArray(plan.files) ? plan.files : [];
    const leftOut = plan && Array.isArray(plan.left_out) ? plan.left_out.length : 0;
    const warning = leftOut > 0 ? [line(count("library.plan.left_out", leftOut), "wrong")] : [];
    if (files.length === 0) {
      item.append(line(t("library.plan.nothing")), ...warning);
      return item;
    }
    item.append(...warning);
    const link = make("a", "button primary");
    link.href = paths.part(timeline.session, of.startMs, of.endMs);
    link.setAttribute("download", "");
    const words = make("span");
    words.textContent = t("library.download");
    link.append(icon("download"), words);
    item.append(link);
    const bytes = formatBytes(amount(plan.bytes));
    item.append(line(plan.is_zip ? t("library.plan.zip", { count: files.length, bytes }) : t("library.plan.single", { bytes })));
    const prerollMs = amount(files[0] && files[0].preroll_ms);
    if (prerollMs >= 50) item.append(line(t("library.plan.preroll", { seconds: (prerollMs / 1000).toFixed(1) })));
    const gaps = Array.isArray(plan.gaps) ? plan.gaps.length : 0;
    if (gaps > 0) item.append(line(count("library.plan.gaps", gaps)));
    return item;
  }

  async function plan() {
    turn += 1;
    const mine = turn;
    const of = span();
    const waiting = make("li");
    waiting.append(line(t("library.plan.loading")));
    if (byId("part-plans").children.length === 0) byId("part-plans").replaceChildren(waiting);
    const items = await Promise.all(
      timelines.map(async (timeline) => {
        try {
          return planItem(timeline, await read(paths.plan(timeline.session, of.startMs, of.endMs)), of);
        } catch (error) {
          const item = make("li", "wrong");
          item.append(line(problemOf(error, strings)));
          return item;
        }
      }),
    );
    if (mine === turn) byId("part-plans").replaceChildren(...items);
  }

  function planSoon() {
    page.clearTimeout(timer);
    timer = page.setTimeout(() => void plan(), PLAN_MS);
  }

  function show() {
    const { startMs, endMs } = span();
    from.value = toField(startMs);
    to.value = toField(endMs);
    /** @type {HTMLButtonElement} */ (byId("part-keep")).disabled = false;
    for (const field of [from, to]) {
      field.removeAttribute("aria-invalid");
      field.min = toField(bounds.startMs);
      field.max = toField(bounds.endMs + 999);
    }
    onChange();
    planSoon();
  }

  /** @param {number} startMs @param {number} endMs */
  function set(startMs, endMs) {
    const [first, last] = [Math.max(startMs, bounds.startMs), Math.min(endMs, bounds.endMs)];
    const isWhole = first <= bounds.startMs && last >= bounds.endMs;
    part = isWhole ? null : { startMs: Math.round(first), endMs: Math.round(last) };
    say("", false);
    show();
  }

  function typed() {
    const { startMs, endMs } = span();
    const [first, last] = [fromField(from.value, startMs), fromField(to.value, endMs)];
    // A field shows whole seconds: what has not been touched stays exact.
    const begin = first === null ? null : toField(startMs) === toField(first) ? startMs : first;
    const end = last === null ? null : toField(endMs) === toField(last) ? endMs : last;
    const isRight = begin !== null && end !== null && end - begin >= SHORTEST_MS && begin >= bounds.startMs - 1000 && end <= bounds.endMs + 1000;
    for (const field of [from, to]) {
      if (isRight) field.removeAttribute("aria-invalid");
      else field.setAttribute("aria-invalid", "true");
    }
    /** @type {HTMLButtonElement} */ (byId("part-keep")).disabled = !isRight;
    if (isRight) return set(begin, end);
    // What was offered is another part than the fields say.
    turn += 1;
    page.clearTimeout(timer);
    const wrong = make("li");
    wrong.append(line(t("library.part.wrong"), "wrong"));
    byId("part-plans").replaceChildren(wrong);
    say("", false);
  }

  from.addEventListener("change", typed);
  to.addEventListener("change", typed);

  function fromHere() {
    const at = nowMs();
    const { endMs } = span();
    set(at, endMs - at >= SHORTEST_MS ? endMs : bounds.endMs);
  }

  function toHere() {
    const at = nowMs();
    const { startMs } = span();
    set(at - startMs >= SHORTEST_MS ? startMs : bounds.startMs, at);
  }

  byId("part-from-here").addEventListener("click", fromHere);
  byId("part-to-here").addEventListener("click", toHere);
  byId("part-all").addEventListener("click", () => set(bounds.startMs, bounds.endMs));
  byId("part-keep").addEventListener("click", () => onKeep(span()));

  return {
    /** @param {import("./timeline.js").Timeline[]} opened @param {Span} within @param {boolean} mayChange */
    open(opened, within, mayChange) {
      timelines = opened;
      bounds = within;
      part = null;
      byId("part-keep").hidden = !mayChange;
      byId("part-plans").replaceChildren();
      say("", false);
      show();
    },
    /** They have grown. @param {import("./timeline.js").Timeline[]} grown @param {Span} within @param {boolean} mayChange */
    update(grown, within, mayChange) {
      byId("part-keep").hidden = !mayChange;
      const isLonger = within.endMs !== bounds.endMs;
      timelines = grown;
      bounds = within;
      if (isLonger && part === null && document.activeElement !== from && document.activeElement !== to) show();
    },
    current: () => part,
    from: fromHere,
    to: toHere,
    say,
    close() {
      turn += 1;
      page.clearTimeout(timer);
      timelines = [];
    },
  };
}
