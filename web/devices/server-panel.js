/**
 * How the server is: whether it can record, and whether alarms would reach somebody.
 *
 *   const server = createServerPanel({ page: window, strings, now });
 *   server.look();         // asks, at most one question at a time
 *   server.render();
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { request, requestJson } from "../lib/request.js";
import { createSpan } from "../lib/span.js";
import { attempts, parseTargets } from "./targets.js";

/** The server waits 10 s for each target, all side by side. */
const TEST_MS = 20000;
/** Somebody has tested just now. */
const CONFLICT = 409;

/** @typedef {import("./targets.js").Target} Target */

/** @param {{ strings: import("../lib/strings.js").Strings }} options */
export function createServerPanel({ strings }) {
  const { t } = strings;
  const span = createSpan(strings);
  /** @type {{ state: "unknown" | "ok" | "failing" | "away", reason: string }} */
  let health = { state: "unknown", reason: "" };
  /** @type {{ nowMs: number | null, silentSeconds: number | null, targets: Target[] } | null} */
  let alarms = null;
  /** What a test has said, until the page is left. @type {Map<number, { isOk: boolean, message: string }>} */
  let tested = new Map();
  let isTesting = false;
  /** What to say where the test itself did not come about, as a key. */
  let testProblem = "";
  let isLooking = false;
  let drawn = "";
  let mayTest = false;

  async function askHealth() {
    try {
      const answer = await request("/health");
      const { reason } = JSON.parse(answer.text);
      health = answer.ok ? { state: "ok", reason: "" } : { state: "failing", reason: typeof reason === "string" ? reason : "" };
    } catch {
      health = { state: "away", reason: "" };
    }
  }

  async function askAlarms() {
    try {
      alarms = parseTargets(await requestJson("/api/alarms"));
    } catch {
      // What it said before is as good as nothing; a server without alarms says nothing.
      alarms = null;
    }
  }

  async function test() {
    if (isTesting) return;
    isTesting = true;
    testProblem = "";
    render();
    try {
      const told = parseTargets(await requestJson("/api/alarms/test", { method: "POST", patienceMs: TEST_MS }));
      tested = new Map(told.targets.map(({ isOk, message }, at) => [at, { isOk: isOk === true, message }]));
    } catch (error) {
      testProblem = /** @type {{ status?: number }} */ (error).status === CONFLICT ? "devices.targets.test_busy" : "devices.targets.test_unanswered";
    }
    isTesting = false;
    await askAlarms();
    render();
  }

  byId("test").addEventListener("click", () => void test());

  /** @param {Target} target @param {number} at @returns {{ tone: string, text: string }} */
  function sayTarget(target, at) {
    const now = tested.get(at);
    if (isTesting) return { tone: "", text: t("devices.targets.testing") };
    if (now) return now.isOk ? { tone: "good", text: t("devices.targets.tested") } : { tone: "bad", text: t("devices.targets.test_failed", { message: now.message }) };
    const said = attempts(target);
    if (said.length === 0) return { tone: "", text: t("devices.targets.never") };
    const nowMs = alarms ? alarms.nowMs : null;
    const text = said.map(({ key, attempt: { atMs, message } }) => t(key, { ago: nowMs === null ? "" : span(Math.max(0, nowMs - atMs)), message })).join(" ");
    return { tone: said[0].attempt.isOk ? "good" : "bad", text };
  }

  function renderTargets() {
    const targets = alarms ? alarms.targets : [];
    const lines = targets.map((target, at) => ({ name: target.name, kind: target.kind, ...sayTarget(target, at) }));
    byId("targets-none").hidden = alarms === null || lines.length > 0;
    byId("test-box").hidden = lines.length === 0 || !mayTest;
    byId("alarms-box").hidden = alarms === null;
    byId("test-failed").hidden = testProblem === "";
    write(byId("test-failed"), testProblem === "" ? "" : t(testProblem));
    /** @type {HTMLButtonElement} */ (byId("test")).disabled = isTesting;
    const wanted = JSON.stringify(lines);
    if (wanted === drawn) return;
    drawn = wanted;
    byId("targets").replaceChildren(
      ...lines.map(({ name, kind, tone, text }) => {
        const item = make("li", "target");
        const light = make("span", `light ${tone}`);
        light.setAttribute("aria-hidden", "true");
        const said = make("div", "target-words");
        const title = make("p", "target-name");
        const called = make("span");
        called.textContent = name;
        title.append(called);
        const type = make("span", "tag");
        type.textContent = kind;
        if (kind !== name) title.append(type);
        const result = make("p", "target-result numbers");
        result.textContent = text;
        said.append(title, result);
        item.append(light, said);
        return item;
      }),
    );
  }

  function render() {
    const tone = { unknown: "", ok: "good", failing: "bad", away: "bad" }[health.state];
    byId("server-light").className = `light ${tone}`;
    const { state, reason } = health;
    write(byId("server-state"), state === "failing" && reason ? t("devices.server.failing_because", { reason }) : t(`devices.server.${state}`));
    const silent = alarms ? alarms.silentSeconds : null;
    byId("silent").hidden = silent === null;
    if (silent !== null) write(byId("silent"), silent === 0 ? t("devices.server.silent_off") : t("devices.server.silent", { count: silent }));
    renderTargets();
  }

  return {
    async look() {
      if (isLooking) return;
      isLooking = true;
      try {
        await Promise.all([askHealth(), isTesting ? null : askAlarms()]);
      } finally {
        isLooking = false;
      }
      render();
    },
    render,
    /** Whether who looks may have a test sent. @param {boolean} may */
    allow(may) {
      if (may === mayTest) return;
      mayTest = may;
      render();
    },
  };
}
