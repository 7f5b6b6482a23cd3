// Waiting is always for a condition, never for time alone.

const EVERY_MS = 50;

/**
 * Asks until the answer is truthy, and returns it.
 * @template T
 * @param {string} what said when it does not come true @param {() => T | Promise<T>} condition
 * @param {{ within?: number, explain?: () => unknown }} [options] `within` in milliseconds
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, condition, { within = 15_000, explain } = {}) {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) {
      const more = explain ? `: ${await explain()}` : "";
      throw new Error(`${what} did not happen within ${within / 1000} s${more}`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
