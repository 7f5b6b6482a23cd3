/**
 * The way in, on the sign-in page, on the capture page and in a sheet: shows what is asked of a person, and asks the
 * server.
 *
 *   const panel = createSignInPanel({ page: window, strings, access, name: () => device.name, device, records: true, onIn });
 *   panel.show(known);            what the server has said of this browser; true where nothing is asked
 *   panel.ask({ heldBytes, why }) the box for the code, whatever the server says of this browser
 *   panel.redeem(secret)          of a link
 *   panel.held(bytes)             how much of this device's footage waits
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { formatBytes } from "../lib/format.js";
import { createCodeBox } from "./code.js";
import { stageOf } from "./stage.js";
import { refusedWords } from "./words.js";

/** @typedef {import("../lib/access.js").Access} Access */
/** @typedef {import("./stage.js").Stage | "done" | "asking"} Shown */

const STAGES = ["code", "first", "not_set_up", "watches", "done"];
/** @typedef {"code" | "link" | "password" | "first"} Tried */

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(id));

/**
 * @param {object} options
 * @param {Window} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("../lib/access.js").AccessClient} options.access
 * @param {() => string} options.name of this browser
 * @param {{ id: string, key: string } | null} options.device by which the server knows its recordings
 * @param {boolean} options.records whether the page behind it is a camera
 * @param {(known: Access) => void} options.onIn
 */
export function createSignInPanel({ page, strings, access, name, device, records, onIn }) {
  const { t } = strings;
  const box = createCodeBox();
  let isBusy = false;
  /** @type {Shown} */
  let stage = "asking";
  /** It was opened because somebody wants a code, whatever this browser may already. */
  let isAsked = false;
  /** A link has made this browser the first admin's, and it says now what that one wants. */
  let isChoosing = false;
  let address = "";
  /** The secret of a link that has not been answered for: nobody can type it. */
  let pending = "";

  const { port, origin } = page.location;
  const own = `https://localhost${port === "" ? "" : `:${port}`}`;

  // No links: the one leads back to here, and both away from a recording.
  // A phone is narrower: the line ends between the two, not within a word.
  /** @param {string} id @param {string} where */
  const writeDevices = (id, where) => byId(id).replaceChildren(where, page.document.createElement("wbr"), "/devices");

  /** Where others find the server: this page may be `localhost`. @param {Access} known */
  function place(known) {
    const told = known.place.page || origin;
    if (told === address) return;
    address = told;
    writeDevices("code-devices", address);
  }

  /** @param {Shown} next */
  function stand(next) {
    const isNew = next !== stage;
    stage = next;
    byId("entry-panel").dataset.stage = next;
    byId("entry-wait").hidden = next !== "asking";
    for (const one of STAGES) byId(`stage-${one}`).hidden = one !== next;
    if (isNew) focus();
  }

  function focus() {
    // A keyboard that comes up by itself would hide how to get a code.
    if (stage === "code" && page.matchMedia("(hover: hover)").matches) input("code").focus({ preventScroll: true });
  }

  /** @param {Tried} kind @param {import("./words.js").Sentence | null} said */
  function complain(kind, said) {
    const text = said ? t(said.key, said.values) : "";
    write(byId(kind === "password" ? "password-problem" : stage === "first" ? "first-problem" : "code-problem"), text);
    // There is no box there; a link may have led to it.
    write(byId("not-set-up-problem"), kind === "link" ? text : "");
    if (kind === "code") input("code").setAttribute("aria-invalid", String(said !== null));
  }

  /** @param {boolean} busy */
  function wait(busy) {
    isBusy = busy;
    for (const id of ["pair", "sign-in", "first-paired", "first-network"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = busy;
    input("code").readOnly = busy;
    write(byId("pair"), t(busy ? "sign_in.pair.busy" : "sign_in.pair"));
  }

  /**
   * @template {Access} Known
   * @param {Tried} kind
   * @param {() => Promise<Known>} enter
   * @param {(known: Known) => void} entered
   */
  async function attempt(kind, enter, entered) {
    if (isBusy) return;
    wait(true);
    complain(kind, null);
    try {
      const known = await enter();
      wait(false);
      isAsked = false;
      input("code").value = "";
      input("password").value = "";
      box.clear();
      entered(known);
    } catch (error) {
      wait(false);
      const { code = "" } = /** @type {{ code?: string }} */ (error);
      if (kind === "code") box.refused(code);
      // What this page knew of the server is not so any more.
      if (code === "decided") await look();
      complain(kind, refusedWords(error, { isLink: kind === "link" }));
      if (kind === "code") input("code").select();
    }
  }

  async function look() {
    const known = await access.look().catch(() => null);
    if (known && !isBusy) show(known);
  }

  /** Whoever may only watch is not let in where one records. @param {Access & { hasDecided: boolean }} known */
  function come(known) {
    place(known);
    if (known.hasDecided) {
      isChoosing = true;
      write(byId("first-title"), t("sign_in.first.admin"));
      write(byId("first-lead"), t("sign_in.first.admin.lead"));
      stand("first");
    } else if (stageOf(known, { records }) === "watches") stand("watches");
    else onIn(known);
  }

  /** @param {string} code @param {boolean} isLink */
  function pair(code, isLink) {
    if (isLink) pending = code;
    return attempt(isLink ? "link" : "code", () => access.pair(code, name(), device || undefined), (known) => {
      pending = "";
      come(known);
    });
  }

  /** @param {"paired" | "network"} mode */
  const decide = (mode) =>
    attempt("first", () => (isChoosing ? access.choose(mode) : access.decide(mode, name())), (known) => {
      isChoosing = false;
      place(known);
      write(byId("done-lead"), t(`sign_in.done.${mode}`, { address }));
      byId("done-devices").hidden = mode === "network";
      byId("done-go").onclick = () => onIn(known);
      stand("done");
    });

  /** @param {Access} known @returns {boolean} whether nothing is asked */
  function show(known) {
    // Whoever has decided reads what follows from it; what is being tried says itself what came of it.
    if (stage === "done" || isChoosing || isBusy) return false;
    place(known);
    const next = stageOf(known, { records });
    byId("password-box").hidden = !known.hasPasswords;
    if (next === "in" && !isAsked) return true;
    if (isAsked && (next === "in" || next === "watches")) stand("code");
    else if (next !== "in") stand(next);
    return false;
  }

  /** @param {{ title: string, lead: string }} said */
  function title({ title, lead }) {
    for (const id of ["code-title", "let-in-title"]) if (page.document.getElementById(id)) write(byId(id), title);
    write(byId("code-lead"), lead);
  }

  byId("code").addEventListener("input", () => {
    const field = input("code");
    const isAtEnd = field.selectionStart === field.value.length;
    const { shown, isTooLong, send } = box.entered(field.value);
    if (field.value !== shown && (isAtEnd || send !== null)) field.value = shown;
    complain("code", isTooLong ? { key: "sign_in.code.too_long", values: {} } : null);
    if (send !== null) void pair(send, shown === "");
  });
  byId("pair-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = box.pressed(input("code").value);
    // It still says why.
    if (box.isRefused(code)) input("code").select();
    else if (code === null && pending !== "" && input("code").value === "") void pair(pending, true);
    else if (code === null) complain("code", { key: "sign_in.code.short", values: {} });
    else void pair(code, false);
  });
  byId("password-open").addEventListener("click", () => {
    const form = byId("password-form");
    form.hidden = !form.hidden;
    byId("password-open").setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) input("password-user").focus();
  });
  byId("password-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [user, password] = [input("password-user").value.trim(), input("password").value];
    if (user === "" || password === "") complain("password", { key: "sign_in.password.missing", values: {} });
    else void attempt("password", () => access.signIn(user, password, name()), come);
  });
  byId("first-paired").addEventListener("click", () => void decide("paired"));
  byId("first-network").addEventListener("click", () => void decide("network"));
  byId("watches-code").addEventListener("click", () => {
    isAsked = true;
    stand("code");
  });

  writeDevices("code-devices", origin);
  writeDevices("code-own", own);
  write(byId("own-address"), own);
  title({ title: t(records ? "sign_in.device" : "sign_in.browser"), lead: t("sign_in.lead") });

  return {
    show,
    look,
    focus,
    /** @param {{ heldBytes?: number, why?: "not_paired" | "revoked" | "wish" }} [about] */
    ask({ heldBytes = 0, why = "not_paired" } = {}) {
      isAsked = true;
      isChoosing = false;
      input("code").value = "";
      box.clear();
      complain("code", null);
      title({ title: t(`sign_in.ask.${why}`), lead: t(`sign_in.ask.${why}.lead`) });
      this.held(heldBytes);
      stand("code");
      void look();
    },
    /** What of this device waits to be let in. @param {number} bytes */
    held(bytes) {
      byId("entry-held").hidden = bytes <= 0;
      if (bytes > 0) write(byId("entry-held-text"), t("sign_in.held", { size: formatBytes(bytes) }));
    },
    /** Nobody wants a code any more. */
    leave() {
      isAsked = false;
    },
    /** @param {string} secret of a link @returns {Promise<boolean>} whether it has let this browser in here; if not, why is said beside the box */
    async redeem(secret) {
      stand("asking");
      pending = secret;
      await pair(secret, true);
      if (pending === "") return stage !== "watches" && !isChoosing;
      stand("code");
      return false;
    },
  };
}

/** @typedef {ReturnType<typeof createSignInPanel>} SignInPanel */
