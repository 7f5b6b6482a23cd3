/**
 * The live page: puts its parts together and connects them to the browser's events.
 *
 * @module
 */

import { whenBack } from "./lib/back.js";
import { byId } from "./lib/elements.js";
import { createAddress } from "./live/address.js";
import { KINDS } from "./live/choice.js";
import { createLiveControl } from "./live/control.js";
import { createLarge } from "./live/large.js";
import { pathOf, streamOf } from "./live/route.js";
import { createServerClock } from "./live/server-clock.js";
import { heldUp, tilesOf } from "./live/streams.js";
import { createWall } from "./live/wall.js";
import { createWords } from "./live/words.js";
import { isAdmin } from "./lib/access.js";
import { createAlarmBoard } from "./lib/alarms-board.js";
import { controlAddress } from "./lib/control.js";
import { localStorageOrNull } from "./lib/device.js";
import { createDoor } from "./lib/door.js";
import { keepIcons } from "./lib/icon.js";
import { showPlace } from "./lib/place.js";
import { requestJson } from "./lib/request.js";
import { loadStrings } from "./lib/strings.js";

/** The sentences count seconds; half of one is late enough. */
const RENDER_MS = 500;
/** Whoever looks away for a moment finds the wall as it was. */
const WALL_HIDDEN_MS = 5000;
const LARGE_HIDDEN_MS = 30000;

/** More would push the wall off the screen. */
const MOST_BANNERS = 3;

/** The same by requests, which fail in time. */
async function ask() {
  const [streams, alarms] = await Promise.all([requestJson("/api/streams"), requestJson("/api/alarms").catch(() => null)]);
  return alarms ? [streams, alarms] : [streams];
}

function start() {
  const strings = loadStrings(document);
  const { t } = strings;
  let mayDismiss = false;
  const door = createDoor({
    page: window,
    strings,
    onKnown: (known) => {
      mayDismiss = isAdmin(known);
      showPlace(byId("address"), byId("address-beside"), known.place, strings);
    },
  });
  const title = document.title;
  const progress = () => performance.now();
  const clock = createServerClock({ progress });
  const words = createWords(strings);
  const address = createAddress(location);
  const wall = createWall({ page: window, list: byId("wall"), address, clock, words, t });
  const insisted = pathOf(location.search);
  const large = createLarge({ page: window, kinds: insisted ? [insisted] : KINDS, address, clock, strings, words });
  const board = createAlarmBoard({ page: window, root: byId("alarms"), strings, storage: localStorageOrNull(window), most: MOST_BANNERS, mayDismiss: () => mayDismiss });
  const control = createLiveControl({ page: window, url: controlAddress(location), ask, clock, progress, onChange: render, onMessage: (message) => board.heard(message) });
  /** @type {string | null} */
  let shown = null;
  let hiddenSinceMs = 0;

  /** @param {string} id */
  const entryOf = (id) => (control.state().streams || []).find(({ stream }) => stream === id) || null;

  function render() {
    const { link, streams, sinceMs } = control.state();
    const isKnown = link === "up";
    if (link === "lost") {
      board.lost();
      door.doubt();
    }
    board.render();
    const isEmpty = streams !== null && streams.length === 0;
    // Large, the player says so itself.
    byId("lost").hidden = link !== "lost" || shown !== null;
    byId("connecting").hidden = streams !== null || link === "lost";
    byId("empty").hidden = !isEmpty || !isKnown;
    byId("wall").hidden = streams === null || isEmpty;
    const count = streams && streams.length > 0 ? strings.count("live.count", tilesOf(streams).length) : "";
    if (byId("count").textContent !== count) byId("count").textContent = count;
    wall.render(streams || [], { sinceMs, isKnown });
    const hiddenMs = document.visibilityState === "hidden" ? progress() - hiddenSinceMs : 0;
    wall.allow(shown === null && hiddenMs <= WALL_HIDDEN_MS);
    if (shown === null) return;
    const entry = entryOf(shown);
    large.allow(hiddenMs <= LARGE_HIDDEN_MS || large.isWanted());
    large.render(entry, { behindMs: entry ? heldUp(entry, sinceMs) : 0, isKnown, isListed: streams !== null && isKnown });
    document.title = `${large.name()} · localcamera`;
  }

  function follow() {
    const wanted = streamOf(location.hash);
    document.body.dataset.state = wanted === null ? "wall" : "stream";
    if (wanted === shown) return;
    const before = shown;
    shown = wanted;
    if (wanted !== null) {
      byId("live").hidden = true;
      large.open(wanted, entryOf(wanted));
      byId("large-name").focus({ preventScroll: true });
    } else {
      large.close();
      byId("live").hidden = false;
      document.title = title;
    }
    render();
    if (wanted === null && before !== null) wall.focus(before);
  }

  function toWall() {
    // Then the browser's own way back leads there, too.
    if (history.state && history.state.isFromWall) {
      history.back();
      return;
    }
    history.replaceState(null, "", location.pathname + location.search);
    follow();
  }

  function retryNow() {
    wall.wake();
    large.wake();
  }

  byId("wall").addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    // Here and now, not at the event that follows: the tap allows the picture to play.
    event.preventDefault();
    history.pushState({ isFromWall: true }, "", link.hash);
    follow();
  });
  byId("back").addEventListener("click", (event) => {
    event.preventDefault();
    toWall();
  });
  window.addEventListener("popstate", follow);
  window.addEventListener("hashchange", follow);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown !== null && !large.isFull()) toWall();
  });
  document.addEventListener("visibilitychange", () => {
    hiddenSinceMs = progress();
    if (document.visibilityState === "visible") retryNow();
    render();
  });
  whenBack(window, retryNow);

  void keepIcons(document);
  byId("app").hidden = false;
  follow();
  control.start();
  setInterval(render, RENDER_MS);
}

start();
