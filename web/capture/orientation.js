/**
 * Tells when the device has been turned: not when a window was resized.
 *
 * @module
 */

/** A person who turns a tablet passes through positions; each restart of the recorder costs a moment. */
const SETTLE_MS = 400;

/**
 * @param {Window} page
 * @param {() => void} onTurn
 */
export function watchOrientation(page, onTurn) {
  const screen = page.screen.orientation;
  // Before 16.4 Safari has only the older event and number.
  const angle = () => (screen ? screen.angle : /** @type {any} */ (page).orientation || 0);
  let last = angle();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const turned = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (angle() === last) return;
      last = angle();
      onTurn();
    }, SETTLE_MS);
  };
  if (screen && screen.addEventListener) screen.addEventListener("change", turned);
  else page.addEventListener("orientationchange", turned);
}
