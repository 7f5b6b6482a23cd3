/**
 * Which tiles of the wall play. Pure.
 *
 * @module
 */

/**
 * Those that play already go on as long as they are on screen; free places go to the first ones that are.
 * @param {string[]} order all streams, as on the wall
 * @param {Set<string>} onScreen
 * @param {Set<string>} playing
 * @param {number} most
 * @returns {Set<string>}
 */
export function choosePlaying(order, onScreen, playing, most) {
  const wanted = order.filter((stream) => onScreen.has(stream));
  const chosen = new Set(wanted.filter((stream) => playing.has(stream)).slice(0, most));
  for (const stream of wanted) {
    if (chosen.size >= most) break;
    chosen.add(stream);
  }
  return chosen;
}
