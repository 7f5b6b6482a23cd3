/*
 * Keeps the capture page on the device, so that it opens and records while the server is away. Served at
 * /service-worker.js behind a generated line that names the build and its files; a new build is a new worker, which
 * fetches its own copy of everything and deletes the one before.
 *
 * The network goes first. A page that came from the copy gets its files from the same copy: they belong together,
 * and a server that is away would cost its patience once per file. Nothing of /api, /ws or /health is touched.
 */
(() => {
  const worker = /** @type {any} */ (self);
  /** @type {{ build: string, files: string[] }} */
  const { build, files } = worker.localcamera;

  const PREFIX = "localcamera-page-";
  const CACHE = PREFIX + build;
  /** The page in the browser's language, and in each of its own. */
  const PAGES = ["/", "/?lang=en", "/?lang=zh"];
  /** What only other pages use: those are of no use without the server. */
  const NOT_NEEDED = /^\/web\/(live|library|trust|selftest|service-worker\.js|strings\/)/;
  /** Slow Wi-Fi brings the page within this; longer, and a person thinks that nothing happens. */
  const PATIENCE_MS = 3000;

  /** Where the page of each client came from; a worker that was begun anew has forgotten. @type {Map<string, "copy" | "same" | "newer">} */
  const clients = new Map();
  const MOST_CLIENTS = 50;
  /** The newest page came from the copy: its workers, which are clients of their own, get theirs from there, too. */
  let away = false;

  /** @param {string} path */
  async function fromCopy(path) {
    // The browser's languages were asked for when the copy was made; its requests now may name them otherwise.
    return (await caches.open(CACHE)).match(path, { ignoreVary: true });
  }

  /** @param {URL} url */
  function pageFor(url) {
    const lang = (url.searchParams.get("lang") || "").slice(0, 2);
    const wanted = `/?lang=${lang}`;
    return fromCopy(PAGES.includes(wanted) ? wanted : "/");
  }

  /** The answer, or null where there is none in time. @param {Promise<Response>} asked */
  function inTime(asked) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), PATIENCE_MS);
      asked.then(resolve, () => resolve(null)).finally(() => clearTimeout(timer));
    });
  }

  /** A proxy in between says 5xx for a server that it does not reach. @param {any} answer */
  const isAnswer = (answer) => answer !== null && answer.status < 500;

  /** @param {string} client @param {"copy" | "same" | "newer"} origin */
  function remember(client, origin) {
    away = origin === "copy";
    clients.set(client, origin);
    if (clients.size > MOST_CLIENTS) clients.delete(clients.keys().next().value || "");
  }

  /** @param {any} event @param {URL} url */
  async function page(event, url) {
    const asked = fetch(event.request);
    const answer = await inTime(asked);
    const copy = await pageFor(url);
    if (!isAnswer(answer)) {
      if (!copy) return asked;
      remember(event.resultingClientId, "copy");
      return copy;
    }
    // One of another build must not get this build's files.
    const same = copy && answer.ok && (await answer.clone().text()) === (await copy.text());
    remember(event.resultingClientId, same ? "same" : "newer");
    return answer;
  }

  /** @param {any} event @param {URL} url */
  async function file(event, url) {
    const copy = await fromCopy(url.pathname);
    const from = clients.get(event.clientId);
    if (copy && (from === "copy" || (away && from === undefined))) return copy;
    const asked = fetch(event.request);
    if (!copy) return asked;
    const answer = await inTime(asked);
    return isAnswer(answer) ? answer : copy;
  }

  worker.addEventListener("install", (/** @type {any} */ event) => {
    const all = PAGES.concat(files.filter((path) => !NOT_NEEDED.test(path)));
    event.waitUntil(
      (async () => {
        const cache = await caches.open(CACHE);
        // All of it or nothing; what has not changed since is not fetched again.
        await cache.addAll(all.map((path) => new Request(path, { cache: "no-cache" })));
        await worker.skipWaiting();
      })(),
    );
  });

  worker.addEventListener("activate", (/** @type {any} */ event) => {
    event.waitUntil(
      (async () => {
        for (const name of await caches.keys()) {
          if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
        }
      })(),
    );
  });

  worker.addEventListener("fetch", (/** @type {any} */ event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== location.origin) return;
    if (request.mode === "navigate") {
      if (url.pathname === "/") event.respondWith(page(event, url));
    } else if (url.pathname.startsWith("/web/") && clients.get(event.clientId) !== "newer") {
      event.respondWith(file(event, url));
    }
  });
})();
