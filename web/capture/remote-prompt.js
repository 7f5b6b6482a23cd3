/**
 * The question to the person at the device: who asks for what, over the picture and beside everything that says what is
 * safe. It takes the focus, as a question does, but no button has it: whoever was about to press Stop answers nothing by
 * accident. Whoever is typing keeps it: half a name would be taken for the whole.
 *
 *   const prompt = createPrompt({ strings, over, now, onAnswer });
 *   prompt.render(question, nameOf, now);      // or null
 *   sentenceFor(order, nameOf)
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { isolated } from "../lib/plain-text.js";

/** @typedef {import("./remote.js").Question} Question */
/** @typedef {import("./remote.js").Reply} Reply */
/** @typedef {import("./remote-answers.js").Order} Order */
/** @typedef {{ key: string, values: Record<string, string> }} Sentence */

/** A finger that was on its way to what was there before has arrived by then. */
export const GUARD_MS = 700;
/** Inputs that hold no text. */
const PRESSED = ["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit"];

/**
 * @param {Order} order
 * @param {(camera: string) => string} nameOf
 * @returns {Sentence}
 */
export function sentenceFor({ do: what, value, from }, nameOf) {
  const values = { from: isolated(from), value: isolated(what === "camera" ? nameOf(value) : value) };
  return { key: `capture.remote.ask.${what === "mark" && value ? "mark_as" : what}`, values };
}

/** @param {any} element */
function isTyped(element) {
  const tag = String((element && element.tagName) || "").toLowerCase();
  return tag === "textarea" || (tag === "input" && !PRESSED.includes(element.type)) || Boolean(element && element.isContentEditable);
}

/** @type {[string, Reply][]} */
const REPLIES = [["remote-once", "once"], ["remote-always", "always"], ["remote-no", "no"]];

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {HTMLElement} options.over what it may cover
 * @param {() => number} options.now
 * @param {(reply: Reply, question: Question) => void} options.onAnswer
 */
export function createPrompt({ strings, over, now, onAnswer }) {
  const { t } = strings;
  const layer = byId("remote-ask");
  const card = byId("remote-card");
  /** @type {Question | null} */
  let shown = null;
  let shownMs = 0;
  /** @type {Element | null} */
  let before = null;

  const isGuarded = () => Math.abs(now() - shownMs) < GUARD_MS;

  /** @param {Reply} reply */
  function answer(reply) {
    if (shown && !isGuarded()) onAnswer(reply, shown);
  }

  function showGuard() {
    const state = String(isGuarded());
    for (const [id] of REPLIES) if (byId(id).getAttribute("aria-disabled") !== state) byId(id).setAttribute("aria-disabled", state);
  }

  for (const [id, reply] of REPLIES) {
    byId(id).addEventListener("click", (event) => {
      if (event.detail <= 1) answer(reply);
    });
  }
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    answer("no");
  });

  function place() {
    const box = over.getBoundingClientRect();
    layer.style.top = `${box.top}px`;
    layer.style.left = `${box.left}px`;
    layer.style.width = `${box.width}px`;
    layer.style.height = `${box.height}px`;
  }
  new ResizeObserver(place).observe(over);
  addEventListener("resize", place);

  function leave() {
    const hadFocus = card.contains(document.activeElement);
    layer.hidden = true;
    shown = null;
    if (hadFocus && before instanceof HTMLElement && before.offsetParent !== null) before.focus({ preventScroll: true });
    before = null;
  }

  return {
    /** @param {Question | null} question @param {(camera: string) => string} nameOf @param {number} at */
    render(question, nameOf, at) {
      if (!question) {
        if (shown) leave();
        return;
      }
      const { order, untilMs } = question;
      write(byId("remote-wait"), t("capture.remote.wait", { seconds: Math.max(0, Math.ceil((untilMs - at) / 1000)) }));
      if (shown === question) return showGuard();
      const { key, values } = sentenceFor(order, nameOf);
      write(byId("remote-text"), t(key, values));
      write(byId("remote-more"), order.do === "start" ? t("capture.remote.once_start") : t("capture.remote.once_other"));
      place();
      const isTyping = isTyped(document.activeElement);
      if (!shown && !isTyping) before = document.activeElement;
      shown = question;
      shownMs = now();
      showGuard();
      setTimeout(showGuard, GUARD_MS + 50);
      layer.hidden = false;
      card.scrollTop = 0;
      if (!isTyping) card.focus({ preventScroll: true });
    },
  };
}
