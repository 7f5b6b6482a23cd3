import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

const SOURCE = readFileSync(new URL("../../web/service-worker.js", import.meta.url), "utf8");
const ORIGIN = "https://camera.local:5001";
const FILES = ["/web/capture.js", "/web/base.css", "/web/lib/spool.js", "/web/live.js", "/web/live/wall.js", "/web/trust/page.js", "/web/trust.css", "/web/selftest/page.js", "/web/service-worker.js"];

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A server whose pages say which build they are of, and a browser with one cache storage. */
function setUp() {
  const world = { build: "1", away: "no", fetched: [], caches: new Map(), patience: [] };
  const body = (path) => `${path} of build ${world.build}`;
  const answer = (path) => new Response(body(path), { headers: { vary: "Accept-Language" } });
  const pathOf = (request) => (typeof request === "string" ? request : request.url.replace(ORIGIN, ""));
  async function fetchIt(request) {
    const path = pathOf(request);
    world.fetched.push(path);
    if (world.away === "refused") throw new TypeError("no connection");
    if (world.away === "silent") return new Promise(() => {});
    if (world.away === "behind a proxy") return new Response("Bad Gateway", { status: 502 });
    return answer(path);
  }
  const caches = {
    async open(name) {
      if (!world.caches.has(name)) world.caches.set(name, new Map());
      const entries = world.caches.get(name);
      return {
        async addAll(requests) {
          const found = await Promise.all(requests.map(async (request) => [pathOf(request), await (await fetchIt(request)).text()]));
          for (const [path, text] of found) entries.set(path, text);
        },
        async match(path) {
          return entries.has(path) ? new Response(entries.get(path)) : undefined;
        },
      };
    },
    keys: async () => Array.from(world.caches.keys()),
    delete: async (name) => world.caches.delete(name),
  };

  function worker() {
    const listeners = {};
    const self = {
      localcamera: { build: world.build, files: FILES },
      addEventListener: (name, listener) => void (listeners[name] = listener),
      skipWaiting: async () => void (world.skipped = world.build),
    };
    const scope = {
      self,
      caches,
      fetch: fetchIt,
      location: { origin: ORIGIN },
      URL,
      Response,
      Request: function Request(path) {
        return { url: ORIGIN + path };
      },
      setTimeout: (fire) => void world.patience.push(fire),
      clearTimeout() {},
    };
    runInContext(SOURCE, createContext(scope));
    const wait = async (name) => {
      let done;
      listeners[name]({ waitUntil: (promise) => void (done = promise) });
      await done;
    };
    return {
      async install() {
        await wait("install");
        await wait("activate");
      },
      /** @returns what the page gets, or undefined where the worker keeps out of it */
      async get(path, { mode = "cors", method = "GET", client = "c", origin = ORIGIN } = {}) {
        let given;
        listeners.fetch({
          request: { url: origin + path, method, mode },
          clientId: mode === "navigate" ? "" : client,
          resultingClientId: client,
          respondWith: (promise) => void (given = promise),
        });
        return given && (await (await given).text());
      },
    };
  }
  /** The patience of everything that waits is over. */
  const runOut = () => world.patience.splice(0).forEach((fire) => fire());
  return { world, worker, runOut };
}

test("a build is kept as a whole: the page in each language, and every file that it needs", async () => {
  const { world, worker } = setUp();
  await worker().install();
  const [[name, kept]] = world.caches;
  assert.equal(name, "localcamera-page-1");
  assert.deepEqual(Array.from(kept.keys()), ["/", "/?lang=en", "/?lang=zh", "/web/capture.js", "/web/base.css", "/web/lib/spool.js"]);
});

test("a new build is a new copy, and the old one goes", async () => {
  const { world, worker } = setUp();
  await worker().install();
  world.caches.set("of another program", new Map());
  world.build = "2";
  await worker().install();
  assert.deepEqual(Array.from(world.caches.keys()), ["of another program", "localcamera-page-2"]);
  assert.equal(world.skipped, "2");
});

test("while the server is there the page comes from it", async () => {
  const { world, worker } = setUp();
  const one = worker();
  await one.install();
  assert.equal(await one.get("/?name=x", { mode: "navigate" }), "/?name=x of build 1");
  world.build = "2";
  assert.equal(await one.get("/", { mode: "navigate" }), "/ of build 2");
});

test("while the server is away page and files come from the copy, and nothing else is asked for", async () => {
  for (const away of ["refused", "silent"]) {
    const { world, worker, runOut } = setUp();
    const one = worker();
    await one.install();
    world.away = away;
    const page = one.get("/?record=now", { mode: "navigate" });
    await settle();
    runOut();
    assert.equal(await page, "/ of build 1");
    world.fetched.length = 0;
    assert.equal(await one.get("/web/capture.js"), "/web/capture.js of build 1");
    assert.equal(await one.get("/web/lib/spool.js", { client: "a worker of the page" }), "/web/lib/spool.js of build 1");
    assert.deepEqual(world.fetched, [], "the server is not waited for once per file");
  }
});

test("the page comes in the language that its address asks for", async () => {
  const { world, worker } = setUp();
  const one = worker();
  await one.install();
  world.away = "refused";
  assert.equal(await one.get("/?lang=zh", { mode: "navigate" }), "/?lang=zh of build 1");
  assert.equal(await one.get("/?lang=zh-Hans&record=now", { mode: "navigate" }), "/?lang=zh of build 1");
  assert.equal(await one.get("/?lang=xx", { mode: "navigate" }), "/ of build 1");
});

test("a page of another build gets no file of this one", async () => {
  const { world, worker } = setUp();
  const one = worker();
  await one.install();
  world.build = "2";
  await one.get("/", { mode: "navigate" });
  world.away = "refused";
  assert.equal(await one.get("/web/capture.js"), undefined);
});

test("a file that does not arrive for a page of this build comes from the copy", async () => {
  const { world, worker } = setUp();
  const one = worker();
  await one.install();
  await one.get("/", { mode: "navigate" });
  assert.equal(await one.get("/web/base.css"), "/web/base.css of build 1");
  world.away = "refused";
  assert.equal(await one.get("/web/base.css"), "/web/base.css of build 1");
});

test("a worker that was begun anew has forgotten where the page came from, and serves it all the same", async () => {
  const { world, worker, runOut } = setUp();
  await worker().install();
  world.away = "silent";
  const file = worker().get("/web/lib/spool.js", { client: "from before" });
  await settle();
  runOut();
  assert.equal(await file, "/web/lib/spool.js of build 1");
});

test("what is said to the server, other pages and other origins are not touched", async () => {
  const { worker } = setUp();
  const one = worker();
  await one.install();
  for (const path of ["/health", "/api/sessions/s", "/api/ingest/1?after=0", "/ws/ingest", "/ca.crt"]) assert.equal(await one.get(path), undefined, path);
  for (const path of ["/live", "/trust", "/selftest"]) assert.equal(await one.get(path, { mode: "navigate" }), undefined, path);
  assert.equal(await one.get("/", { mode: "navigate", method: "POST" }), undefined);
  assert.equal(await one.get("/web/capture.js", { origin: "https://elsewhere:5001" }), undefined);
});

test("where nothing is kept yet the server's own failure is shown", async () => {
  const { world, worker } = setUp();
  world.away = "refused";
  await assert.rejects(worker().get("/", { mode: "navigate" }), /no connection/);
});

test("a proxy that does not reach the server is no answer: the page comes from the copy, and so do its files", async () => {
  const { world, worker } = setUp();
  const one = worker();
  await one.install();
  world.away = "behind a proxy";
  assert.equal(await one.get("/", { mode: "navigate" }), "/ of build 1");
  assert.equal(await one.get("/web/capture.js"), "/web/capture.js of build 1");
  world.away = "no";
  assert.equal(await one.get("/", { mode: "navigate", client: "d" }), "/ of build 1");
  world.away = "behind a proxy";
  assert.equal(await one.get("/web/capture.js", { client: "d" }), "/web/capture.js of build 1");
});

test("without a copy the proxy's answer is what there is", async () => {
  const { world, worker } = setUp();
  world.away = "behind a proxy";
  assert.equal(await worker().get("/", { mode: "navigate" }), "Bad Gateway");
});
