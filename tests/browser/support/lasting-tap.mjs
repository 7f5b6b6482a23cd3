// Keeps what MediaRecorder hands over in a database of the test's own, across reloads and crashes of the page: each
// piece is in there before the page gets to see it.

export const DATABASE = "localcamera-test-originals";

/** Runs in the page, before its own scripts. @param {string} database */
export function installLastingTap(database) {
  const scope = /** @type {any} */ (globalThis);
  if (scope.__lasting || !scope.MediaRecorder || location.protocol !== "https:") return;
  /** @type {Promise<IDBDatabase>} */
  const opening = new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore("pieces", { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  /** @param {unknown} piece */
  const keep = async (piece) => {
    const opened = await opening;
    await new Promise((resolve, reject) => {
      const transaction = opened.transaction("pieces", "readwrite");
      transaction.objectStore("pieces").add(piece);
      transaction.oncomplete = () => resolve(undefined);
      transaction.onerror = () => reject(transaction.error);
    });
  };
  scope.__lasting = { opening };

  const Recorder = scope.MediaRecorder;
  scope.MediaRecorder = class MediaRecorder extends Recorder {
    /** @param {any} stream @param {any} options */
    constructor(stream, options) {
      super(stream, options);
      const self = /** @type {any} */ (this);
      // Generations of all visits in the order of their beginnings.
      const run = `${String(Date.now()).padStart(15, "0")}-${Math.random()}`;
      /** @type {Promise<unknown>} */
      let tail = Promise.resolve();
      /** @param {any} event @param {() => Promise<unknown>} work */
      const later = (event, work) => {
        if (event.__again) return;
        event.stopImmediatePropagation();
        tail = tail.then(work).then(() => {
          const again = event.type === "dataavailable" ? new BlobEvent("dataavailable", { data: event.data }) : new Event(event.type);
          /** @type {any} */ (again).__again = true;
          self.dispatchEvent(again);
        });
      };
      self.addEventListener("dataavailable", (/** @type {any} */ event) =>
        later(event, async () => {
          if (event.data.size > 0) await keep({ run, bytes: await event.data.arrayBuffer() });
        }),
      );
      self.addEventListener("stop", (/** @type {any} */ event) => later(event, async () => undefined));
    }
  };
}

/**
 * What is in the database; runs in the page.
 * @param {{ database: string, index?: number }} which `index`: this piece alone, with its bytes in base64
 * @returns {Promise<{ run: string, length: number, base64: string }[]>}
 */
async function readPieces({ database, index }) {
  /** @type {IDBDatabase} */
  const opened = await new Promise((resolve, reject) => {
    const request = indexedDB.open(database);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const pieces = /** @type {any[]} */ (
    await new Promise((resolve, reject) => {
      const request = opened.transaction("pieces").objectStore("pieces").getAll(null, index === undefined ? undefined : index + 1);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    })
  );
  opened.close();
  return pieces.slice(index).map(({ run, bytes }) => {
    let text = "";
    const read = new Uint8Array(index === undefined ? 0 : bytes);
    for (let at = 0; at < read.length; at += 32768) text += String.fromCharCode(...read.subarray(at, at + 32768));
    return { run, length: bytes.byteLength, base64: btoa(text) };
  });
}

/** How long each piece is that was handed over so far. @param {import("./page.mjs").Page} page of the same origin */
export const handedLengths = async (page) => (await page.evaluate(readPieces, { database: DATABASE })).map(({ length }) => length);

/** @param {import("playwright-core").BrowserContext} context */
export async function tapLastingly(context) {
  await context.addInitScript(installLastingTap, DATABASE);
}

/**
 * @typedef {{ run: string, pieces: Buffer[], bytes: Buffer }} Original one recorder's stream
 * @param {import("./page.mjs").Page} page of the same origin
 * @returns {Promise<Original[]>}
 */
export async function readOriginals(page) {
  const pieces = await page.evaluate(readPieces, { database: DATABASE });
  /** @type {Map<string, Buffer[]>} */
  const runs = new Map();
  for (const [index, { run }] of pieces.entries()) {
    const [read] = await page.evaluate(readPieces, { database: DATABASE, index });
    const piece = Buffer.from(read?.base64 ?? "", "base64");
    runs.set(run, [...(runs.get(run) ?? []), piece]);
  }
  const originals = [...runs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([run, all]) => ({ run, pieces: all, bytes: Buffer.concat(all) }));
  return originals;
}
