/**
 * Everything that can be asked of one device: its name, groups, camera, quality, a mark with words.
 *
 *   const panel = createPanel({ page: window, strings, words, behind, onAct });
 *   panel.open(device);
 *   panel.render(look);       // of the device that is open, or null where it is gone
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { formatClock } from "../lib/format.js";
import { byId, make, write } from "../lib/elements.js";
import { createTranscodersPanel } from "../sources/transcoders-panel.js";
import { GROUPS, hindrance, parseGroups } from "./abilities.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {import("./devices.js").Act} Act */
/** @typedef {import("./card.js").Look} Look */

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(id));
/** @param {string} id */
const select = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createDeviceWords>} options.words
 * @param {HTMLElement} options.behind
 * @param {(device: Device, act: Act, value: unknown) => void} options.onAct
 */
export function createPanel({ page, strings, words, behind, onAct }) {
  const { t } = strings;
  /** @type {Device | null} */
  let device = null;
  /** @type {string | null} */
  let id = null;
  const transcoders = createTranscodersPanel({ page, strings });
  /** @type {Element} */ (byId("panel").querySelector(".sheet-body")).append(transcoders.element);
  const sheet = createSheet(byId("panel"), behind, {
    onClose: () => {
      id = null;
      transcoders.show(null);
    },
  });

  /** @param {string} form @param {(device: Device) => void} act */
  function onSubmit(form, act) {
    byId(form).addEventListener("submit", (event) => {
      event.preventDefault();
      if (device) act(device);
    });
  }

  onSubmit("name-form", (one) => {
    const name = input("panel-name").value.trim();
    if (name !== "" && name !== one.ownName) onAct(one, "name", name);
  });
  onSubmit("groups-form", (one) => {
    const groups = parseGroups(input("panel-groups").value);
    input("panel-groups").setAttribute("aria-invalid", String(groups === null));
    byId("panel-groups-hint").classList.toggle("wrong", groups === null);
    if (groups !== null) onAct(one, "groups", groups);
  });
  onSubmit("mark-form", (one) => {
    const label = input("panel-mark").value.trim();
    onAct(one, "mark", label === "" ? undefined : label);
    input("panel-mark").value = "";
  });
  for (const act of /** @type {const} */ (["camera", "quality"])) {
    select(`panel-${act}`).addEventListener("change", ({ target }) => {
      if (device) onAct(device, act, /** @type {HTMLSelectElement} */ (target).value);
    });
  }

  /** @param {Act} act @param {Device} one @param {boolean} isKnown */
  function renderReason(act, one, isKnown) {
    const kept = hindrance(one, act);
    const text = kept === null ? "" : words.hindrance(kept, one);
    const why = byId(`panel-${act}-why`);
    write(why, text);
    why.hidden = text === "";
    return kept !== null || !isKnown;
  }

  /**
   * @param {"camera" | "quality"} act @param {{ id: string, label: string }[]} choices @param {string | null} chosen
   * @param {boolean} isOff @param {boolean} isWaiting
   */
  function renderSelect(act, choices, chosen, isOff, isWaiting) {
    const element = select(`panel-${act}`);
    const wanted = JSON.stringify(choices);
    if (element.dataset.choices !== wanted) {
      element.dataset.choices = wanted;
      element.replaceChildren(
        ...choices.map((choice) => {
          const option = make("option");
          option.value = choice.id;
          option.textContent = choice.label;
          return option;
        }),
      );
    }
    element.disabled = isOff;
    // What was asked stays to be seen until the device has answered.
    if (!isWaiting) element.value = chosen === null ? "" : chosen;
  }

  /** @param {Look} look */
  function render({ device: one, answer, nowMs, isKnown, mayCommand, isAlarming }) {
    device = one;
    write(byId("panel-title"), one.name);
    const said = words.state(one, { nowMs, isKnown, isAlarming });
    byId("panel-light").className = `light ${said.tone}`;
    write(byId("panel-state"), said.text);
    const heard = answer ? words.answer(answer) : null;
    byId("panel-answer").hidden = heard === null;
    byId("panel-answer").dataset.tone = heard ? heard.tone : "";
    write(byId("panel-answer"), heard ? heard.text : "");
    const isWaiting = answer !== null && (answer.progress === "sent" || answer.progress === "asking");

    input("panel-name").disabled = renderReason("name", one, isKnown);
    input("panel-groups").disabled = renderReason("groups", one, isKnown);
    input("panel-mark").disabled = renderReason("mark", one, isKnown);
    const busy = isWaiting || !isKnown;
    for (const act of ["name", "groups", "mark"]) {
      /** @type {HTMLButtonElement} */ (byId(`panel-${act}-do`)).disabled = input(`panel-${act}`).disabled || busy;
    }
    renderSelect("camera", one.cameras, one.camera, renderReason("camera", one, isKnown), isWaiting);
    const qualities = one.qualities.map((quality) => ({ id: quality, label: words.quality(quality) }));
    renderSelect("quality", qualities, one.quality, renderReason("quality", one, isKnown), isWaiting);
    byId("panel-camera-field").hidden = !mayCommand || one.cameras.length === 0;
    byId("panel-quality-field").hidden = !mayCommand || one.qualities.length === 0;
    for (const act of ["name", "groups", "mark"]) byId(`${act}-form`).hidden = !mayCommand;

    const watch = byId("panel-watch");
    byId("panel-end").hidden = one.stream === null;
    if (one.stream !== null) watch.setAttribute("href", `/live#${encodeURIComponent(one.stream)}`);
    write(byId("panel-control"), t(`devices.control.${one.control === "none" && one.qualities.length === 0 ? "program" : one.control}`));
    write(byId("panel-id"), one.device);
    transcoders.show(one.stream);
    transcoders.render(nowMs);
    write(byId("panel-since"), one.sinceMs === null ? "–" : formatClock(one.sinceMs));
    write(byId("panel-seen"), one.isOnline ? t("devices.now") : words.seen(one, nowMs));
  }

  return {
    /** @param {Device} one */
    open(one) {
      device = one;
      id = one.device;
      input("panel-name").value = one.ownName;
      input("panel-groups").value = one.groups.join(t("devices.groups.and"));
      input("panel-groups").setAttribute("aria-invalid", "false");
      byId("panel-groups-hint").classList.remove("wrong");
      write(byId("panel-groups-hint"), t("devices.groups.hint", { count: GROUPS }));
      input("panel-mark").value = "";
      sheet.open();
    },
    /** @param {Look | null} look */
    render(look) {
      if (!look) return sheet.close();
      render(look);
      sheet.hold();
    },
    /** The device that is open. */
    get id() {
      return sheet.isOpen ? id : null;
    },
  };
}
