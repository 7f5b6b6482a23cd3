/**
 * A panel over the page: opens, keeps the focus inside, closes by its buttons, the space beside it or Escape.
 * (`<dialog>` is younger than the oldest supported browsers.)
 *
 * @module
 */

const FOCUSABLE = "a[href], button, input, select, [tabindex='0']";

/**
 * @param {HTMLElement} layer
 * @param {HTMLElement} behind what cannot be reached while it is open
 * @param {{ onClose?: () => void, mayClose?: () => boolean, mayEscape?: () => boolean }} [options] `mayClose`: whether a person
 *   may close it at the moment; `mayEscape`: also by a key that is easily pressed by mistake
 */
export function createSheet(layer, behind, options = {}) {
  const sheet = /** @type {HTMLElement} */ (layer.querySelector(".sheet"));
  /** @type {Element | null} */
  let before = null;

  const reachable = () =>
    Array.from(/** @type {NodeListOf<HTMLElement>} */ (sheet.querySelectorAll(FOCUSABLE))).filter(
      (element) => !element.hasAttribute("disabled") && element.offsetParent !== null,
    );

  function close() {
    if (layer.hidden) return;
    layer.hidden = true;
    behind.removeAttribute("aria-hidden");
    if (before instanceof HTMLElement && before.offsetParent !== null) before.focus({ preventScroll: true });
    if (options.onClose) options.onClose();
  }

  function leave() {
    if (!options.mayClose || options.mayClose()) close();
  }

  function escape() {
    if (!options.mayEscape || options.mayEscape()) leave();
  }

  layer.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("[data-close]") || target.classList.contains("layer-back")) leave();
  });
  layer.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      escape();
    } else if (event.key === "Tab") {
      const all = reachable();
      const first = all[0];
      const last = all[all.length - 1];
      const at = document.activeElement;
      if (event.shiftKey && (at === first || at === sheet)) {
        event.preventDefault();
        last.focus();
      } else if (!event.shiftKey && at === last) {
        event.preventDefault();
        first.focus();
      }
    }
  });

  // What has the focus may be disabled meanwhile; then no key reaches the panel.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === document.body) escape();
  });

  return {
    /** After something in it has been disabled or hidden: the focus goes to the panel itself. */
    hold() {
      const at = document.activeElement;
      const isLost = at === null || at === document.body || (layer.contains(at) && at.hasAttribute("disabled"));
      if (!layer.hidden && isLost) sheet.focus({ preventScroll: true });
    },
    open() {
      if (!layer.hidden) return;
      before = document.activeElement;
      layer.hidden = false;
      behind.setAttribute("aria-hidden", "true");
      sheet.focus({ preventScroll: true });
    },
    close,
    get isOpen() {
      return !layer.hidden;
    },
  };
}
