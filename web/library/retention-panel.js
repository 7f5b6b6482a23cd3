/**
 * The panel of what is kept and what is deleted: how much room there is, the rules, what they would delete, what was deleted.
 *
 *   const panel = createRetentionPanel({ page: window, strings, words, behind, store, onUndo, onSaved });
 *   panel.allow(isAdmin);
 *   panel.render();             what was deleted has changed
 *
 * Rules can be saved when it has been said what exactly they delete.
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, make, write } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { createDeletionsList } from "./deletions-list.js";
import { change, paths, problemOf, read } from "./requests.js";
import { isNone, isSame, LIMITS, parsePlan, parseRetention, readRules, RULES } from "./retention.js";

/** Typing is over. */
const TYPED_MS = 400;
/** Meanwhile footage comes and gets old, and files are removed. */
const AGAIN_MS = 10_000;
/** The sentence that says why the fields cannot be changed. */
const WHY_FIXED = "retention-from-file";

/** @typedef {import("./retention.js").Rule} Rule */
/** @typedef {import("./retention.js").Rules} Rules */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./retention-words.js").RetentionWords} options.words
 * @param {HTMLElement} options.behind
 * @param {import("./deletions-store.js").DeletionsStore} options.store
 * @param {(deletion: string) => Promise<string>} options.onUndo
 * @param {() => void} options.onSaved
 */
export function createRetentionPanel({ page, strings, words, behind, store, onUndo, onSaved }) {
  const { t, count } = strings;
  const fields = /** @type {Record<Rule, HTMLInputElement>} */ (Object.fromEntries(RULES.map((rule) => [rule, byId(`retention-${rule}`)])));
  const save = /** @type {HTMLButtonElement} */ (byId("retention-save"));
  /** @type {{ rules: Rules, isFromFile: boolean } | null} */
  let saved = null;
  /** What was said of which rules. @type {{ rules: Rules, plan: import("./retention.js").Plan } | null} */
  let shown = null;
  let problem = "";
  let isSaving = false;
  let isAllowed = false;
  let turn = 0;
  /** @type {any} */
  let typing = null;
  /** @type {any} */
  let again = null;

  const deleted = createDeletionsList({ strings, words, store, onUndo });
  const sheet = createSheet(byId("retention"), behind, {
    onClose() {
      turn += 1;
      page.clearTimeout(typing);
      page.clearTimeout(again);
    },
  });

  const typed = () => readRules(/** @type {Record<Rule, string>} */ (Object.fromEntries(RULES.map((rule) => [rule, fields[rule].value]))));

  /** @param {HTMLElement} element @param {string} text */
  function say(element, text) {
    element.hidden = text === "";
    write(element, text);
  }

  /** @param {import("./retention.js").Plan} plan */
  function renderRoom(plan) {
    write(byId("retention-free"), plan.freeBytes === null ? "–" : formatBytes(plan.freeBytes));
    write(byId("retention-footage"), formatBytes(plan.footageBytes));
    byId("retention-safe-box").hidden = plan.safeBytes === 0;
    write(byId("retention-safe"), formatBytes(plan.safeBytes));
  }

  function renderChosen() {
    if (!saved) return;
    const lines = words.chosen(saved.rules);
    byId("retention-none").hidden = lines.length > 0;
    byId("retention-chosen-box").hidden = lines.length === 0;
    const list = byId("retention-chosen");
    if (list.dataset.lines === JSON.stringify(lines)) return;
    list.dataset.lines = JSON.stringify(lines);
    list.replaceChildren(
      ...lines.map((text) => {
        const item = make("li");
        item.textContent = text;
        return item;
      }),
    );
  }

  function render() {
    const { rules, wrong } = typed();
    byId("retention-loading").hidden = saved !== null || problem !== "";
    byId("retention-body").hidden = saved === null;
    say(byId("retention-failed"), problem);
    if (!saved) return;
    renderChosen();
    byId("retention-from-file").hidden = !saved.isFromFile;
    byId("retention-acts").hidden = saved.isFromFile;
    for (const rule of RULES) {
      const isWrong = wrong.includes(rule);
      fields[rule].readOnly = saved.isFromFile;
      // What is hidden would be read out all the same.
      const described = String(fields[rule].getAttribute("aria-describedby")).replace(` ${WHY_FIXED}`, "");
      fields[rule].setAttribute("aria-describedby", saved.isFromFile ? `${described} ${WHY_FIXED}` : described);
      fields[rule].setAttribute("aria-invalid", String(isWrong));
      const { least, most } = LIMITS[rule];
      say(byId(`retention-${rule}-wrong`), isWrong ? t("library.retention.wrong", { least: String(least), most: String(most) }) : "");
    }
    const isShown = shown !== null && wrong.length === 0 && isSame(shown.rules, rules);
    const isNews = !isSame(rules, saved.rules);
    const plan = isShown && shown ? shown.plan : null;
    if (shown) renderRoom(shown.plan);
    byId("retention-plan").setAttribute("aria-busy", String(!isShown && wrong.length === 0));
    write(byId("retention-plan-text"), wrong.length > 0 ? t("library.retention.plan.wrong") : plan ? words.plan(plan, { isNone: isNone(rules), isSaved: !isNews }) : problem ? "" : t("library.retention.plan.loading"));
    byId("retention-plan").dataset.tone = plan && plan.files > 0 && isNews ? "bad" : "";
    say(byId("retention-fits"), plan ? words.fits(plan) : "");
    say(byId("retention-missing"), plan ? words.missing(plan) : "");
    say(byId("retention-warning-text"), plan ? words.warning(plan) : "");
    byId("retention-warning").hidden = byId("retention-warning-text").hidden;
    const deletes = plan ? plan.files : 0;
    save.disabled = !isShown || !isNews || isSaving;
    save.classList.toggle("danger", isNews && deletes > 0);
    save.classList.toggle("primary", !(isNews && deletes > 0));
    write(save, isNews && deletes > 0 ? count("library.retention.save_and_delete", deletes) : t("library.retention.save"));
    sheet.hold();
  }

  /** @param {boolean} isFirst also what is chosen is asked for */
  async function ask(isFirst) {
    page.clearTimeout(typing);
    page.clearTimeout(again);
    const { rules, wrong } = typed();
    if (!isFirst && (wrong.length > 0 || isSaving)) return againSoon();
    turn += 1;
    const mine = turn;
    try {
      const told = await (isFirst ? read(paths.retention()).then(parseRetention) : plan(rules));
      if (mine !== turn || !sheet.isOpen) return;
      if (!told) throw new Error("no rules");
      problem = "";
      if ("rules" in told) {
        saved = { rules: told.rules, isFromFile: told.isFromFile };
        for (const rule of RULES) fields[rule].value = told.rules[rule] === null ? "" : String(told.rules[rule]);
        shown = { rules: told.rules, plan: told.plan };
      } else shown = { rules, plan: told };
    } catch (error) {
      if (mine !== turn || !sheet.isOpen) return;
      // What has been said may not hold any more.
      shown = null;
      problem = t("library.retention.failed", { message: problemOf(error, strings) });
    }
    render();
    againSoon();
  }

  /** @param {Rules} rules */
  async function plan(rules) {
    const { told, status, said } = await change("POST", paths.retentionPlan(), rules, strings);
    const parsed = parsePlan(told);
    if (!parsed) throw Object.assign(new Error("no plan"), { status, said });
    return parsed;
  }

  function againSoon() {
    page.clearTimeout(again);
    again = page.setTimeout(() => {
      void store.look();
      void ask(saved === null);
    }, AGAIN_MS);
  }

  async function keep() {
    const { rules, wrong } = typed();
    if (save.disabled || wrong.length > 0 || !shown || !isSame(shown.rules, rules)) return;
    isSaving = true;
    turn += 1;
    render();
    const { told, problem: refused } = await change("PUT", paths.retention(), rules, strings);
    isSaving = false;
    const retention = parseRetention(told);
    if (retention) {
      const { files } = retention.plan;
      saved = { rules: retention.rules, isFromFile: retention.isFromFile };
      shown = { rules: retention.rules, plan: retention.plan };
      write(byId("retention-said"), files > 0 ? count("library.retention.saved_and_deletes", files) : t("library.retention.saved"));
      onSaved();
    } else write(byId("retention-said"), refused || t("library.unanswered"));
    byId("retention-said").classList.toggle("wrong", retention === null);
    render();
    againSoon();
  }

  for (const rule of RULES) {
    fields[rule].addEventListener("input", () => {
      // An answer to what was typed before is none to this.
      turn += 1;
      write(byId("retention-said"), "");
      page.clearTimeout(typing);
      typing = page.setTimeout(() => void ask(false), TYPED_MS);
      render();
    });
  }
  byId("retention-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void keep();
  });
  byId("retention-open").addEventListener("click", () => {
    saved = null;
    shown = null;
    problem = "";
    write(byId("retention-said"), "");
    write(byId("deleted-said"), "");
    render();
    deleted.render();
    sheet.open();
    void store.look();
    void ask(true);
  });

  return {
    render: () => deleted.render(),
    /** @param {boolean} isAdmin */
    allow(isAdmin) {
      if (isAllowed === isAdmin) return;
      isAllowed = isAdmin;
      byId("retention-open").hidden = !isAdmin;
      if (!isAdmin) sheet.close();
    },
  };
}
