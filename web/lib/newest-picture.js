/**
 * Decodes JPEGs as they come; of those that come while one is decoded the newest counts.
 *
 *   const pictures = createNewestPicture({ page: window, onImage: (image) => … });
 *   pictures.take(bytes);
 *   pictures.clear();        what is being decoded is nobody's any more
 *
 * @module
 */

/** @param {{ page: Window & typeof globalThis, onImage: (image: HTMLImageElement) => void }} options */
export function createNewestPicture({ page, onImage }) {
  /** @type {ArrayBuffer | null} */
  let next = null;
  let isDecoding = false;
  let turn = 0;

  async function decode() {
    if (isDecoding) return;
    isDecoding = true;
    while (next !== null) {
      const mine = turn;
      const url = page.URL.createObjectURL(new page.Blob([next], { type: "image/jpeg" }));
      next = null;
      try {
        const image = new page.Image();
        image.src = url;
        await image.decode();
        if (mine === turn) onImage(image);
      } catch {
        // One picture that is damaged.
      } finally {
        page.URL.revokeObjectURL(url);
      }
    }
    isDecoding = false;
  }

  return {
    /** @param {ArrayBuffer} bytes */
    take(bytes) {
      next = bytes;
      void decode();
    },
    clear() {
      turn += 1;
      next = null;
    },
  };
}
