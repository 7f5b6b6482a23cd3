/**
 * The secret of a link that lets a browser in (`#pair=…`). Behind `#` it reaches no server and no log; it leaves the
 * address, and with it the browser's history, before anything else happens.
 *
 *   const secret = takePairSecret(window);     or null
 *   pairSecretIn("https://192.168.1.3:5001/#pair=…")
 *
 * @module
 */

const SECRET = /#pair=([A-Za-z0-9_-]{16,200})(?:$|[&\s])/;

/** @param {string} text an address, or its end @returns {string | null} */
export function pairSecretIn(text) {
  const found = SECRET.exec(text);
  return found ? found[1] : null;
}

/** @param {Pick<Window, "location" | "history">} page @returns {string | null} */
export function takePairSecret({ location, history }) {
  if (!location.hash.startsWith("#pair=")) return null;
  const secret = pairSecretIn(location.hash);
  history.replaceState(history.state, "", location.pathname + location.search);
  return secret;
}
