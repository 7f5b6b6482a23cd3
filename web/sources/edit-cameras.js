/**
 * The choice among the cameras that are plugged into the server, or one that is typed.
 *
 *   const cameras = createEditCameras({ strings, onChange });
 *   cameras.set("/dev/video0");     chosen, or typed where the server does not list it
 *   await cameras.look();           asks the server anew
 *   cameras.hasFfmpeg()             null while it is not known
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { requestJson } from "../lib/request.js";
import { formatsOf } from "./formats.js";
import { parseCameras } from "./sources.js";

/** The server asks the system, and the system each camera. */
const LOOK_MS = 15_000;
/** No camera is called so. */
const TYPED = "\u0000";

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {() => void} options.onChange
 */
export function createEditCameras({ strings, onChange }) {
  const { t } = strings;
  const choice = /** @type {HTMLSelectElement} */ (byId("edit-choice"));
  const typed = /** @type {HTMLInputElement} */ (byId("edit-device"));
  const again = /** @type {HTMLButtonElement} */ (byId("edit-again"));
  const hint = byId("edit-device-hint");
  /** @type {ReturnType<typeof parseCameras> | null} */
  let known = null;
  /** @type {"" | "looking" | "failed"} */
  let state = "";
  let turn = 0;
  /** A person has said that they type it. */
  let isTypedChosen = false;

  /** @param {string} value @param {string} text */
  function option(value, text) {
    const element = make("option");
    element.value = value;
    element.textContent = text;
    return element;
  }

  /** @param {string} id @param {string[]} values */
  function suggest(id, values) {
    byId(id).replaceChildren(...values.map((value) => option(value, value)));
  }

  function draw() {
    const cameras = known ? known.cameras : [];
    const isListed = cameras.some(({ id }) => id === typed.value);
    const isTyped = isTypedChosen || (typed.value !== "" && !isListed) || (cameras.length === 0 && state !== "looking");
    choice.replaceChildren(
      ...(cameras.length === 0 ? [] : [option("", t("sources.device.choose"))]),
      ...cameras.map(({ id, name }) => option(id, name === id ? id : `${name} (${id})`)),
      option(TYPED, t("sources.device.type")),
    );
    choice.value = isTyped ? TYPED : typed.value;
    typed.hidden = choice.value !== TYPED;
    again.disabled = state === "looking";
    const said = { looking: "sources.device.looking", failed: "sources.device.failed", "": known && known.hasFfmpeg && cameras.length === 0 ? "sources.device.none" : "" }[state];
    write(hint, said === "" ? "" : t(said));
    hint.hidden = said === "";
    const chosen = cameras.find(({ id }) => id === typed.value);
    const { sizes, rates } = formatsOf(chosen ? chosen.formats : []);
    suggest("edit-sizes", sizes);
    suggest("edit-rates", rates);
  }

  async function look() {
    const mine = (turn += 1);
    state = "looking";
    draw();
    try {
      const told = parseCameras(await requestJson("/api/cameras", { patienceMs: LOOK_MS }));
      if (mine !== turn) return;
      known = told;
      state = "";
    } catch {
      if (mine !== turn) return;
      state = "failed";
    }
    // The only one is the one that is meant.
    if (known && known.cameras.length === 1 && typed.value === "" && !isTypedChosen) typed.value = known.cameras[0].id;
    draw();
    onChange();
  }

  choice.addEventListener("change", () => {
    isTypedChosen = choice.value === TYPED;
    typed.value = isTypedChosen ? "" : choice.value;
    draw();
    if (isTypedChosen) typed.focus();
    typed.dispatchEvent(new Event("input"));
  });
  again.addEventListener("click", () => void look());

  return {
    /** @param {string} device */
    set(device) {
      typed.value = device;
      isTypedChosen = false;
      draw();
    },
    look,
    hasFfmpeg: () => (known ? known.hasFfmpeg : null),
  };
}
