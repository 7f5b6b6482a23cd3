/**
 * A request that fails in time, with all of its answer.
 *
 *   const answer = await request("/api/devices");
 *   const told = await requestJson("/api/alarms");    throws where the status says no
 *   onSignedOut(() => …);                             an answer says that this browser is nobody's
 *
 * @module
 */

/** On a LAN an answer that takes longer will not come. */
const PATIENCE_MS = 5000;
/** The server does not know who asks. */
const NOBODY = 401;

/** One page has one door, whoever asks. @type {Set<() => void>} */
const listeners = new Set();

/** @param {() => void} listener */
export function onSignedOut(listener) {
  listeners.add(listener);
}

/**
 * @template Answer
 * @param {string} path
 * @param {RequestInit & { patienceMs?: number }} options
 * @param {(answer: Response) => Promise<Answer>} read
 */
export async function within(path, { patienceMs = PATIENCE_MS, ...options }, read) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), patienceMs);
  try {
    const answer = await fetch(path, { cache: "no-store", ...options, signal: abort.signal });
    if (answer.status === NOBODY) for (const listener of listeners) listener();
    return await read(answer);
  } finally {
    clearTimeout(timer);
  }
}

/** The body has been read: one that never ends is no answer. @param {string} path @param {RequestInit & { patienceMs?: number }} [options] */
export const request = (path, options = {}) => within(path, options, async (answer) => ({ ok: answer.ok, status: answer.status, text: await answer.text() }));

/** @param {string} path @param {RequestInit & { patienceMs?: number }} [options] @returns {Promise<any>} */
export const requestJson = (path, options = {}) =>
  within(path, options, async (answer) => {
    if (!answer.ok) throw Object.assign(new Error(`status ${answer.status}`), { status: answer.status });
    return answer.json();
  });
