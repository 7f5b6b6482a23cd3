// Finds out how far this browser trusts the server. A page that is there, a
// request that is answered and a WebSocket that opens are three different
// things: some versions of Safari show the page behind a clicked-away warning
// and refuse the socket all the same.

/** @typedef {"yes" | "no" | "unknown"} Answer */

/**
 * @typedef {object} Probe
 * @property {boolean} encrypted the page came over HTTPS
 * @property {boolean} secure the browser calls the page secure
 * @property {boolean} request
 * @property {number} requestMs
 * @property {string} requestError
 * @property {boolean} socket
 * @property {number} socketMs
 * @property {string} socketError
 * @property {Answer} certificate whether the certificate is trusted rather than tolerated
 * @property {string} version of the server, when it says so
 */

/** @typedef {"trusted" | "tolerated" | "socket" | "blocked" | "request" | "plain"} Trust */

/**
 * What a probe means. Pure.
 * @param {Pick<Probe, "encrypted" | "request" | "socket" | "certificate">} probe
 * @returns {Trust}
 */
export function trustOf({ encrypted, request, socket, certificate }) {
  // The plain listener answers no probe, and nothing is wrong with that.
  if (!encrypted) return "plain";
  if (!request) return "request";
  // A trusted certificate is not what keeps a socket from opening.
  if (!socket) return certificate === "yes" ? "blocked" : "socket";
  return certificate === "no" ? "tolerated" : "trusted";
}

/** @returns {Promise<Probe>} */
export async function probe() {
  const encrypted = location.protocol === "https:";
  const [request, socket, certificate] = await Promise.all([
    probeRequest(),
    probeSocket(),
    encrypted ? probeCertificate() : /** @type {Answer} */ ("unknown"),
  ]);
  return {
    encrypted,
    secure: window.isSecureContext === true,
    request: request.ok,
    requestMs: request.ms,
    requestError: request.error,
    version: request.version,
    socket: socket.ok,
    socketMs: socket.ms,
    socketError: socket.error,
    certificate,
  };
}

/** @returns {Promise<{ ok: boolean, ms: number, error: string, version: string }>} */
export async function probeRequest(path = "/health", seconds = 10) {
  const began = performance.now();
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), seconds * 1000);
  try {
    const response = await fetch(path, { cache: "no-store", signal: abort.signal });
    const ms = performance.now() - began;
    /** @type {unknown} */
    const body = await response.json().catch(() => null);
    const version = body && typeof body === "object" && "version" in body ? String(body.version) : "";
    // Any answer proves the way; a server that cannot record says so elsewhere.
    return { ok: true, ms, error: response.ok ? "" : `HTTP ${response.status}`, version };
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { ok: false, ms: performance.now() - began, error: text, version: "" };
  } finally {
    clearTimeout(timer);
  }
}

/** @returns {Promise<{ ok: boolean, ms: number, error: string }>} */
export function probeSocket(path = "/ws/ingest", seconds = 10) {
  const began = performance.now();
  return new Promise((resolve) => {
    /** @type {WebSocket | undefined} */
    let socket;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const end = (/** @type {boolean} */ ok, /** @type {string} */ error) => {
      clearTimeout(timer);
      resolve({ ok, ms: performance.now() - began, error });
      try {
        socket?.close(1000);
      } catch {
        // It is closed already.
      }
    };
    timer = setTimeout(() => end(false, `no answer in ${seconds} s`), seconds * 1000);
    try {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      socket = new WebSocket(`${scheme}://${location.host}${path}`, "localcamera.v1");
    } catch (error) {
      end(false, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return;
    }
    socket.addEventListener("open", () => end(true, ""));
    // Browsers hide the cause from pages: a bad certificate, a refused port
    // and a refused upgrade all look like 1006.
    socket.addEventListener("close", ({ code }) => end(false, `closed with code ${code}`));
  });
}

/**
 * Chromium registers no service worker behind a certificate error, even one
 * that was clicked away. The worker does nothing and is removed at once.
 * Firefox does register it, so that only Chromium's yes is an answer.
 * @returns {Promise<Answer>}
 */
export async function probeCertificate(seconds = 8) {
  if (!navigator.serviceWorker) return "unknown";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  try {
    /** @type {Promise<null>} */
    const deadline = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), seconds * 1000);
    });
    const registering = navigator.serviceWorker.register("/web/trust/probe-worker.js", { scope: "/web/trust/" });
    registering.then((registration) => registration.unregister()).catch(() => false);
    const registered = await Promise.race([registering, deadline]);
    return registered && /Chrom(e|ium)\//.test(navigator.userAgent) ? "yes" : "unknown";
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return /certificate|SSL/i.test(text) ? "no" : "unknown";
  } finally {
    clearTimeout(timer);
  }
}
