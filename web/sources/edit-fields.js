/**
 * The fields of the form: those of the chosen kind, what stands in them, and what is wrong with it beside it.
 *
 *   const fields = createEditFields({ strings, words, onChange });
 *   fields.fill(draft, before);  fields.draft();
 *   fields.show({ address: "scheme" });      problems by field, as `form.js` names them
 *   fields.say("address", "the server's words")
 *   fields.focusProblem();                   the first field with a problem
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { createHoursEditor } from "./hours-editor.js";
import { usualHours } from "./hours.js";
import { newDraft } from "./form.js";
import { KINDS } from "./sources.js";

/** @typedef {import("./form.js").Draft} Draft */
/** @typedef {import("./form.js").Field} Field */
/** @typedef {import("./sources.js").Kind} Kind */

const TEXTS = /** @type {const} */ (["name", "address", "small_address", "user", "password", "device", "path", "size", "frames_per_second", "bitrate_kbps", "sound_device"]);
/** Fields of which a person needs to know only when something is special. @type {readonly Field[]} */
const SELDOM = ["small_address", "transport", "size", "frames_per_second", "bitrate_kbps", "sound_device"];

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(`edit-${id}`));

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createSourceWords>} options.words
 * @param {(field: Field) => void} options.onChange
 */
export function createEditFields({ strings, words, onChange }) {
  const { t } = strings;
  const form = byId("edit-form");
  /** @type {Kind} */
  let kind = "rtsp";
  /** Whether a person has said themselves what is recorded. */
  let isRecordChosen = false;
  let isMore = false;
  const hours = createHoursEditor({
    root: byId("edit-rules"),
    add: /** @type {HTMLButtonElement} */ (byId("edit-rules-add")),
    strings,
    words,
    onChange: () => changed("hours"),
  });

  /** @param {string} name @param {string} value */
  const radio = (name, value) => /** @type {HTMLInputElement} */ (form.querySelector(`input[name="${name}"][value="${value}"]`));

  /** @param {Field} field @returns {HTMLElement} */
  const place = (field) => /** @type {HTMLElement} */ (form.querySelector(`[data-field="${field}"]`));

  /** @param {Field} field what a screen reader and the focus are to find */
  function control(field) {
    if (field === "device") return byId("edit-device").hidden ? byId("edit-choice") : byId("edit-device");
    return /** @type {HTMLElement} */ (document.getElementById(`edit-${field}`) || place(field).querySelector("input"));
  }

  /** @param {Field} field @param {string} text */
  function say(field, text) {
    const holder = place(field);
    let note = /** @type {HTMLElement | null} */ (holder.querySelector(".wrong-note"));
    if (!note) {
      if (text === "") return;
      note = make("p", "hint wrong wrong-note");
      note.id = `edit-${field}-wrong`;
      holder.append(note);
    }
    write(note, text);
    note.hidden = text === "";
    const element = control(field);
    element.setAttribute("aria-invalid", String(text !== ""));
    // What is wrong is said before the hint that belongs to the field anyway.
    const hints = (element.getAttribute("aria-describedby") || "").split(" ").filter((id) => id !== "" && id !== note.id);
    const all = text === "" ? hints : [note.id, ...hints];
    if (all.length > 0) element.setAttribute("aria-describedby", all.join(" "));
    else element.removeAttribute("aria-describedby");
    if (text !== "" && SELDOM.includes(field)) more(true);
  }

  /** @param {Field} field */
  function changed(field) {
    say(field, "");
    onChange(field);
  }

  /** @param {boolean} wanted */
  function more(wanted) {
    isMore = wanted;
    byId("edit-more-box").hidden = !isMore;
    byId("edit-more").setAttribute("aria-expanded", String(isMore));
    write(byId("edit-more"), t(isMore ? "sources.less" : "sources.more"));
  }

  function draw() {
    for (const element of form.querySelectorAll("[data-kinds]")) {
      /** @type {HTMLElement} */ (element).hidden = !(/** @type {HTMLElement} */ (element).dataset.kinds || "").split(" ").includes(kind);
    }
    byId("edit-more-part").hidden = kind === "file";
    byId("edit-hours-box").hidden = !input("record").checked;
    byId("edit-rules-box").hidden = !radio("hours", "rules").checked;
  }

  for (const field of TEXTS) input(field).addEventListener("input", () => changed(field));
  byId("edit-kinds").addEventListener("change", ({ target }) => {
    const chosen = KINDS.find((one) => one === /** @type {HTMLInputElement} */ (target).value);
    if (!chosen) return;
    kind = chosen;
    if (!isRecordChosen) input("record").checked = newDraft(kind).record;
    draw();
    onChange("kind");
  });
  input("record").addEventListener("change", () => {
    isRecordChosen = true;
    draw();
    changed("record");
  });
  input("sound").addEventListener("change", () => changed("sound"));
  byId("edit-hours-box").addEventListener("change", ({ target }) => {
    if (/** @type {HTMLInputElement} */ (target).name !== "hours") return;
    if (radio("hours", "rules").checked && hours.rules().length === 0) hours.set([usualHours()]);
    draw();
    changed("hours");
  });
  byId("edit-more").addEventListener("click", () => more(!isMore));
  const show = byId("edit-password-show");
  /** @param {boolean} isShown */
  function reveal(isShown) {
    input("password").type = isShown ? "text" : "password";
    show.setAttribute("aria-pressed", String(isShown));
  }
  show.addEventListener("click", () => reveal(show.getAttribute("aria-pressed") !== "true"));

  return {
    /** @param {Draft} draft @param {import("./sources.js").Source | null} before what is being changed */
    fill(draft, before) {
      kind = draft.kind;
      isRecordChosen = before !== null;
      for (const field of TEXTS) {
        input(field).value = draft[field];
        say(field, "");
      }
      radio("kind", kind).checked = true;
      byId("edit-kinds").hidden = before !== null;
      radio("transport", draft.transport).checked = true;
      input("record").checked = draft.record;
      input("sound").checked = draft.sound;
      radio("hours", draft.hours ? "rules" : "always").checked = true;
      hours.set(draft.hours || []);
      say("hours", "");
      reveal(false);
      input("password").placeholder = before && before.hasPassword ? t("sources.password.kept") : "";
      more(before !== null && (draft.small_address !== "" || draft.transport !== "tcp" || draft.size !== "" || draft.frames_per_second !== "" || draft.bitrate_kbps !== "" || draft.sound_device !== ""));
      draw();
    },

    /** @returns {Draft} */
    draft() {
      const draft = { ...newDraft(kind) };
      for (const field of TEXTS) draft[field] = input(field).value;
      draft.transport = radio("transport", "udp").checked ? "udp" : "tcp";
      draft.record = input("record").checked;
      draft.sound = input("sound").checked;
      draft.hours = radio("hours", "rules").checked ? hours.rules() : null;
      return draft;
    },

    /** What was typed with its login is shown without. @param {{ address: string, user: string, password: string }} read */
    split({ address, user, password }) {
      input("address").value = address;
      if (user !== "") input("user").value = user;
      if (password !== "") input("password").value = password;
    },

    /** @param {import("./form.js").Problems} problems */
    show(problems) {
      for (const field of /** @type {Field[]} */ ([...TEXTS, "hours"])) {
        if (!place(field)) continue;
        const problem = problems[field];
        say(field, problem === undefined ? "" : t(`sources.problem.${problem === "empty" && field !== "name" ? `${field}.empty` : problem}`));
      }
    },

    say,

    focusProblem() {
      const first = /** @type {HTMLElement | null} */ (Array.from(form.querySelectorAll("[aria-invalid='true']")).find((element) => /** @type {HTMLElement} */ (element).offsetParent !== null) || null);
      if (first) first.focus();
    },
  };
}
