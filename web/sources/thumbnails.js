/**
 * A still picture of each source that is on screen: one at a time, and seldom, since the server decodes it.
 *
 *   const thumbnails = createThumbnails({ page: window });
 *   thumbnails.watch(id, holder);          where its picture goes; seen by the browser when it is on screen
 *   thumbnails.render(id, "door-small");   the stream it is of; null: there is nothing to see, and the old one goes
 *   thumbnails.forget(id);
 *
 * `data-picture` of the holder says how it stands: "awaited" until the first answer, "shown", "none".
 *
 * @module
 */

import { make } from "../lib/elements.js";
import { snapshotAddress } from "../live/address.js";

/** Enough to see that it is the right camera, and that it points where it should. */
const FRESH_MS = 30_000;
/** A server without a decoder has no picture in a moment either. */
const REFUSED_MS = 120_000;
/** Pauses between two pictures, of whatever source, but for those that have had none yet. */
const STEP_MS = 1000;
/** Looks the same at this size. */
const QUALITY = 40;

/** @typedef {{ holder: HTMLElement, stream: string | null, isSeen: boolean, dueMs: number }} Place */

/** @param {{ page: Window & typeof globalThis }} options */
export function createThumbnails({ page }) {
  /** @type {Map<string, Place>} */
  const places = new Map();
  let isBusy = false;

  const observer = new page.IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const place of places.values()) if (place.holder === target) place.isSeen = isIntersecting;
    }
    step();
  });

  /** @param {Place} place @param {"awaited" | "shown" | "none"} how */
  function clear({ holder }, how) {
    const image = holder.querySelector("img");
    if (image) image.remove();
    holder.dataset.picture = how;
  }

  /** @param {Place} place @param {HTMLImageElement} image @param {boolean} isGood */
  function done(place, image, isGood) {
    isBusy = false;
    place.dueMs = page.performance.now() + (isGood ? FRESH_MS : REFUSED_MS);
    // It may have gone while its picture was on the way.
    const isShown = isGood && place.stream !== null;
    clear(place, isShown ? "shown" : "none");
    if (isShown) place.holder.append(image);
    if (next(0)) step();
  }

  /** The first that is due by then. @param {number} byMs */
  function next(byMs) {
    return Array.from(places.values()).find(({ stream, isSeen, dueMs }) => stream !== null && isSeen && dueMs <= byMs);
  }

  function step() {
    if (isBusy || page.document.visibilityState === "hidden") return;
    const now = page.performance.now();
    // Those that wait for their first one before all others.
    const place = next(0) || next(now);
    if (!place || place.stream === null) return;
    isBusy = true;
    const image = make("img");
    image.alt = "";
    image.onload = () => done(place, image, true);
    image.onerror = () => done(place, image, false);
    // Each time another address: browsers show the one that they have otherwise.
    image.src = `${snapshotAddress(place.stream)}?quality=${QUALITY}&at=${Math.round(now)}`;
  }

  page.setInterval(step, STEP_MS);
  return {
    /** @param {string} id @param {HTMLElement} holder */
    watch(id, holder) {
      places.set(id, { holder, stream: null, isSeen: false, dueMs: 0 });
      holder.dataset.picture = "none";
      observer.observe(holder);
    },
    /** @param {string} id @param {string | null} stream */
    render(id, stream) {
      const place = places.get(id);
      if (!place || place.stream === stream) return;
      place.stream = stream;
      place.dueMs = 0;
      if (stream === null) clear(place, "none");
      else if (place.holder.dataset.picture === "none") clear(place, "awaited");
    },
    /** @param {string} id */
    forget(id) {
      const place = places.get(id);
      if (place) observer.unobserve(place.holder);
      places.delete(id);
    },
  };
}
