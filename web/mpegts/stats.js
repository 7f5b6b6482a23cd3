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

/** ISO/IEC 13818-1. */
export const PACKET_BYTES = 188;

export function createStats() {
  let bytes = 0;
  let messages = 0;
  /** Of connections that are over. */
  let beforeMs = 0;
  /** @type {number | null} */
  let sinceMs = null;
  return {
    /** @param {number} length @param {number} nowMs */
    took(length, nowMs) {
      if (sinceMs === null) sinceMs = nowMs;
      bytes += length;
      messages += 1;
    },
    /** @param {number} nowMs */
    paused(nowMs) {
      if (sinceMs !== null) beforeMs += nowMs - sinceMs;
      sinceMs = null;
    },
    /** @param {number} nowMs */
    look(nowMs) {
      const durationMs = beforeMs + (sinceMs === null ? 0 : nowMs - sinceMs);
      return { bytes, messages, packets: Math.floor(bytes / PACKET_BYTES), durationMs, averageBps: durationMs >= 1000 ? (bytes * 8000) / durationMs : null };
    },
  };
}
