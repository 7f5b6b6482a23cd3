/**
 * The wall: a tile for each stream, in the list's order. Those on screen play.
 *
 *   const wall = createWall({ page: window, list: byId("wall"), address, clock, words, t });
 *   wall.render(streams, { sinceMs, isKnown });      all of the list; a camera with a smaller picture has one tile, which plays that
 *   wall.allow(true)     it may play: the page and the wall are seen
 *
 * @module
 */

import { nameApart } from "../lib/namesakes.js";
import { choosePlaying } from "./playing.js";
import { heldUp, playedOf, tilesOf } from "./streams.js";
import { createTile } from "./tile.js";

/** Decoders are few in tablets and phones, and a wall of more is looked at in pieces. */
const MOST_PLAYING = 9;
/** Whoever scrolls by does not want everything to connect. */
const SETTLE_MS = 250;

/** @typedef {ReturnType<typeof createTile>} Tile */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {HTMLElement} options.list
 * @param {import("./address.js").Address} options.address
 * @param {import("./address.js").Clock} options.clock
 * @param {ReturnType<typeof import("./words.js").createWords>} options.words
 * @param {(key: string) => string} options.t
 */
export function createWall({ page, list, address, clock, words, t }) {
  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  /** @type {Set<string>} */
  const onScreen = new Set();
  /** @type {Set<string>} */
  let playing = new Set();
  /** @type {string[]} */
  let order = [];
  let isAllowed = false;
  /** @type {any} */
  let timer = null;

  const observer = new page.IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const id = /** @type {HTMLElement} */ (target).dataset.stream || "";
        if (isIntersecting) onScreen.add(id);
        else onScreen.delete(id);
      }
      page.clearTimeout(timer);
      timer = page.setTimeout(choose, SETTLE_MS);
    },
    // The next row begins before it is seen.
    { rootMargin: "80px" },
  );

  function choose() {
    playing = isAllowed ? choosePlaying(order, onScreen, playing, MOST_PLAYING) : new Set();
    for (const [id, tile] of tiles) tile.play(playing.has(id));
  }

  /** @param {string} id */
  function remove(id) {
    const tile = tiles.get(id);
    if (!tile) return;
    tile.play(false);
    observer.unobserve(tile.link);
    tile.element.remove();
    tiles.delete(id);
    onScreen.delete(id);
  }

  return {
    /** @param {import("./streams.js").Stream[]} streams @param {{ sinceMs: number, isKnown: boolean }} news */
    render(streams, { sinceMs, isKnown }) {
      const shown = tilesOf(streams);
      order = shown.map(({ stream }) => stream);
      const named = shown.map(({ stream: id, name }) => ({ id, name }));
      for (const id of Array.from(tiles.keys())) if (!order.includes(id)) remove(id);
      shown.forEach((stream, at) => {
        const id = stream.stream;
        let tile = tiles.get(id);
        if (!tile) {
          tile = createTile({ page, id, address, clock, words, t });
          tiles.set(id, tile);
          observer.observe(tile.link);
        }
        // Moving an element would stop its video.
        if (list.children[at] !== tile.element) list.insertBefore(tile.element, list.children[at] || null);
        tile.render({ stream: { ...stream, name: nameApart(named[at], named) }, played: playedOf(stream, streams), behindMs: heldUp(stream, sinceMs), isKnown });
      });
      list.dataset.count = shown.length > 4 ? "many" : String(shown.length);
      choose();
    },
    /** @param {boolean} allowed */
    allow(allowed) {
      if (allowed === isAllowed) return;
      isAllowed = allowed;
      choose();
    },
    wake() {
      for (const id of playing) {
        const tile = tiles.get(id);
        if (tile) tile.wake();
      }
    },
    /** @param {string} id */
    focus(id) {
      const tile = tiles.get(id);
      if (tile) tile.link.focus();
    },
  };
}
