// The whole delivery library against a model of the server, in a world whose time and faults are dice. A failure
// names its seed; INGEST_SEED=<number> runs that one again, and tells what happened.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpsSocket } from "../../web/lib/https-socket.js";
import { createIngest } from "../../web/lib/ingest.js";
import { createOrigins } from "../../web/lib/origins.js";
import { createSteadyClock } from "../../web/lib/steady-clock.js";
import { createDisk } from "./support/fake-spool.mjs";
import { createNetwork } from "./support/model-network.mjs";
import { createModelServer } from "./support/model-server.mjs";
import { createWorld, settle } from "./support/virtual-time.mjs";

const ONE = process.env.INGEST_SEED;
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
const realRandom = Math.random;

/**
 * @param {number} seed
 * @param {{ wss?: boolean, lossy?: number, wipes?: boolean, steps?: number }} [options]
 */
async function live(seed, { wss = true, lossy = 0, wipes = false, steps = 60 } = {}) {
  const world = createWorld(seed);
  const { chance, between } = world;
  // The pauses between attempts have jitter.
  Math.random = world.random;
  const say = ONE ? (...what) => console.log(world.now(), ...what) : () => {};
  const server = createModelServer({ random: world.random, now: () => world.now() + 5000, creditBytes: between(300, 3000), messageBytes: between(100, 600) });
  server.addresses = ["https://server.local:1", "https://10.0.0.2:1"];
  const net = createNetwork(world, server);
  net.wss = wss;
  net.lossy = lossy;

  let over = null;
  let wiped = false;
  const faults = [];
  /** Events of which the page was told that the log has them. */
  const told = new Set();
  const disk = createDisk({
    delay: () => (chance(0.7) ? undefined : world.wait(between(1, 30))),
    isSafe(generation, below) {
      const g = server.session.generations.get(generation);
      const safe = server.session.stopped || wiped || (g && (g.durable >= below || g.givenUp));
      if (!safe) faults.push(`generation ${generation} is forgotten below ${below}, the server has ${g && g.durable}`);
    },
  });

  let wallMs = 1.7e12;
  let page = null;
  let eventNumber = 0;
  const facts = { pages: 0, appended: 0, lostBytes: 0, isPartly: false };

  function load() {
    facts.pages += 1;
    const timers = world.timers();
    globalThis.setTimeout = timers.setTimeout;
    globalThis.clearTimeout = timers.clearTimeout;
    const network = net.page();
    const spool = disk.open();
    const mine = { timers, network, spool, generation: null, alive: true, restart: 0 };
    const clock = createSteadyClock({ wall: () => world.now() + wallMs, progress: () => world.now() });
    mine.clock = clock;
    mine.ingest = createIngest({
      identity: { device: "device-0001", name: "x", session: "session-0001", startedMs: 0, client: "test" },
      spool,
      clock,
      origins: createOrigins({ own: "https://10.0.0.1:1", storage: null }),
      Socket: network.Socket,
      openHttps: (origin) =>
        createHttpsSocket(origin, { fetch: network.fetch, pause: world.wait, progress: world.now }),
      probe: network.probe,
      onRestart: () => {
        say("restart", mine.generation);
        if (mine.alive) mine.generation = null;
      },
      onOver: (why) => {
        if (!mine.alive) return;
        over = why;
        const view = mine.ingest.view();
        facts.lostBytes = view.lostBytes;
        facts.isPartly = view.isPartly;
      },
    });
    mine.ingest.restore(disk.log);
    mine.ingest.connect();
    page = mine;
    say("page", facts.pages, "holds", JSON.stringify(spool.holds()));
  }

  function kill() {
    page.spool.kill((waiting) => between(0, waiting));
    page.alive = false;
    page.timers.drop();
    page.network.leave();
    if (chance(0.3)) {
      for (const { generation, first } of disk.open().holds()) disk.fallBack(generation, between(0, first));
    }
  }

  function begin() {
    if (page.generation !== null) page.ingest.end(page.generation);
    page.generation = page.ingest.begin({ mime: "video/webm", startedMs: page.clock.now(), reason: "start" });
    say("begin", page.generation);
  }

  async function step() {
    const { ingest } = page;
    const what = world.random();
    if (what < 0.5) {
      if (page.generation === null || chance(0.08)) begin();
      const bytes = new Uint8Array(between(1, 800)).fill(between(0, 255));
      bytes[0] = facts.appended;
      facts.appended += 1;
      ingest.append(page.generation, bytes, { handedMs: page.clock.now() }).catch(() => {});
    } else if (what < 0.6) {
      eventNumber += 1;
      if (chance(0.5)) ingest.event("mark", { detail: String(eventNumber) });
      else ingest.gap({ startMs: world.now(), endMs: world.now() + 5, reason: "muted", detail: String(eventNumber) });
      const mine = { page, detail: String(eventNumber) };
      void ingest.settled().then(() => mine.page.alive && told.add(mine.detail));
    } else if (what < 0.68) {
      say("cut");
      net.cut();
    } else if (what < 0.73) {
      const forMs = chance(0.8) ? between(10, 1500) : between(1000, 40000);
      say("network down", forMs);
      net.up = false;
      net.cut();
      world.at(forMs, () => {
        net.up = true;
        if (page && page.alive && chance(0.7)) page.ingest.retryNow();
      });
    } else if (what < 0.8) {
      const gently = chance(0.5);
      say("restart", gently);
      server.restart({ gently });
      net.cut({ restarted: true });
    } else if (what < 0.86) {
      say("kill");
      // A page likes to go when something has just begun.
      if (chance(0.5)) begin();
      await world.run(() => false, between(0, 30));
      kill();
      await settle();
      await world.run(() => false, between(0, 5000));
      load();
    } else if (what < 0.89) {
      page.spool.failures.read = between(1, 3);
      say("reads fail");
    } else if (what < 0.91) {
      page.spool.failures.append = 1;
    } else if (what < 0.94) {
      wallMs += between(-100000, 100000);
    } else if (what < 0.96) {
      server.fill();
      world.at(between(10, 90000), () => server.makeRoom());
    } else if (what < 0.98) {
      ingest.retryNow();
    } else if (wipes && chance(0.5)) {
      say("wipe");
      wiped = true;
      server.wipe();
      net.cut({ restarted: true });
    }
  }

  const commits = () => {
    server.commit();
    if (over === null) world.at(between(20, 400), commits);
  };
  world.at(50, commits);
  try {
    load();
    for (let at = 0; at < steps && over === null; at += 1) {
      await step();
      await world.run(() => false, chance(0.9) ? between(0, 300) : between(0, 5000));
      assert.deepEqual(server.violations.concat(faults), []);
    }
    // From here on nothing goes wrong any more.
    net.up = true;
    net.lossy = 0;
    server.makeRoom();
    page.spool.failures.read = 0;
    page.ingest.stop();
    say("stop");
    const done = await world.run(() => over !== null, 10 * 60 * 1000);
    assert.deepEqual(server.violations.concat(faults), []);
    assert.ok(done, `never over: ${JSON.stringify(page.ingest.view())}`);
  } finally {
    Object.assign(globalThis, real);
    Math.random = realRandom;
  }

  assert.equal(over, "finished");
  facts.told = told.size;
  return { server, disk, net, facts, wiped, told };
}

/** Everything the device's storage ever took is with the server, byte for byte. */
function isComplete({ server, disk, facts, told }) {
  for (const generation of disk.generations.keys()) {
    const g = server.session.generations.get(generation);
    const stored = Buffer.from(disk.stored(generation));
    assert.ok(g, `generation ${generation} is missing`);
    assert.equal(g.bytes.length, stored.length, `length of generation ${generation}`);
    assert.ok(Buffer.from(g.bytes).equals(stored), `bytes of generation ${generation}`);
    assert.equal(g.durable, stored.length);
    // What the server heard of it is what this device remembers.
    const entry = disk.log.find((entry) => entry.type === "generation" && entry.generation === generation);
    assert.equal(g.about.started_ms, entry.startedMs, `beginning of generation ${generation}`);
  }
  const kept = new Set(Array.from(server.session.kept.keys(), (text) => JSON.parse(text).detail));
  for (const detail of told) assert.ok(kept.has(detail), `event ${detail} is missing`);
  assert.equal(facts.lostBytes, 0);
  assert.equal(facts.isPartly, false);
}

const seeds = (count) => (ONE ? [Number(ONE)] : Array.from({ length: count }, (_, at) => at + 1));

/** @param {number} seed @param {() => Promise<void>} run */
async function named(seed, run) {
  try {
    await run();
  } catch (error) {
    error.message = `seed ${seed}: ${error.message}`;
    throw error;
  }
}

/** @param {string} name @param {number} count @param {object} options @param {(sum: Record<string, number>) => boolean} isBusy */
function worlds(name, count, options, isBusy) {
  test(name, async () => {
    /** @type {Record<string, number>} */
    const sum = {};
    const add = (facts) => {
      for (const [key, value] of Object.entries(facts)) sum[key] = (sum[key] || 0) + Number(value);
    };
    for (const seed of seeds(count)) {
      await named(seed, async () => {
        const outcome = await live(seed, options);
        if (outcome.wiped) isHonest(outcome);
        else isComplete(outcome);
        add(outcome.facts);
        add(outcome.server.counts);
        add({ bySocket: outcome.net.bySocket, byRequest: outcome.net.byRequest, wiped: outcome.wiped, requestsLost: outcome.net.lost });
      });
    }
    // The dice did what they are for.
    if (process.env.INGEST_SUMS) console.log(sum);
    if (!ONE) assert.ok(isBusy(sum), JSON.stringify(sum));
  });
}

/** Where recordings were removed from the server: what is there is right, and what is not is said to be lost. */
function isHonest({ server, disk, facts }) {
  let missing = 0;
  for (const generation of disk.generations.keys()) {
    const g = server.session.generations.get(generation);
    const stored = Buffer.from(disk.stored(generation));
    const bytes = Buffer.from(g ? g.bytes : []);
    assert.ok(bytes.equals(stored.subarray(0, bytes.length)), `bytes of generation ${generation}`);
    if (bytes.length < stored.length) missing += 1;
  }
  if (missing > 0) assert.equal(facts.isPartly, true, `${missing} generations are not complete`);
}

worlds(
  "every byte that was stored arrives once and in order, every event at least once",
  1000,
  {},
  ({ pages, restarts, connections }) => pages > 4000 && restarts > 3000 && connections > 8000,
);
worlds(
  "the same over HTTPS requests that get lost, or their answers",
  200,
  { wss: false, lossy: 0.15 },
  ({ byRequest, bySocket, requestsLost }) => byRequest > 500 && bySocket === 0 && requestsLost > 1000,
);
worlds(
  "a server whose recordings were removed: the rest arrives, and nothing is claimed that is not there",
  200,
  { wipes: true },
  ({ wiped }) => wiped > 60,
);
