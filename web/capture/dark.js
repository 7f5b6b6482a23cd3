/**
 * The dark screen: the picture is hidden, recording goes on. Stray touches (a hand, a cloth, a cat) do nothing;
 * a touch shows the button, and holding the button unlocks. Somebody who asks for something from elsewhere shows it,
 * too; answering takes the same hold.
 *
 * @module
 */

/** Longer than any touch that was not meant. The ring in dark.css runs as long. */
export const HOLD_MS = 1500;
/** How long the button stays after a touch. */
const ASK_MS = 5000;

/**
 * @param {object} elements
 * @param {HTMLElement} elements.screen
 * @param {HTMLElement} elements.button
 * @param {HTMLElement} elements.note
 * @param {HTMLElement} elements.behind
 */
export function createDarkScreen({ screen, button, note, behind }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let askTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let holdTimer;
  let calling = "";
  /** @type {Element | null} */
  let before = null;

  function ask() {
    screen.classList.add("asking");
    clearTimeout(askTimer);
    askTimer = setTimeout(() => {
      if (calling === "") screen.classList.remove("asking");
    }, ASK_MS);
  }

  function hold() {
    if (holdTimer !== undefined) return;
    ask();
    button.classList.add("holding");
    holdTimer = setTimeout(unlock, HOLD_MS);
  }

  function letGo() {
    clearTimeout(holdTimer);
    holdTimer = undefined;
    button.classList.remove("holding");
  }

  function unlock() {
    letGo();
    clearTimeout(askTimer);
    screen.hidden = true;
    screen.classList.remove("asking");
    behind.removeAttribute("aria-hidden");
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => {});
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }

  for (const swallowed of ["click", "dblclick", "contextmenu", "touchstart", "touchmove", "touchend", "wheel", "gesturestart"]) {
    screen.addEventListener(
      swallowed,
      (event) => {
        event.preventDefault();
        event.stopPropagation();
      },
      { passive: false },
    );
  }
  screen.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const onButton = screen.classList.contains("asking") && button.contains(/** @type {Node} */ (event.target));
    if (onButton && event.isPrimary) hold();
    else ask();
  });
  for (const ended of ["pointerup", "pointercancel"]) screen.addEventListener(ended, letGo);
  button.addEventListener("pointerleave", letGo);
  screen.addEventListener("keydown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.key === " " || event.key === "Enter") hold();
    else ask();
  });
  screen.addEventListener("keyup", (event) => {
    event.preventDefault();
    letGo();
  });
  screen.addEventListener("focusout", letGo);

  return {
    show() {
      before = document.activeElement;
      screen.hidden = false;
      behind.setAttribute("aria-hidden", "true");
      button.focus({ preventScroll: true });
      ask();
      // The browser's own bars shine brightest; where they can go, they go.
      const root = document.documentElement;
      if (root.requestFullscreen) void root.requestFullscreen().catch(() => {});
    },
    get isOn() {
      return !screen.hidden;
    },

    /** @param {string} text beside the button @param {boolean} isCall it waits for an answer: the button stays until it is gone */
    note(text, isCall) {
      if (note.textContent !== text) note.textContent = text;
      const call = isCall ? text : "";
      if (call === calling) return;
      calling = call;
      if (!screen.hidden) ask();
    },
  };
}
