/**
 * What is sent next: announcements in the order of their numbers, events, what has come to its end, and then
 * media. The newest generation goes first, since it is what is happening now; older remainders take what it
 * leaves, oldest first. The choice is made anew for each message.
 *
 *   nextMessage({ all, events, clocks }, { media, credit, payload })   // an output, or null
 *   lengths(all)                                                       // for the stop, or null
 *
 * @module
 */

import { deliverable, outstanding } from "./ingest-generations.js";

/** @typedef {import("./ingest-conversation.js").Output} Output */
/** @typedef {import("./ingest-generations.js").Generation} Generation */

/** @param {Record<string, unknown>} message @returns {Output} */
const text = (message) => ({ kind: "text", text: JSON.stringify(message) });

/** @param {Generation} g @returns {Output} */
function announcement(g) {
  g.announced = true;
  /** @type {Record<string, unknown>} */
  const message = {
    type: "generation",
    generation: g.number,
    mime: g.mime,
    started_ms: g.startedMs,
    reason: g.reason,
  };
  if (g.offsetMs !== null) message.offset_ms = g.offsetMs;
  return text(message);
}

/** Numbers have no holes: one of which nothing can be sent is still announced once. @param {Generation} g */
const toAnnounce = (g) => !g.announced && (!g.known || (!g.closed && (!g.ended || g.sent < deliverable(g))));

/** The server has heard of it and may hear more. @param {Generation} g */
const isOpen = (g) => !g.closed && (g.announced || g.known);

/** @param {Generation} g */
const hasMedia = (g) => isOpen(g) && g.sent < deliverable(g);

/**
 * @param {{ all: Generation[], events: import("./ingest-events.js").Events, clocks: import("./ingest-clocks.js").Clocks }} books
 * @param {{ media: boolean, credit: number, payload: number }} room whether the socket takes media, how much may
 *   be on the way, and how much fits into a message
 * @returns {Output | null}
 */
export function nextMessage({ all, events, clocks }, { media, credit, payload }) {
  for (const g of all) {
    if (!g.noted) break;
    if (toAnnounce(g)) return announcement(g);
  }
  const event = events.next();
  if (event !== null) return { kind: "text", text: event };

  for (const g of all) {
    if (!isOpen(g)) continue;
    const clock = clocks.next(g.number, g.sent);
    if (clock !== null) return { kind: "text", text: clock };
    const bytes = deliverable(g);
    if (!g.ended || g.sent < bytes) continue;
    g.closed = true;
    return text({ type: "generation_end", generation: g.number, bytes });
  }

  const room = credit - outstanding(all);
  if (!media || room <= 0) return null;
  const newest = all[all.length - 1];
  const g = newest && hasMedia(newest) ? newest : all.find(hasMedia);
  if (!g) return null;
  const position = g.sent;
  const end = Math.min(deliverable(g), clocks.nextEnd(g.number, position));
  const length = Math.min(end - position, payload, room);
  g.sent += length;
  events.followed(g.number, position);
  return { kind: "chunk", generation: g.number, position, length };
}

/**
 * @param {Generation[]} all
 * @returns {{ generation: number, bytes: number }[] | null} while there is anything left to send: null
 */
export function lengths(all) {
  return all.every((g) => g.noted && g.closed) ? all.map((g) => ({ generation: g.number, bytes: deliverable(g) })) : null;
}
