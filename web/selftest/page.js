/**
 * The self-test page: starts the steps, shows how they stand, and gives the verdict and the report.
 *
 * @module
 */

import { loadStrings } from "../lib/strings.js";
import { icon } from "../lib/icon.js";
import { newContext } from "./context.js";
import { PLAN } from "./outcomes.js";
import { reportText } from "./report.js";
import { runSteps } from "./runner.js";
import { createScreen } from "./screen.js";
import { STEPS } from "./steps/index.js";
import { decide, sentenceKey, sentenceValues, words } from "./verdict.js";

/** @typedef {import("./outcomes.js").Result} Result */
/** @typedef {import("./outcomes.js").StepState} StepState */

const { lang, t } = loadStrings(document);

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @returns {Kind}
 */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {Kind} */ (found);
}

const button = /** @type {HTMLButtonElement} */ (part("selftest-start"));
const progress = part("selftest-progress");
const report = part("selftest-report");

/** @type {Map<string, (state: StepState, sentence: string) => void>} */
const rows = new Map();

function buildRows() {
  const list = part("selftest-steps");
  for (const { id } of PLAN) {
    const item = document.createElement("li");
    item.id = `selftest-step-${id}`;
    const name = element("span", "selftest-step-name", t(`selftest.${id}.title`));
    const state = element("span", "selftest-step-state", "");
    const sentence = element("p", "selftest-step-sentence", "");
    const head = element("p", "selftest-step-head", "");
    head.append(name, state);
    const text = element("div", "selftest-step-text", "");
    text.append(head, sentence);
    const badge = element("span", "selftest-badge", "");
    item.append(badge, text);
    list.append(item);
    rows.set(id, (step, words) => {
      mark(badge, step);
      item.className = `selftest-step ${step}`;
      item.dataset.state = step;
      state.textContent = t(`selftest.state.${step}`);
      sentence.textContent = words;
    });
  }
}

/** @type {Record<string, string>} */
const ICONS = { passed: "check", failed: "close" };

/**
 * @param {HTMLElement} badge
 * @param {string} state
 */
function mark(badge, state) {
  badge.setAttribute("aria-hidden", "true");
  badge.replaceChildren(...(ICONS[state] ? [icon(ICONS[state])] : state === "warning" ? ["!"] : []));
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} text
 */
function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function resetRows() {
  for (const [id, show] of rows) show("waiting", t(`selftest.${id}.about`));
}

async function run() {
  button.disabled = true;
  button.classList.add("primary");
  button.textContent = t("selftest.running");
  document.body.dataset.state = "running";
  part("selftest-verdict").hidden = true;
  part("selftest-result").hidden = true;
  resetRows();

  const started = Date.now();
  const context = newContext(createScreen(document, t), t);
  /** @type {Result[]} */
  let results = [];
  try {
    results = await runSteps({
      plan: PLAN,
      steps: STEPS,
      context,
      onStart(id) {
        const number = PLAN.findIndex((step) => step.id === id) + 1;
        rows.get(id)?.("running", t(`selftest.${id}.about`));
        progress.textContent =
          id === "permission"
            ? t("selftest.ask")
            : t("selftest.progress", { number, total: PLAN.length, step: t(`selftest.${id}.title`) });
      },
      onResult(result) {
        rows.get(result.step)?.(result.state, t(sentenceKey(result), sentenceValues(result, t)));
      },
    });
  } finally {
    context.close();
    progress.textContent = "";
    button.disabled = false;
    finish(results, started);
  }
}

/**
 * @param {Result[]} results
 * @param {number} started
 */
function finish(results, started) {
  const verdict = decide(results);
  showVerdict(words(verdict, t), verdict.state);
  report.textContent = reportText({ verdict, results, environment: environment(started), t });
  part("selftest-result").hidden = false;
  document.body.dataset.state = verdict.state;
  part("selftest-verdict").focus({ preventScroll: true });
  part("selftest-verdict").scrollIntoView({ block: "nearest" });
}

/**
 * @param {ReturnType<typeof words>} said
 * @param {string} state
 */
function showVerdict({ headline, reasons, actions, limits, trust, again }, state) {
  const verdict = part("selftest-verdict");
  verdict.className = `selftest-verdict ${state}`;
  const title = element("h2", "selftest-headline", "");
  const badge = element("span", "selftest-badge", "");
  mark(badge, state);
  title.append(badge, headline);
  verdict.replaceChildren(title, ...reasons.map((text) => element("p", "", text)));
  if (limits.length > 0) verdict.append(listOf(limits));
  if (actions.length > 0) verdict.append(element("p", "selftest-do", t("selftest.verdict.do")), listOf(actions));
  const links = element("p", "selftest-links", "");
  if (state !== "failed") links.append(linkTo("/", t("selftest.camera")));
  if (trust) links.append(linkTo("/trust", t("selftest.trust")));
  links.firstElementChild?.classList.add("primary");
  button.textContent = again;
  // One chief button at a time.
  button.classList.toggle("primary", links.childElementCount === 0);
  if (links.childElementCount > 0) verdict.append(links);
  verdict.hidden = false;
}

/** @param {string[]} texts */
function listOf(texts) {
  const list = element("ul", "", "");
  list.append(...texts.map((text) => element("li", "", text)));
  return list;
}

/**
 * @param {string} path
 * @param {string} text
 */
function linkTo(path, text) {
  const link = /** @type {HTMLAnchorElement} */ (element("a", "button", text));
  // A language chosen by hand stays chosen.
  link.href = new URLSearchParams(location.search).has("lang") ? `${path}?lang=${lang.slice(0, 2)}` : path;
  return link;
}

/** @param {number} started */
function environment(started) {
  const { userAgent, platform, maxTouchPoints, language, hardwareConcurrency } = navigator;
  return {
    time: new Date(started).toISOString(),
    took_ms: Date.now() - started,
    page: location.origin + location.pathname,
    page_version: document.documentElement.dataset.version,
    user_agent: userAgent,
    platform,
    touch_points: maxTouchPoints,
    language,
    processors: hardwareConcurrency,
    screen: `${screen.width}x${screen.height}, window ${innerWidth}x${innerHeight} at ${devicePixelRatio}`,
    home_screen_app: window.matchMedia("(display-mode: standalone)").matches,
  };
}

async function copy() {
  const text = report.textContent ?? "";
  const copied = await copyText(text);
  const copying = part("selftest-copy");
  copying.textContent = t(copied ? "selftest.copied" : "selftest.copy");
  progress.textContent = copied ? t("selftest.copied") : t("selftest.copy_failed");
  setTimeout(() => {
    copying.textContent = t("selftest.copy");
    progress.textContent = "";
  }, 4000);
}

/**
 * @param {string} text
 * @returns {Promise<boolean>}
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // An insecure page has no clipboard; the selection is what is left.
    const selection = getSelection();
    selection?.selectAllChildren(report);
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    }
  }
}

buildRows();
resetRows();
button.addEventListener("click", () => void run());
part("selftest-copy").addEventListener("click", () => void copy());
// What cannot work without this script is not shown before it.
part("selftest-go").hidden = false;
part("selftest-main").hidden = false;
document.body.dataset.state = "idle";
