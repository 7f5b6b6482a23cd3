/**
 * The question to the person at the device: who asks for what, over the picture and beside everything that says what is
 * safe. It takes the focus, as a question does, but no button has it: whoever was typing or about to press Stop answers
 * nothing by accident.
 *
 *   const prompt = createPrompt({ strings, layer, over, now, onAnswer });
 *   prompt.render(question, nameOf, now);      // or null
 *   sentenceFor(order, nameOf)
 *
 * @module
 */

/** @typedef {import("./remote.js").Question} Question */
/** @typedef {import("./remote.js").Reply} Reply */
/** @typedef {import("./remote-answers.js").Order} Order */
/** @typedef {{ key: string, values: Record<string, string> }} Sentence */

/** A finger that was on its way to what was there before has arrived by then. */
const GUARD_MS = 700;

/**
 * @param {Order} order
 * @param {(camera: string) => string} nameOf
 * @returns {Sentence}
 */
export function sentenceFor({ do: what, value, from }, nameOf) {
  if (what === "mark") return { key: `capture.remote.ask.${value ? "mark_as" : "mark"}`, values: { from, value } };
  return { key: `capture.remote.ask.${what}`, values: { from, value: what === "camera" ? nameOf(value) : value } };
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {HTMLElement} options.over what it may cover
 * @param {() => number} options.now
 * @param {(reply: Reply) => void} options.onAnswer
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

  /** @param {Reply} reply */
  function answer(reply) {
    if (shown && Math.abs(now() - shownMs) >= GUARD_MS) onAnswer(reply);
  }

  for (const [id, reply] of /** @type {[string, Reply][]} */ ([["remote-once", "once"], ["remote-always", "always"], ["remote-no", "no"]])) {
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
      write("remote-wait", t("capture.remote.wait", { seconds: Math.max(0, Math.ceil((untilMs - at) / 1000)) }));
      if (shown === question) return;
      const { key, values } = sentenceFor(order, nameOf);
      write("remote-text", t(key, values));
      write("remote-more", order.do === "start" ? t("capture.remote.once_start") : t("capture.remote.once_other"));
      place();
      if (!shown) before = document.activeElement;
      shown = question;
      shownMs = now();
      layer.hidden = false;
      card.scrollTop = 0;
      card.focus({ preventScroll: true });
    },
  };
}
