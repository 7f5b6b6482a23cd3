/**
 * Single pictures of recordings, small: one request at a time, the newest first, some of them kept.
 *
 *   const pictures = createPictures({ page: window });
 *   const picture = await pictures.of(path);       a canvas, or null where there is none
 *   pictures.forget(path)                           nobody waits for it any more
 *
 * The server sends an image, or a key frame with its codec, which WebCodecs decode where the browser has them.
 *
 * @module
 */

import { within } from "../lib/request.js";

const WIDTH_PX = 320;
const KEPT = 240;
/** A decoder that says nothing is broken. */
const DECODE_MS = 3000;
const PATIENCE_MS = 8000;
/** Whoever moves over a whole day wants the last of it. */
const MOST_WAITING = 60;

/** @typedef {{ path: string, resolve: (picture: HTMLCanvasElement | null) => void }} Wish */

/** @param {string} text of base64 */
function bytesOf(text) {
  const binary = atob(text);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** @param {{ page: Window & typeof globalThis }} options */
export function createPictures({ page }) {
  /** In the order of their use. @type {Map<string, HTMLCanvasElement | null>} */
  const kept = new Map();
  /** @type {Wish[]} */
  let wishes = [];
  let isBusy = false;

  /** @param {CanvasImageSource} image @param {number} width @param {number} height */
  function small(image, width, height) {
    const canvas = page.document.createElement("canvas");
    canvas.width = Math.min(WIDTH_PX, width);
    canvas.height = Math.max(1, Math.round((canvas.width * height) / Math.max(1, width)));
    const pen = canvas.getContext("2d");
    if (pen) pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** @param {Blob} blob */
  async function decodeImage(blob) {
    const url = page.URL.createObjectURL(blob);
    try {
      const image = new page.Image();
      image.src = url;
      await image.decode();
      return small(image, image.naturalWidth, image.naturalHeight);
    } finally {
      page.URL.revokeObjectURL(url);
    }
  }

  /** @param {ArrayBuffer} data @param {string} codec @param {string | null} config @returns {Promise<HTMLCanvasElement | null>} */
  function decodeFrame(data, codec, config) {
    if (typeof page.VideoDecoder !== "function") return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = page.setTimeout(() => end(null), DECODE_MS);
      const decoder = new page.VideoDecoder({
        output(frame) {
          const picture = small(frame, frame.displayWidth, frame.displayHeight);
          frame.close();
          end(picture);
        },
        error: () => end(null),
      });
      /** @param {HTMLCanvasElement | null} picture */
      function end(picture) {
        page.clearTimeout(timer);
        if (decoder.state !== "closed") decoder.close();
        resolve(picture);
      }
      try {
        decoder.configure(config ? { codec, description: bytesOf(config) } : { codec });
        decoder.decode(new page.EncodedVideoChunk({ type: "key", timestamp: 0, data }));
        decoder.flush().catch(() => end(null));
      } catch {
        end(null);
      }
    });
  }

  /** @param {string} path @returns {Promise<{ picture: HTMLCanvasElement | null, isFinal: boolean }>} */
  async function fetchOne(path) {
    try {
      const answer = await within(path, { cache: "default", patienceMs: PATIENCE_MS }, async (got) => ({
        ok: got.ok,
        status: got.status,
        type: got.headers.get("content-type") || "",
        codec: got.headers.get("localcamera-codec") || "",
        config: got.headers.get("localcamera-config"),
        blob: await got.blob(),
      }));
      // What is not there now is not there in a moment; whoever is too busy may be free then.
      if (!answer.ok) return { picture: null, isFinal: answer.status === 404 };
      if (/^image\//.test(answer.type)) return { picture: await decodeImage(answer.blob), isFinal: true };
      return { picture: answer.codec === "" ? null : await decodeFrame(await answer.blob.arrayBuffer(), answer.codec, answer.config), isFinal: true };
    } catch {
      return { picture: null, isFinal: false };
    }
  }

  async function work() {
    if (isBusy) return;
    isBusy = true;
    for (let wish = wishes.pop(); wish; wish = wishes.pop()) {
      const { path, resolve } = wish;
      if (!kept.has(path)) {
        const { picture, isFinal } = await fetchOne(path);
        if (isFinal) kept.set(path, picture);
        if (kept.size > KEPT) kept.delete(kept.keys().next().value || "");
        resolve(picture);
      } else resolve(kept.get(path) || null);
    }
    isBusy = false;
  }

  return {
    /** @param {string} path @returns {Promise<HTMLCanvasElement | null>} */
    of(path) {
      const known = kept.get(path);
      if (known !== undefined) {
        kept.delete(path);
        kept.set(path, known);
        return Promise.resolve(known);
      }
      return new Promise((resolve) => {
        wishes.push({ path, resolve });
        for (const { resolve: nobody } of wishes.splice(0, Math.max(0, wishes.length - MOST_WAITING))) nobody(null);
        void work();
      });
    },
    /** @param {string} path */
    forget(path) {
      for (const { resolve } of wishes.filter((wish) => wish.path === path)) resolve(null);
      wishes = wishes.filter((wish) => wish.path !== path);
    },
  };
}

/** @typedef {ReturnType<typeof createPictures>} Pictures */

/** As large as it goes into the other, without a distortion. @param {HTMLCanvasElement} into @param {HTMLCanvasElement} picture */
export function paint(into, picture) {
  const pen = into.getContext("2d");
  if (!pen) return;
  const scale = Math.min(into.width / picture.width, into.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  pen.clearRect(0, 0, into.width, into.height);
  pen.drawImage(picture, (into.width - width) / 2, (into.height - height) / 2, width, height);
}
