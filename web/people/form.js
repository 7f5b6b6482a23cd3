/**
 * The form in which somebody is let in or changed. Which of its fields are asked for is the caller's.
 *
 *   const form = createPeopleForm({ strings, behind, choices, watchable });
 *   form.open({ title, note, submit, fields: ["name", "role", "scope"], values, onSubmit });
 *
 * `onSubmit` gives back the sentence that says why it was not done, or "": then the form closes.
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { roleOf } from "../lib/access.js";
import { byId, make, write } from "../lib/elements.js";
import { isolated } from "../lib/plain-text.js";
import { createScopeField } from "./scope-field.js";

/** @typedef {"name" | "role" | "scope" | "password" | "uses" | "days" | "minutes" | "stream"} Field */
/** @typedef {{ name: string, role: import("./people.js").Role, scope: string[] | null, password: string, uses: number, days: number | null, minutes: number, stream: string }} Values */
/**
 * @typedef {object} Asked
 * @property {string} title
 * @property {string} [note]
 * @property {string} submit
 * @property {Field[]} fields
 * @property {Partial<Values>} [values]
 * @property {(values: Values) => Promise<string>} onSubmit
 */

/** @type {Field[]} */
const FIELDS = ["name", "role", "scope", "password", "uses", "days", "minutes", "stream"];
export const MOST_USES = 200;

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(id));
/** @param {string} id */
const select = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {HTMLElement} options.behind
 * @param {() => import("./scope.js").Choice[]} options.choices
 * @param {() => import("./scope.js").Choice[]} options.watchable
 */
export function createPeopleForm({ strings, behind, choices, watchable }) {
  const { t } = strings;
  const scope = createScopeField(strings);
  const roles = /** @type {NodeListOf<HTMLInputElement>} */ (byId("entry-role").querySelectorAll("input"));
  /** @type {Asked | null} */
  let asked = null;
  let isBusy = false;
  const sheet = createSheet(byId("entry-form-layer"), behind, {
    mayClose: () => !isBusy,
    onClose: () => {
      asked = null;
      input("entry-password").value = "";
    },
  });

  const role = () => roleOf((Array.from(roles).find(({ checked }) => checked) || { value: "" }).value) || "camera";

  /** Only who watches is given a choice of what. */
  function render() {
    if (!asked) return;
    for (const field of FIELDS) byId(`entry-${field}-field`).hidden = !asked.fields.includes(field);
    if (asked.fields.includes("role")) byId("entry-scope-field").hidden = !asked.fields.includes("scope") || role() !== "viewer";
    write(byId("entry-role-hint"), t(`people.role.${role()}.what`));
  }
  for (const one of roles) one.addEventListener("change", render);

  /** @returns {Values} */
  function values() {
    const days = select("entry-days").value;
    return {
      name: input("entry-name").value.trim(),
      role: role(),
      scope: role() === "viewer" || !(asked && asked.fields.includes("role")) ? scope.value() : null,
      password: input("entry-password").value,
      uses: Math.round(Number(input("entry-uses").value)),
      days: days === "" ? null : Number(days),
      minutes: Number(select("entry-minutes").value),
      stream: select("entry-stream").value,
    };
  }

  /** @param {Asked} what @param {Values} given @returns {string} what is missing, as a key */
  function missing({ fields }, { name, role: chosen, scope: names, uses, stream }) {
    if (fields.includes("name") && name === "") return "people.missing.name";
    if (fields.includes("scope") && (chosen === "viewer" || !fields.includes("role")) && names !== null && names.length === 0) return "people.missing.scope";
    if (fields.includes("uses") && !(uses >= 1 && uses <= MOST_USES)) return "people.missing.uses";
    return fields.includes("stream") && stream === "" ? "people.missing.stream" : "";
  }

  /** @param {string} text */
  function complain(text) {
    write(byId("entry-form-problem"), text);
    byId("entry-form-problem").hidden = text === "";
  }

  byId("entry-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = asked;
    if (!mine || isBusy) return;
    const given = values();
    const lacking = missing(mine, given);
    complain(lacking === "" ? "" : t(lacking, { most: MOST_USES }));
    if (lacking !== "") return;
    const button = /** @type {HTMLButtonElement} */ (byId("entry-form-submit"));
    isBusy = true;
    button.disabled = true;
    const problem = await mine.onSubmit(given);
    isBusy = false;
    button.disabled = false;
    if (problem === "") sheet.close();
    else complain(problem);
  });

  return {
    /** @param {Asked} what */
    open(what) {
      asked = what;
      const { title, note = "", submit, values: known = {} } = what;
      complain("");
      write(byId("entry-form-title"), title);
      write(byId("entry-form-note"), note);
      byId("entry-form-note").hidden = note === "";
      write(byId("entry-form-submit"), submit);
      input("entry-name").value = known.name || "";
      for (const one of roles) one.checked = one.value === (known.role || "camera");
      scope.show(choices(), known.scope === undefined ? null : known.scope);
      input("entry-password").value = "";
      input("entry-uses").value = String(known.uses || 1);
      select("entry-days").value = "90";
      select("entry-minutes").value = "60";
      const streams = watchable();
      select("entry-stream").replaceChildren(
        ...streams.map(({ value, label }) => {
          const option = make("option");
          option.value = value;
          option.textContent = t("people.link.of", { name: isolated(label), id: value });
          return option;
        }),
      );
      byId("entry-stream-none").hidden = streams.length > 0;
      render();
      sheet.open();
    },
  };
}

/** @typedef {ReturnType<typeof createPeopleForm>} PeopleForm */
