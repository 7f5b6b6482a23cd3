/**
 * One device: what it does, and what can be asked of it at once. The rest is in its panel.
 *
 *   const card = createCard({ id, strings, words, onAct, onOpen });
 *   list.append(card.element);
 *   card.render({ device, answer, nowMs, isKnown, mayCommand, isAlarming });
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
import { icon } from "../lib/icon.js";
import { hindrance } from "./abilities.js";
import { createCardHead } from "./card-head.js";
import { isRecording } from "./devices.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {{ device: Device, answer: import("./commands.js").Answer | null, nowMs: number | null, isKnown: boolean, mayCommand: boolean, isAlarming: boolean }} Look `mayCommand`: who looks is an admin */

/** Reasons that the state's own line gives already. */
const SAID = ["offline", "blocked", "recording", "idle", "stopping"];

/**
 * @param {object} options
 * @param {string} options.id of the device
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {ReturnType<typeof import("./words.js").createDeviceWords>} options.words
 * @param {(device: Device, act: "start" | "stop" | "mark") => void} options.onAct
 * @param {(device: Device) => void} options.onOpen
 */
export function createCard({ id, strings, words, onAct, onOpen }) {
  const { t } = strings;
  const { element, head, light, name, more } = createCardHead("device", "h2");
  element.dataset.device = id;
  const state = make("p", "device-state numbers");
  const facts = make("p", "device-facts");
  const groups = make("p", "device-groups");
  const answer = make("p", "device-answer");
  const why = make("p", "device-why");
  why.id = `why-${id}`;
  const actions = make("div", "device-actions");
  const main = make("button", "button device-main");
  main.type = "button";
  main.setAttribute("aria-describedby", why.id);
  const mark = make("button", "button quiet device-icon");
  mark.type = "button";
  mark.append(icon("flag"));
  const watch = make("a", "button quiet device-icon");
  watch.append(icon("watch"));
  actions.append(main, mark, watch);
  const foot = make("div", "device-foot");
  foot.append(answer, why, actions);
  element.append(head, state, facts, groups, foot);

  /** @type {Look | null} */
  let last = null;
  let act = "";

  main.addEventListener("click", () => {
    if (last) onAct(last.device, isRecording(last.device) ? "stop" : "start");
  });
  mark.addEventListener("click", () => {
    if (last) onAct(last.device, "mark");
  });
  more.addEventListener("click", () => {
    if (last) onOpen(last.device);
  });

  return {
    element,
    /** @param {Look} look */
    render(look) {
      last = look;
      const { device, nowMs, isKnown, mayCommand, isAlarming } = look;
      const said = words.state(device, { nowMs, isKnown, isAlarming });
      element.dataset.tone = said.tone;
      element.dataset.state = device.isOnline ? device.state : "offline";
      light.className = `light ${said.tone}`;
      write(name, device.name);
      write(state, said.text);
      const settings = words.settings(device);
      write(facts, settings);
      facts.hidden = settings === "";
      const label = t("devices.open", { name: device.name });
      if (more.getAttribute("aria-label") !== label) more.setAttribute("aria-label", label);
      if (groups.textContent !== device.groups.join("")) {
        groups.replaceChildren(
          ...device.groups.map((group) => {
            const chip = make("span", "tag");
            chip.textContent = group;
            return chip;
          }),
        );
      }
      groups.hidden = device.groups.length === 0;

      const heard = look.answer ? words.answer(look.answer) : null;
      const isWaiting = look.answer !== null && (look.answer.progress === "sent" || look.answer.progress === "asking");
      write(answer, heard ? heard.text : "");
      answer.dataset.tone = heard ? heard.tone : "";
      answer.hidden = heard === null;

      const wanted = isRecording(device) ? "stop" : "start";
      const kept = hindrance(device, wanted);
      main.hidden = !mayCommand;
      mark.hidden = !mayCommand;
      main.disabled = kept !== null || isWaiting || !isKnown;
      main.classList.toggle("quiet", wanted === "stop");
      if (act !== wanted) {
        act = wanted;
        const text = make("span");
        text.textContent = t(`devices.act.${wanted}`);
        main.replaceChildren(icon(wanted === "stop" ? "stop" : "record"), text);
      }
      const mainLabel = t(`devices.act.${wanted}.of`, { name: device.name });
      if (main.getAttribute("aria-label") !== mainLabel) main.setAttribute("aria-label", mainLabel);
      write(why, kept ? words.hindrance(kept, device) : "");
      why.classList.toggle("visually-hidden", kept !== null && SAID.includes(kept));
      why.hidden = kept === null || !mayCommand;

      const keptMark = hindrance(device, "mark");
      mark.disabled = keptMark !== null || isWaiting || !isKnown;
      const markLabel = keptMark ? `${t("devices.act.mark.of", { name: device.name })}: ${words.hindrance(keptMark, device)}` : t("devices.act.mark.of", { name: device.name });
      if (mark.getAttribute("aria-label") !== markLabel) mark.setAttribute("aria-label", markLabel);
      if (mark.title !== markLabel) mark.title = markLabel;

      watch.hidden = device.stream === null;
      if (device.stream !== null) {
        const to = `/live#${encodeURIComponent(device.stream)}`;
        if (watch.getAttribute("href") !== to) watch.setAttribute("href", to);
        const watchLabel = t("devices.watch.of", { name: device.name });
        if (watch.getAttribute("aria-label") !== watchLabel) watch.setAttribute("aria-label", watchLabel);
        watch.title = watchLabel;
      }
    },
  };
}
