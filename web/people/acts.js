/**
 * What an admin does: asks for what is needed, tells the server, and says what came of it.
 *
 *   const acts = createActs({ strings, form, confirm, once, words, done, refused });
 *   acts.letIn(); acts.changeBrowser(browser); acts.shutOut(browser); …
 *
 * @module
 */

import { isolated } from "../lib/plain-text.js";
import { pathOf, send } from "./requests.js";

/** Whoever is let in with digits has time to walk to the tablet. */
const CODE_MINUTES = 10;

/** @typedef {import("./people.js").Browser} Browser */
/** @typedef {import("./people.js").User} User */
/** @typedef {import("./people.js").Token} Token */
/** @typedef {import("./people.js").Link} Link */
/** @typedef {import("./form.js").Values} Values */

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./form.js").PeopleForm} options.form
 * @param {{ put(question: import("../devices/confirm.js").Question, yes: () => void): void }} options.confirm
 * @param {{ show(about: { title: string, what: string, text: string }): void }} options.once
 * @param {(told: any) => void} options.onCode
 * @param {(warning: string) => void} options.onDone
 * @param {(problem: string) => void} options.onRefused
 */
export function createActs({ strings, form, confirm, once, onCode, onDone, onRefused }) {
  const { t } = strings;

  /** For a form, which says itself why it was not done. @param {string} method @param {string} path @param {unknown} body @param {(told: any) => void} [then] */
  async function submit(method, path, body, then = () => {}) {
    const { told, problem, warning } = await send(method, path, body, strings);
    if (problem === "") {
      onDone(warning);
      // After the form has closed.
      setTimeout(() => then(told), 0);
    }
    return problem;
  }

  /** For a button. @param {string} method @param {string} path @param {unknown} [body] */
  async function act(method, path, body) {
    const { problem, warning } = await send(method, path, body, strings);
    if (problem === "") onDone(warning);
    else onRefused(problem);
  }

  /** @param {Values} values */
  const rights = ({ role, scope }) => ({ role, scope: role === "viewer" ? scope : null });

  /** @param {string} title @param {string} more @param {string} yes @param {() => void} work */
  const ask = (title, more, yes, work) => confirm.put({ title, more, yes, no: t("people.no") }, work);

  const acts = {
    letIn() {
      form.open({
        title: t("people.let_in"),
        submit: t("people.let_in.submit"),
        fields: ["role", "scope", "uses"],
        onSubmit: ({ uses, ...values }) => submit("POST", "/codes", { ...rights(/** @type {Values} */ (values)), uses, minutes: CODE_MINUTES }, onCode),
      });
    },
    /** @param {string} id */
    endCode: (id) => void act("DELETE", pathOf("codes", id)),

    /** @param {Browser} browser */
    changeBrowser(browser) {
      const { id, name, role, scope, user } = browser;
      form.open({
        title: t("people.change.of", { name: isolated(name) }),
        note: user ? t("people.change.by_user") : "",
        submit: t("devices.save"),
        fields: user ? ["name"] : ["name", "role", "scope"],
        values: { name, role: role || "camera", scope },
        onSubmit: (values) => submit("PUT", pathOf("browsers", id), user ? { name: values.name, role, scope } : { name: values.name, ...rights(values) }),
      });
    },
    /** @param {Browser} browser */
    shutOut({ id, name, isHere, device }) {
      const what = isHere ? "people.shut_out.here" : device ? "people.shut_out.device" : "people.shut_out.what";
      ask(t("people.shut_out.ask", { name: isolated(name) }), t(what), t("people.shut_out.yes"), () => void act("DELETE", pathOf("browsers", id)));
    },

    addUser() {
      form.open({
        title: t("people.user.add"),
        note: t("people.user.add.note"),
        submit: t("people.add"),
        fields: ["name", "role", "scope", "password"],
        values: { role: "viewer" },
        onSubmit: (values) => submit("POST", "/users", { name: values.name, ...rights(values), ...(values.password === "" ? {} : { password: values.password }) }),
      });
    },
    /** @param {User} user */
    changeUser({ id, name, role, scope }) {
      form.open({
        title: t("people.change.of", { name: isolated(name) }),
        note: t("people.user.change.note"),
        submit: t("devices.save"),
        fields: ["name", "role", "scope"],
        values: { name, role: role || "viewer", scope },
        onSubmit: (values) => submit("PUT", pathOf("users", id), { name: values.name, ...rights(values) }),
      });
    },
    /** @param {User} user */
    setPassword({ id, name, hasPassword }) {
      form.open({
        title: t("people.password.of", { name: isolated(name) }),
        note: t(hasPassword ? "people.password.note" : "people.password.none"),
        submit: t("devices.save"),
        fields: ["password"],
        onSubmit: ({ password }) => submit("PUT", pathOf("users", id, "/password"), { password: password === "" ? null : password }),
      });
    },
    /** @param {User} user */
    removeUser({ id, name }) {
      ask(t("people.user.remove.ask", { name: isolated(name) }), t("people.user.remove.what"), t("people.remove"), () => void act("DELETE", pathOf("users", id)));
    },

    addToken() {
      form.open({
        title: t("people.token.add"),
        note: t("people.token.add.note"),
        submit: t("people.token.submit"),
        fields: ["name", "role", "scope", "days"],
        values: { role: "viewer" },
        onSubmit: (values) =>
          submit("POST", "/tokens", { name: values.name, ...rights(values), days: values.days }, (told) => {
            if (told && typeof told.token === "string") once.show({ title: isolated(values.name), what: t("people.token.once"), text: told.token });
          }),
      });
    },
    /** @param {Token} token */
    revokeToken({ id, name }) {
      ask(t("people.token.remove.ask", { name: isolated(name) }), t("people.token.remove.what"), t("people.token.remove"), () => void act("DELETE", pathOf("tokens", id)));
    },

    addLink() {
      form.open({
        title: t("people.link.add"),
        note: t("people.link.add.note"),
        submit: t("people.link.submit"),
        fields: ["stream", "minutes"],
        onSubmit: ({ stream, minutes }) =>
          submit("POST", "/links", { scope: [stream], minutes }, (told) => {
            if (told && typeof told.url === "string") once.show({ title: t("people.link"), what: t("people.link.once"), text: told.url });
          }),
      });
    },
    /** @param {Link} link @param {string} names */
    revokeLink({ id }, names) {
      ask(t("people.link.remove.ask", { names }), t("people.link.remove.what"), t("people.link.remove"), () => void act("DELETE", pathOf("links", id)));
    },

    /** @param {"paired" | "network"} mode */
    setMode(mode) {
      ask(t(`people.mode.${mode}.ask`), t(`people.mode.${mode}.what`), t(`people.mode.${mode}.yes`), () => void act("PUT", "/mode", { mode }));
    },
  };
  return acts;
}

/** @typedef {ReturnType<typeof createActs>} Acts */
