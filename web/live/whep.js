/**
 * The HTTP side of a WebRTC connection (WHEP).
 *
 *   const answer = await offer({ fetch, url, sdp, signal });
 *   answer.sdp, answer.end()          or answer.refusal: { status, text }
 *
 * @module
 */

/** What the server writes is a sentence; what stands in between may write anything. */
const LONGEST_TEXT = 200;

/** @typedef {{ sdp: string, end: () => void, missingSound: string | null, refusal: null }} Answer `missingSound`: why the stream's sound does not come */
/** @typedef {{ refusal: { status: number, text: string } }} Refused */

/** The server's reason, without the full stop that the page adds. @param {string} body */
function reasonOf(body) {
  try {
    const { message } = JSON.parse(body).error;
    return typeof message === "string" ? message.slice(0, LONGEST_TEXT).replace(/\.$/, "") : "";
  } catch {
    return "";
  }
}

/** @param {string | null} said `missing; reason=no_ffmpeg` @returns {string | null} */
export function missingIn(said) {
  const found = /^\s*missing\b(?:.*\breason=(\w+))?/.exec(said || "");
  return found ? found[1] || "unknown" : null;
}

/**
 * @param {object} options
 * @param {(url: string, how: RequestInit) => Promise<Response>} options.fetch
 * @param {string} options.url
 * @param {string} options.sdp
 * @param {AbortSignal} options.signal
 * @param {Record<string, string>} [options.headers]
 * @returns {Promise<Answer | Refused>}
 */
export async function offer({ fetch, url, sdp, signal, headers = {} }) {
  const response = await fetch(url, { method: "POST", headers: { ...headers, "Content-Type": "application/sdp" }, body: sdp, signal });
  const body = await response.text();
  if (response.status !== 201) return { refusal: { status: response.status, text: reasonOf(body) } };
  const location = response.headers.get("Location");
  const ending = location === null ? null : new URL(location, url).href;
  return {
    sdp: body,
    missingSound: missingIn(response.headers.get("localcamera-sound")),
    refusal: null,
    end() {
      // Also out of a page that is being left.
      if (ending !== null) void fetch(ending, { method: "DELETE", headers, keepalive: true }).catch(() => {});
    },
  };
}
