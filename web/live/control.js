/**
 * The list of streams, kept up to date over `/ws/control`.
 *
 *   const control = createLiveControl({ page: window, url, ask, clock, progress, onChange, onMessage });
 *   control.start();
 *   control.state()       { link: "connecting" | "up" | "lost", streams, sinceMs }
 *
 * @module
 */

import { createControl } from "../lib/control.js";
import { parseList } from "./streams.js";

/** @typedef {import("./streams.js").Stream} Stream */
/** @typedef {{ link: "connecting" | "up" | "lost", streams: Stream[] | null, sinceMs: number }} ControlState `streams`: null before the first list */

/**
 * @param {object} options
 * @param {import("../lib/control.js").Page} options.page
 * @param {string} options.url
 * @param {() => Promise<import("../lib/control.js").Message[]>} options.ask the same by requests
 * @param {{ heard(nowMs: number): void }} options.clock
 * @param {() => number} options.progress ms that never run backwards
 * @param {() => void} options.onChange
 * @param {(message: import("../lib/control.js").Message) => void} [options.onMessage] everything that is told
 * @param {() => number} [options.random]
 */
export function createLiveControl({ page, url, ask, clock, progress, onChange, onMessage = () => {}, random }) {
  /** @type {ControlState["link"]} */
  let link = "connecting";
  /** @type {Stream[] | null} */
  let streams = null;
  let heardMs = 0;

  /** @param {import("../lib/control.js").Message} message */
  function heard(message) {
    onMessage(message);
    const list = parseList(message);
    if (!list) return;
    if (list.nowMs !== null) clock.heard(list.nowMs);
    streams = list.streams;
    heardMs = progress();
    link = "up";
    onChange();
  }

  function lost() {
    link = "lost";
    onChange();
  }

  const control = createControl({ page, url, onMessage: heard, onClose: lost, ask, random });
  return {
    start: control.start,
    /** @returns {ControlState} */
    state: () => ({ link, streams, sinceMs: progress() - heardMs }),
  };
}
