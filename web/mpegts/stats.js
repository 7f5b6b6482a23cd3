/**
 * What has come, over all connections of a page. Pure: the times are the caller's, and never run backwards.
 *
 *   const stats = createStats();
 *   stats.took(1316, nowMs);       a message
 *   stats.paused(nowMs);           what follows is another connection: the time between does not count
 *   stats.look(nowMs)              { bytes, packets, messages, durationMs, averageBps }
 *
 * @module
 */

import { BURST_MS } from "../lib/picture-rate.js";

/** ISO/IEC 13818-1. */
export const PACKET_BYTES = 188;

export function createStats() {
  let bytes = 0;
  let messages = 0;
  /** Of connections that are over. */
  let beforeMs = 0;
  /** @type {number | null} */
  let sinceMs = null;
  /** Of what came behind the bursts. */
  let steadyBytes = 0;
  let steadyBeforeMs = 0;
  /** @param {number} nowMs */
  const steadyMs = (nowMs) => (sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs - BURST_MS));
  return {
    /** @param {number} length @param {number} nowMs */
    took(length, nowMs) {
      if (sinceMs === null) sinceMs = nowMs;
      bytes += length;
      if (steadyMs(nowMs) > 0) steadyBytes += length;
      messages += 1;
    },
    /** @param {number} nowMs */
    paused(nowMs) {
      if (sinceMs !== null) beforeMs += nowMs - sinceMs;
      steadyBeforeMs += steadyMs(nowMs);
      sinceMs = null;
    },
    /** @param {number} nowMs */
    look(nowMs) {
      const durationMs = beforeMs + (sinceMs === null ? 0 : nowMs - sinceMs);
      const measuredMs = steadyBeforeMs + steadyMs(nowMs);
      return { bytes, messages, packets: Math.floor(bytes / PACKET_BYTES), durationMs, averageBps: measuredMs >= 1000 ? (steadyBytes * 8000) / measuredMs : null };
    },
  };
}
