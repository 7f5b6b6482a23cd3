/**
 * The list of streams by a request, which fails in time: for when the socket says nothing.
 *
 * @module
 */

const ASK_MS = 5000;

export async function askForStreams() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ASK_MS);
  try {
    const answer = await fetch("/api/streams", { cache: "no-store", signal: abort.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return await answer.json();
  } finally {
    clearTimeout(timer);
  }
}
