/**
 * What the page says about what was done from elsewhere, and about marks: each for a while, and who started the recording
 * for as long as it runs. Pure.
 *
 *   const line = createLine();
 *   line.did({ do: "mark", from: "192.168.1.7", ofMs, atMs, session })
 *   line.marked(atMs)
 *   line.sentence(session, now)      // { key, values } of the strings, or null
 *
 * @module
 */

import { formatClock } from "../lib/format.js";
import { isolated } from "../lib/plain-text.js";

/** Long enough for someone who looks up at the sound of it. */
const SHOWN_MS = 10000;

/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */

export function createLine() {
  /** @type {{ sentence: Sentence, atMs: number } | null} */
  let news = null;
  /** @type {{ sentence: Sentence, session: string } | null} */
  let started = null;

  return {
    /**
     * @param {object} what
     * @param {string} what.do
     * @param {string} what.from
     * @param {number} [what.ofMs] the moment that is meant, where it is another: a mark is of when it was asked for
     * @param {number} what.atMs
     * @param {string | null} what.session what is recorded now
     */
    did({ do: what, from, atMs, ofMs = atMs, session }) {
      const sentence = { key: `capture.remote.did.${what}`, values: { from: isolated(from), time: formatClock(ofMs) } };
      news = { sentence, atMs };
      if (what === "start" && session !== null) started = { sentence, session };
    },

    /** @param {number} atMs */
    marked(atMs) {
      news = { sentence: { key: "capture.marked", values: { time: formatClock(atMs) } }, atMs };
    },

    /** @param {string | null} session what is recorded now @param {number} now @returns {Sentence | null} */
    sentence(session, now) {
      if (news && Math.abs(now - news.atMs) < SHOWN_MS) return news.sentence;
      return started && started.session === session ? started.sentence : null;
    },
  };
}
