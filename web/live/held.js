/**
 * What goes from a queue of fragments that nobody takes. Pure.
 *
 * @module
 */

/**
 * Everything in front of the newest key frame, except the init segment that it needs. Where nothing could be dropped
 * like that, everything goes: what remains would be a group of pictures without its beginning.
 * @template {{ kind: "begin" | "append", isKey: boolean }} J
 * @param {J[]} queue
 * @returns {J[]}
 */
export function dropToKey(queue) {
  const lastOf = (/** @type {(job: J) => boolean} */ is) => queue.reduce((found, job, at) => (is(job) ? at : found), -1);
  const begin = lastOf((job) => job.kind === "begin");
  const key = lastOf((job) => job.kind === "append" && job.isKey);
  if (begin >= key) return begin > 0 ? queue.slice(begin) : [];
  const kept = begin >= 0 ? [queue[begin], ...queue.slice(key)] : queue.slice(key);
  return kept.length < queue.length ? kept : [];
}
