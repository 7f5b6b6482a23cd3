import { errorText, result } from "../outcomes.js";
import { tenths } from "../words.js";

/** How far a shown length may be from the server's. */
const LENGTH_TOLERANCE_MS = 500;

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function playback(context) {
  const player = context.screen.showPlayer();
  const facts = /** @type {Record<string, string | number>} */ ({});
  let shownMs = 0;
  try {
    for (const [index, file] of context.files.entries()) {
      const mime = file.mime || context.mime;
      const wanted = mime ? player.canPlayType(mime) || "no" : "?";
      const began = performance.now();
      await load(player, file.url);
      shownMs += player.duration * 1000;
      facts[`file_${index}`] =
        `${file.file}, canPlayType ${wanted}, shown ${tenths(player.duration * 1000)} s, ready in ${Math.round(performance.now() - began)} ms`;
    }
  } catch (error) {
    facts.error = `${errorText(error)} ${player.error?.message ?? ""}`.trim();
    return result("playback", "unplayable", { error: errorText(error) }, facts);
  }
  try {
    facts.played_to = (await play(player)).toFixed(2);
  } catch (error) {
    // Playing may need a touch of its own; loading and seeking tell enough.
    facts.play = errorText(error);
  }
  try {
    facts.seek = await seekToMiddle(player);
  } catch (error) {
    facts.seek = errorText(error);
    return result("playback", "no_seek", {}, facts);
  }
  const values = { seconds: tenths(shownMs), wanted: tenths(context.judgedMs) };
  facts.shown_ms = Math.round(shownMs);
  const tolerance = LENGTH_TOLERANCE_MS * context.files.length;
  if (!(Math.abs(shownMs - context.judgedMs) <= tolerance)) return result("playback", "wrong_length", values, facts);
  return result("playback", "ok", values, facts);
}

/**
 * @param {HTMLVideoElement} player
 * @param {string} url
 */
async function load(player, url) {
  player.muted = true;
  player.preload = "auto";
  const loaded = waitFor(player, "loadeddata", 15);
  player.src = url;
  player.load();
  await loaded;
}

/**
 * @param {HTMLVideoElement} player
 * @returns {Promise<number>}
 */
async function play(player) {
  const moved = waitFor(player, "timeupdate", 5, () => player.currentTime > 0.5);
  // Whichever of the two fails first is reported; the other must not be left
  // without a listener.
  moved.catch(() => undefined);
  await player.play();
  await moved;
  player.pause();
  return player.currentTime;
}

/**
 * @param {HTMLVideoElement} player
 * @returns {Promise<string>}
 */
async function seekToMiddle(player) {
  const middle = player.duration / 2;
  if (!Number.isFinite(middle)) throw new Error(`length ${player.duration}`);
  const began = performance.now();
  const sought = waitFor(player, "seeked", 8);
  player.currentTime = middle;
  await sought;
  if (Math.abs(player.currentTime - middle) > 0.5) {
    throw new Error(`asked for ${middle.toFixed(2)} s, arrived at ${player.currentTime.toFixed(2)} s`);
  }
  return `to ${middle.toFixed(2)} s in ${Math.round(performance.now() - began)} ms`;
}

/**
 * @param {HTMLVideoElement} player
 * @param {string} event
 * @param {number} seconds
 * @param {() => boolean} [enough]
 * @returns {Promise<void>}
 */
function waitFor(player, event, seconds, enough = () => true) {
  return new Promise((resolve, reject) => {
    /** @param {unknown} [error] */
    const end = (error) => {
      clearTimeout(timer);
      player.removeEventListener(event, onEvent);
      player.removeEventListener("error", onError);
      if (error) reject(error);
      else resolve();
    };
    const onEvent = () => {
      if (enough()) end();
    };
    const onError = () => {
      const { error } = player;
      end(new Error(error ? `media error ${error.code}` : "media error"));
    };
    const timer = setTimeout(() => end(new Error(`no ${event} in ${seconds} s`)), seconds * 1000);
    player.addEventListener(event, onEvent);
    player.addEventListener("error", onError);
  });
}
