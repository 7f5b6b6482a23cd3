import assert from "node:assert/strict";
import { test } from "node:test";
import { createLink, socketUrl } from "../../web/lib/ingest-link.js";
import { createOrigins } from "../../web/lib/origins.js";
import { createSockets } from "./support/fake-socket.mjs";
import { pageTime } from "./support/page-time.mjs";

const OWN = "https://own:1";
const MINUTE = 60 * 1000;

function setUp(t, { others = [], answers = true, Socket } = {}) {
  const world = pageTime(t);
  const ws = createSockets();
  const https = createSockets();
  const origins = createOrigins({ own: OWN });
  origins.learn(others);
  const health = { answers, asked: [] };
  const downs = [];
  const link = createLink({
    origins,
    clock: { now: world.now },
    wanted: () => true,
    retryMs: () => 20000,
    onOpen: () => {},
    onText: () => {},
    onDown: ({ code }) => downs.push(code),
    onChange: () => {},
    Socket: Socket || ws.Socket,
    openHttps: (origin) => new https.Socket(origin),
    probe: async (origin) => {
      health.asked.push(origin);
      return health.answers;
    },
  });
  t.after(() => link.retire());
  /** The next attempt, once its pause is over. */
  const attempt = async () => {
    const before = ws.made.length + https.made.length;
    while (ws.made.length + https.made.length === before) await world.pass(250);
    return link.view().transport === "wss" ? ws.last() : https.last();
  };
  return { world, ws, https, link, health, downs, attempt };
}

test("the address of the ingest endpoint", () => {
  assert.equal(socketUrl("https://192.168.1.3:5001"), "wss://192.168.1.3:5001/ws/ingest");
  assert.equal(socketUrl("http://localhost:5001"), "ws://localhost:5001/ws/ingest");
});

test("the own origin twice, then the others in turn; where it worked it is tried first", async (t) => {
  const { link, ws, attempt, world } = setUp(t, { others: ["https://a", "https://b"], answers: false });
  link.connect();
  for (let count = 0; count < 4; count += 1) {
    ws.last().fail();
    await attempt();
  }
  assert.deepEqual(ws.made.map(({ url }) => url), [OWN, OWN, "https://a", OWN, "https://b"].map(socketUrl));
  ws.last().open();
  ws.last().say({ type: "welcome" });
  link.welcomed();
  assert.deepEqual([link.view().link, link.view().origin, link.view().attempts], ["up", "https://b", 0]);
  await world.pass(MINUTE);
  ws.last().fail();
  assert.equal((await attempt()).url, socketUrl("https://b"));
});

test("WSS that fails three times though the server answers: HTTPS, and WSS again after ten minutes", async (t) => {
  const { link, ws, https, health, attempt, world } = setUp(t, { others: ["https://a"] });
  link.connect();
  for (let count = 0; count < 3; count += 1) {
    assert.equal(link.view().transport, "wss");
    ws.last().fail();
    await attempt();
  }
  assert.deepEqual(ws.made.map(({ url }) => url), [OWN, OWN, OWN].map(socketUrl), "other addresses would not help");
  assert.deepEqual(health.asked, [OWN, OWN]);
  assert.deepEqual([link.view().transport, https.last().url], ["https", OWN]);
  https.last().open();
  link.welcomed();
  await world.pass(9 * MINUTE);
  https.last().fail();
  await attempt();
  assert.equal(link.view().transport, "https");
  https.last().open();
  link.welcomed();
  await world.pass(2 * MINUTE);
  assert.equal(link.view().transport, "https", "a connection that works is left alone");
  https.last().fail();
  await attempt();
  assert.equal(link.view().transport, "wss");
  // Still the same: once is enough to know.
  ws.last().fail();
  await attempt();
  assert.equal(link.view().transport, "https");
});

test("a network that is down is no reason for HTTPS", async (t) => {
  const { link, ws, https, attempt } = setUp(t, { answers: false });
  link.connect();
  for (let count = 0; count < 12; count += 1) {
    ws.last().fail();
    await attempt();
  }
  assert.equal(https.made.length, 0);
});

test("where HTTPS fails, too, WSS has its turn again", async (t) => {
  const { link, ws, https, attempt, health } = setUp(t);
  link.connect();
  for (let count = 0; count < 3; count += 1) {
    ws.last().fail();
    await attempt();
  }
  health.answers = false;
  https.last().fail();
  await attempt();
  https.last().fail();
  await attempt();
  assert.equal(link.view().transport, "wss");
  assert.equal(https.made.length, 2);
});

test("an upgrade that is swallowed counts as failed; a server that said anything does not", async (t) => {
  const { link, ws, https, attempt } = setUp(t);
  link.connect();
  for (let count = 0; count < 3; count += 1) {
    ws.last().open();
    link.hangUp(4408, "the server is silent");
    await attempt();
  }
  assert.equal(https.made.length, 1);
  const said = setUp(t);
  said.link.connect();
  for (let count = 0; count < 5; count += 1) {
    said.ws.last().open();
    said.ws.last().say({ type: "error", code: "bad_message" });
    said.ws.last().fail(4400);
    await said.attempt();
  }
  assert.equal(said.https.made.length, 0);
});

test("a server that asks to wait is left alone as long as it asked, and is not the wrong one", async (t) => {
  const { link, ws, attempt, world } = setUp(t, { others: ["https://a"] });
  link.connect();
  for (const code of [1013, 1012, 1013]) {
    ws.last().fail(code);
    const since = world.now();
    await attempt();
    // With its jitter the pause is at least half of what the server asked for.
    assert.ok(world.now() - since >= 10000, `${world.now() - since} ms`);
  }
  assert.deepEqual(Array.from(new Set(ws.made.map(({ url }) => url))), [socketUrl(OWN)]);
});

test("an attempt into nowhere is given up", async (t) => {
  const { link, ws, world, downs } = setUp(t);
  link.connect();
  await world.pass(7900);
  assert.deepEqual(downs, []);
  await world.pass(200);
  assert.deepEqual(downs, [4408]);
  assert.deepEqual(ws.made[0].closed, { code: 4408, reason: "no answer" });
});

test("a browser that refuses the address is asked for the next one", async (t) => {
  const made = [];
  class Refusing {
    constructor(url) {
      made.push(url);
      throw new Error("SecurityError");
    }
  }
  const { link, world } = setUp(t, { others: ["https://a"], answers: false, Socket: Refusing });
  link.connect();
  await world.pass(5000);
  assert.deepEqual(made.slice(0, 3), [OWN, OWN, "https://a"].map(socketUrl));
});

test("connections that end at once do not come ever faster", async (t) => {
  const { link, ws, attempt, world } = setUp(t);
  link.connect();
  for (let count = 0; count < 6; count += 1) {
    ws.last().open();
    ws.last().say({ type: "welcome" });
    link.welcomed();
    ws.last().fail();
    await attempt();
  }
  const since = world.now();
  ws.last().fail();
  await attempt();
  assert.ok(world.now() - since >= 2000, `${world.now() - since} ms`);
});

test("retryNow: in a pause at once; an attempt as old as none may get is given up", async (t) => {
  const { link, ws, downs, world } = setUp(t);
  link.connect();
  ws.last().fail();
  assert.equal(ws.made.length, 1);
  link.retryNow();
  assert.equal(ws.made.length, 2);
  link.retryNow();
  assert.equal(ws.made.length, 2, "one that has just begun is left alone");
  // The page stood still, and its timers with it; time went on.
  world.timers.drop();
  await world.pass(60000);
  link.retryNow();
  assert.deepEqual(downs, [1006, 4408]);
  assert.equal(ws.made.length, 3);
});

test("a link that is retired stays so, and has no timer left", async (t) => {
  const { link, ws, world } = setUp(t);
  link.connect();
  ws.last().fail();
  link.retire();
  link.retryNow();
  await world.pass(60000);
  assert.equal(ws.made.length, 1);
  assert.equal(world.timers.size, 0);
});

test("a server that does not let the device in is asked again every 30 s, and at once when somebody has been let in", async (t) => {
  for (const code of [4401, 4403]) {
    const { link, ws, world } = setUp(t);
    link.connect();
    ws.last().open();
    ws.last().say({ type: "error", code: "not_paired" });
    ws.last().fail(code);
    await world.pass(29_000);
    assert.equal(ws.made.length, 1);
    await world.pass(2000);
    assert.equal(ws.made.length, 2);
    ws.last().open();
    ws.last().fail(code);
    link.retryNow();
    assert.equal(ws.made.length, 3);
    link.retire();
  }
});
