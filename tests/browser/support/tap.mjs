// Keeps what MediaRecorder hands to the page, so that the files can be compared with what the browser encoded.

/** Runs in the page, before its own scripts. The page sees a MediaRecorder like any other. */
export function installTap() {
  const scope = /** @type {any} */ (globalThis);
  if (scope.__recorders || !scope.MediaRecorder) return;
  /** @type {any[]} */
  const recorders = (scope.__recorders = []);
  const Recorder = scope.MediaRecorder;
  scope.MediaRecorder = class MediaRecorder extends Recorder {
    /** @param {any} stream @param {any} options */
    constructor(stream, options) {
      super(stream, options);
      /** @type {any} */
      const kept = { recorder: this, options: options ?? {}, blobs: [], startedAt: undefined, stopped: false, errors: [] };
      recorders.push(kept);
      const self = /** @type {any} */ (this);
      self.addEventListener("start", () => (kept.startedAt = performance.now()));
      self.addEventListener("dataavailable", (/** @type {any} */ event) => event.data.size > 0 && kept.blobs.push(event.data));
      self.addEventListener("error", (/** @type {any} */ event) => kept.errors.push(String(event.error)));
      self.addEventListener("stop", () => (kept.stopped = true));
    }
  };
}

/** What the tap knows now, one entry per recorder. Runs in the page. */
export function readTap() {
  return /** @type {any[]} */ (/** @type {any} */ (globalThis).__recorders ?? []).map((kept) => ({
    mime: String(kept.recorder.mimeType),
    asked: String(kept.options.mimeType ?? ""),
    keyFrameInterval: kept.options.videoKeyFrameIntervalDuration ?? null,
    videoBitsPerSecond: kept.options.videoBitsPerSecond ?? null,
    bytes: kept.blobs.reduce((/** @type {number} */ sum, /** @type {Blob} */ blob) => sum + blob.size, 0),
    chunks: kept.blobs.length,
    seconds: kept.startedAt === undefined ? 0 : (performance.now() - kept.startedAt) / 1000,
    state: String(kept.recorder.state),
    stopped: kept.stopped,
    errors: kept.errors,
  }));
}

/** A piece of a recorder's stream as base64. Runs in the page. @param {{ index: number, from: number, to: number }} range */
function readPiece({ index, from, to }) {
  const kept = /** @type {any} */ (globalThis).__recorders[index];
  const piece = new Blob(kept.blobs).slice(from, to);
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(piece);
  });
}

const PIECE = 3 << 20;

/** The whole stream of one recorder. @param {import("./page.mjs").Page} page @param {number} index */
export async function tappedStream(page, index) {
  const recorder = (await page.evaluate(readTap))[index];
  if (!recorder) throw new Error(`recorder ${index} was never made`);
  const pieces = [];
  for (let from = 0; from < recorder.bytes; from += PIECE) {
    pieces.push(Buffer.from(String(await page.evaluate(readPiece, { index, from, to: from + PIECE })), "base64"));
  }
  return Buffer.concat(pieces);
}
