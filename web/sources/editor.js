/**
 * The form by which a source is added or changed: filled in, tried, saved.
 *
 *   const editor = createEditor({ strings, words, behind, sources: () => list, onSaved });
 *   editor.add({ address, user });  editor.change(source);
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, write } from "../lib/elements.js";
import { setIcon } from "../lib/icon.js";
import { bringIntoView } from "../lib/into-view.js";
import { isolated } from "../lib/plain-text.js";
import { readAddress } from "../lib/rtsp-address.js";
import { createEditCameras } from "./edit-cameras.js";
import { createEditFields } from "./edit-fields.js";
import { draftOf, fieldOf, newDraft, readDraft, readForTest, slugOf } from "./form.js";
import { ask, messageOf, sourcePath } from "./requests.js";

/** @typedef {import("./sources.js").Source} Source */

/** The server gives up after 20 s, and says why. */
const TEST_MS = 25_000;

/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (byId(id));

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createSourceWords>} options.words
 * @param {HTMLElement} options.behind
 * @param {() => Source[]} options.sources
 * @param {(told: any) => void} options.onSaved the server's answer: the source
 */
export function createEditor({ strings, words, behind, sources, onSaved }) {
  const { t } = strings;
  /** What is being changed. @type {Source | null} */
  let before = null;
  let isSaving = false;
  /** The draft with which it was opened. */
  let opened = "";
  /** Answers to earlier tests are nobody's: of a form that has been closed, of what stands there no more. */
  let turn = 0;
  let isTesting = false;
  const closing = /** @type {NodeListOf<HTMLButtonElement>} */ (byId("edit").querySelectorAll("button[data-close]"));
  /** @type {import("./words.js").Outcome | null} */
  let outcome = null;
  let problem = "";

  const sheet = createSheet(byId("edit"), behind, {
    // Whether it was saved is said here, and what was typed is needed again where it was not.
    mayClose: () => !isSaving,
    // It may have been meant for a list of suggestions, too.
    mayEscape: () => JSON.stringify(fields.draft()) === opened,
    onClose: () => {
      forgetTest();
      // What was typed is not kept in the page.
      fields.fill(newDraft("rtsp"), null);
    },
  });
  const fields = createEditFields({
    strings,
    words,
    onChange(field) {
      // What was tried is not what stands there now.
      if (!["name", "record", "hours"].includes(field)) forgetTest();
      if (field === "kind") lookForCameras();
      problem = "";
      draw();
    },
  });
  const cameras = createEditCameras({ strings, onChange: draw });

  const about = () => ({ taken: sources().flatMap(({ source, smallStream }) => (smallStream ? [source, smallStream] : [source])), before });

  function forgetTest() {
    turn += 1;
    isTesting = false;
    outcome = null;
  }

  /** @param {boolean} [isPressing] also where it is known already: ffmpeg may have been installed since */
  function lookForCameras(isPressing = false) {
    const { kind } = fields.draft();
    if (kind !== "rtsp" && (isPressing || cameras.hasFfmpeg() !== true || kind === "camera")) void cameras.look();
  }

  function draw() {
    const draft = fields.draft();
    write(byId("edit-title"), before ? t("sources.change.of", { name: isolated(before.name) }) : t("sources.add"));
    write(byId("edit-save"), before ? t("devices.save") : t("sources.save"));
    byId("edit-ffmpeg").hidden = draft.kind === "rtsp" || cameras.hasFfmpeg() !== false;
    const name = draft.name.trim();
    const { taken } = about();
    const hint = before ? before.source : name === "" ? "" : slugOf(name, draft.kind, taken);
    const plain = before ? hint : slugOf(name, draft.kind, []);
    write(byId("edit-name-hint"), hint === "" ? "" : hint === plain ? t("sources.name.hint", { name: hint }) : t("sources.name.taken", { name: hint, taken: plain }));
    byId("edit-name-hint").hidden = hint === "";
    byId("edit-kept").hidden = before === null || !(before.isRecording || before.state === "live");

    // Only one at a time can open an attached camera.
    byId("edit-test-part").hidden = before !== null && draft.kind === "camera" && before.state === "live";
    button("edit-test").disabled = isTesting || isSaving;
    write(byId("edit-test-text"), t(isTesting ? "sources.testing" : "sources.test"));
    byId("edit-outcome").hidden = outcome === null;
    if (outcome) {
      byId("edit-outcome").className = `notice ${outcome.tone}`;
      setIcon(/** @type {Element} */ (byId("edit-outcome").querySelector("use")), outcome.tone === "good" ? "check" : "warning");
      write(byId("edit-outcome-text"), outcome.text);
      write(byId("edit-outcome-more"), outcome.more);
      byId("edit-outcome-more").hidden = outcome.more === "" || outcome.more === outcome.text;
    }
    button("edit-save").disabled = isSaving;
    for (const one of closing) one.disabled = isSaving;
    write(byId("edit-problem"), problem);
    byId("edit-problem").hidden = problem === "";
    sheet.hold();
  }

  /** A login that was pasted with the address goes to its own fields, where it is not seen. */
  function split() {
    const read = readAddress(fields.draft().address);
    if (!("problem" in read) && read.user !== "") fields.split(read);
  }

  /** @param {any} told @returns {boolean} it is said at a field */
  function sayRefusal(told) {
    const field = fieldOf(told, fields.draft().kind);
    if (field === null) return false;
    fields.say(field, told.error.code === "exists" ? t("sources.problem.exists") : messageOf(told) || t("sources.problem.wrong"));
    fields.focusProblem();
    return true;
  }

  async function test() {
    split();
    const { spec, problems } = readForTest(fields.draft(), about());
    fields.show(problems);
    if (!spec) return fields.focusProblem();
    forgetTest();
    const mine = turn;
    isTesting = true;
    draw();
    bringIntoView(byId("edit-test"), byId("edit-form"));
    /** @type {import("./words.js").Outcome} */
    let said = { tone: "bad", text: t("sources.unanswered"), more: "" };
    let isAtField = false;
    try {
      const { ok, told } = await ask("/api/sources/test", "POST", spec, TEST_MS);
      if (mine !== turn) return;
      if (ok) said = words.outcome(told, fields.draft());
      else if ((isAtField = sayRefusal(told))) said = { tone: "bad", text: t("sources.test.not"), more: "" };
      else said = { tone: "bad", text: t("sources.refused", { message: messageOf(told) || t("sources.problem.wrong") }), more: "" };
    } catch {
      if (mine !== turn) return;
    }
    isTesting = false;
    outcome = said;
    draw();
    // On a small screen it comes beneath the footer. Where a field has the reason, that one is in view.
    if (!isAtField) bringIntoView(byId("edit-outcome"), byId("edit-form"));
  }

  async function save() {
    if (isSaving) return;
    split();
    const { spec, problems } = readDraft(fields.draft(), about());
    fields.show(problems);
    if (!spec) {
      problem = t("sources.problem.some");
      draw();
      return fields.focusProblem();
    }
    isSaving = true;
    problem = "";
    draw();
    try {
      const { ok, told } = before ? await ask(sourcePath(before.source), "PUT", spec) : await ask("/api/sources", "POST", spec);
      if (ok) {
        onSaved(told);
        sheet.close();
      } else if (sayRefusal(told)) problem = t("sources.problem.some");
      else problem = t("sources.refused", { message: messageOf(told) || t("sources.problem.wrong") });
    } catch {
      problem = t("sources.unanswered");
    } finally {
      isSaving = false;
      draw();
    }
  }

  byId("edit-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void save();
  });
  byId("edit-test").addEventListener("click", () => void test());
  byId("edit-address").addEventListener("change", split);

  /** @param {import("./form.js").Draft} draft */
  function open(draft) {
    forgetTest();
    problem = "";
    cameras.set(draft.device);
    fields.fill(draft, before);
    opened = JSON.stringify(fields.draft());
    draw();
    sheet.open();
    byId("edit-form").scrollTop = 0;
    lookForCameras(true);
  }

  return {
    /** @param {{ address?: string, user?: string }} [known] */
    add({ address = "", user = "" } = {}) {
      before = null;
      open({ ...newDraft("rtsp"), address, user });
    },
    /** @param {Source} source */
    change(source) {
      before = source;
      open(draftOf(source));
    },
    hasFfmpeg: cameras.hasFfmpeg,
  };
}
