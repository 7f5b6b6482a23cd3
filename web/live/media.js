/**
 * Owns the MediaSource of one element: makes one for what is to be played, and another where the first cannot go on.
 *
 *   const media = createMedia({ page: window, video, now, onAppended, onFault, onStarved });
 *   media.begin(init, bytes);            an init segment, and where it belongs
 *   media.append(bytes, isKey);
 *   media.wallMs()                       wall time of the picture that is shown, or null
 *   media.ranges(); media.isOpen(); media.close();
 *   mediaSources(window)                 { Source, isManaged }, or null
 *
 * Safari on an iPhone has the managed kind only. It opens when remote playback is ruled out, and takes media only
 * between `startstreaming` and `endstreaming`.
 *
 * @module
 */

import { createAppends } from "./appends.js";
import { sameTracks } from "./codecs.js";
import { createTimeline } from "./timeline.js";

/** @typedef {import("./conversation.js").Init} Init */
/** @typedef {import("./chase.js").Range} Range */
/** @typedef {{ begin(init: Init, bytes: ArrayBuffer): void, append(bytes: ArrayBuffer, isKey: boolean): void, carries(mime: string): boolean, wallMs(timeS: number): number | null, close(handsOver: boolean): void }} Opened */

/** @param {any} page @returns {{ Source: typeof MediaSource, isManaged: boolean } | null} */
export function mediaSources(page) {
  const able = (/** @type {any} */ Source) => typeof Source === "function" && typeof Source.isTypeSupported === "function";
  if (able(page.ManagedMediaSource)) return { Source: page.ManagedMediaSource, isManaged: true };
  return able(page.MediaSource) ? { Source: page.MediaSource, isManaged: false } : null;
}

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {HTMLVideoElement} options.video
 * @param {() => number} options.now
 * @param {() => void} [options.onOpen] the element is about to get another source
 * @param {(bufferedEndS: number) => void} options.onAppended
 * @param {(why: string) => void} options.onFault
 * @param {() => void} options.onStarved
 */
export function createMedia({ page, video, now, onOpen = () => {}, onAppended, onFault, onStarved }) {
  const sources = mediaSources(page);
  /** @type {Opened | null} */
  let opened = null;

  /** @param {string} mime @returns {Opened} */
  function open(mime) {
    if (!sources) throw new Error("no media sources");
    const { Source, isManaged } = sources;
    onOpen();
    const source = new Source();
    const timeline = createTimeline();
    /** @type {ReturnType<typeof createAppends> | null} */
    let appends = null;
    /** What comes before the source is open. @type {((to: ReturnType<typeof createAppends>) => void)[]} */
    let early = [];
    let isClosed = false;
    let canChange = true;
    const url = isManaged ? "" : page.URL.createObjectURL(source);

    const fault = (/** @type {string} */ why) => {
      if (!isClosed) onFault(why);
    };
    const onError = () => fault(video.error ? `${video.error.code} ${video.error.message}` : "media");

    source.addEventListener("sourceopen", () => {
      if (isClosed || appends) return;
      try {
        const buffer = source.addSourceBuffer(mime);
        canChange = typeof buffer.changeType === "function";
        appends = createAppends({
          buffer,
          mime,
          timeS: () => video.currentTime,
          now,
          onAppended: (endS) => {
            if (!isClosed) onAppended(endS);
          },
          onFault: fault,
          onStarved,
        });
      } catch (error) {
        fault(String(error));
        return;
      }
      const to = appends;
      if (isManaged) {
        const managed = /** @type {any} */ (source);
        if (!managed.streaming) to.hold();
        managed.addEventListener("startstreaming", () => to.release());
        managed.addEventListener("endstreaming", () => to.hold());
      }
      for (const act of early) act(to);
      early = [];
    });
    video.addEventListener("error", onError);
    if (isManaged) {
      video.disableRemotePlayback = true;
      video.srcObject = source;
    } else {
      // A stream of another path would go before it.
      if (video.srcObject) video.srcObject = null;
      video.src = url;
    }

    /** @param {(to: ReturnType<typeof createAppends>) => void} act */
    const soon = (act) => (appends ? act(appends) : void early.push(act));
    return {
      begin: ({ generation, mime: next, startMs }, bytes) =>
        soon((to) => to.begin({ mime: next, bytes, place: (endS) => timeline.place({ generation, startMs }, endS) })),
      append: (bytes, isKey) => soon((to) => to.append(bytes, isKey)),
      carries: (next) => next === mime || (canChange && sameTracks(mime, next)),
      wallMs: (timeS) => timeline.wallMsAt(timeS),
      close(handsOver) {
        isClosed = true;
        if (appends) appends.close();
        video.removeEventListener("error", onError);
        if (isManaged && !handsOver && video.srcObject === source) video.srcObject = null;
        if (!isManaged) page.URL.revokeObjectURL(url);
      },
    };
  }

  function close(handsOver = true) {
    if (!opened) return;
    opened.close(handsOver);
    opened = null;
  }

  return {
    /** @param {Init} init @param {ArrayBuffer} bytes */
    begin(init, bytes) {
      if (opened && !opened.carries(init.mime)) close();
      if (!opened) opened = open(init.mime);
      opened.begin(init, bytes);
    },
    /** @param {ArrayBuffer} bytes @param {boolean} isKey */
    append(bytes, isKey) {
      if (opened) opened.append(bytes, isKey);
    },
    wallMs: () => (opened && video.readyState >= 2 ? opened.wallMs(video.currentTime) : null),
    /** @returns {Range[]} */
    ranges() {
      const { buffered } = video;
      return Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
    },
    isOpen: () => opened !== null,
    /** @param {boolean} [handsOver] something else is put into the element at once */
    close(handsOver = false) {
      if (!opened) return;
      close(handsOver);
      if (handsOver) return;
      // Lets decoder and memory go at once.
      video.removeAttribute("src");
      video.load();
    },
  };
}
