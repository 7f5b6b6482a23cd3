/**
 * The pictures of the list's rows: only of those that are on screen.
 *
 *   const rowPictures = createRowPictures({ page: window, pictures });
 *   rowPictures.watch(holder, path);
 *   rowPictures.forget(holder);
 *
 * @module
 */

import { paint } from "./pictures.js";

const WIDTH_PX = 192;
const HEIGHT_PX = 108;

/** @param {{ page: Window & typeof globalThis, pictures: import("./pictures.js").Pictures }} options */
export function createRowPictures({ page, pictures }) {
  /** @type {Map<Element, string>} */
  const places = new Map();

  const observer = new page.IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const path = places.get(target);
      if (path === undefined) continue;
      if (isIntersecting) void show(target, path);
      else pictures.forget(path);
    }
  });

  /** @param {Element} holder @param {string} path */
  async function show(holder, path) {
    const picture = await pictures.of(path);
    if (!picture || places.get(holder) !== path || holder.querySelector("canvas")) return;
    const canvas = page.document.createElement("canvas");
    canvas.width = WIDTH_PX;
    canvas.height = HEIGHT_PX;
    paint(canvas, picture);
    holder.append(canvas);
    observer.unobserve(holder);
  }

  return {
    /** @param {Element} holder @param {string} path */
    watch(holder, path) {
      if (places.get(holder) === path) return;
      places.set(holder, path);
      observer.observe(holder);
    },
    /** @param {Element} holder */
    forget(holder) {
      observer.unobserve(holder);
      places.delete(holder);
    },
  };
}
