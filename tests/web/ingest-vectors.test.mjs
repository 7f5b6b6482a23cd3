// The page's end of the protocol follows the same scripts as the Rust one: crates/ingest-protocol/vectors.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { createConversation } from "../../web/lib/ingest-conversation.js";

const FOLDER = new URL("../../crates/ingest-protocol/vectors/", import.meta.url);
const IDENTITY = { device: "device-0001", name: "Bench", session: "session-0001", startedMs: 1000, client: "test/1" };

const about = ({ mime, started_ms, reason, offset_ms = null }) => ({ mime, startedMs: started_ms, reason, offsetMs: offset_ms });

/** A conversation that is fed with the inputs of a vector, and answers in its words. */
function createDevice(left) {
  const talk = createConversation({ ...IDENTITY });
  let now = 0;
  /** Generations of which the encoder is done. */
  const ended = new Set();
  /** What the page does not free again, though it is told to. */
  const freed = new Map();
  const refused = new Set();

  if (left) {
    talk.restore({
      generations: left.generations.map(({ first, end, ...start }, generation) => {
        ended.add(generation);
        return { generation, ...about(start), first, total: end, readable: null };
      }),
      events: left.events.map((event) => ({ type: "event", ...event })),
      clocks: left.clocks,
      stopped: left.stopped,
    });
  }

  const inputs = {
    connected: () => talk.connected(now),
    disconnected: (code) => talk.disconnected({ code }),
    text: (message) => talk.received(typeof message === "string" ? message : JSON.stringify(message), now),
    begin: (start) => talk.noted(talk.begin(about(start))),
    appended: ({ generation, bytes }) => talk.appended(generation, bytes),
    end: (generation) => {
      ended.add(generation);
      talk.end(generation);
    },
    event: (event) => talk.tell({ type: "event", ...event }),
    clock: (clock) => talk.clockIsDue(clock.generation, clock.at_ms) && talk.clock(clock),
    stop: () => {
      for (let generation = 0; generation <= talk.newest(); generation += 1) ended.add(generation);
      talk.stop();
    },
    time: () => {},
  };

  const words = {
    welcome: () => ({ welcomed: true }),
    // The code of a refusal is of no interest to the page.
    restart: ({ generation }) => {
      refused.add(generation);
      return { refused: { generation } };
    },
    forget: ({ generation, below }) => {
      // The page lets go of what nobody takes any more, too.
      if (refused.has(generation) || (freed.get(generation) || 0) >= below) return null;
      freed.set(generation, below);
      return { forget: { generation, below } };
    },
    over: ({ why }) => ({ over: why === "session_in_use" ? "taken_over" : why }),
    "hang-up": () => ({ hang_up: true }),
    progress: () => null,
  };

  return {
    /** @returns {{ out: object[], told: object[] }} */
    step({ in: input, now: then, media = true }) {
      const [[what, value]] = Object.entries(input);
      if (what === "connected" || what === "time") now = value;
      if (then !== undefined) now = then;
      const { problem: before, refused: wasRefused } = talk.view();
      inputs[what](value);
      talk.timeout(now);
      const outputs = [];
      for (let output = talk.poll({ media, now }); output; output = talk.poll({ media, now })) outputs.push(output);
      const after = talk.view().problem;

      // A generation that is refused is freed in the same breath; which of the two is said first means nothing.
      for (const { kind, generation } of outputs) if (kind === "restart") refused.add(generation);
      const told = outputs.map((output) => (words[output.kind] ? words[output.kind](output) : null)).filter(Boolean);
      if ((before && before.message) !== (after && after.message)) told.push({ storage: after ? after.message : null });
      const { refused: nowRefused } = talk.view();
      if (nowRefused && nowRefused !== wasRefused) told.push({ not_admitted: nowRefused });
      const out = outputs
        .map(({ kind, text, ...chunk }) => (kind === "text" ? JSON.parse(text) : kind === "chunk" ? { chunk } : null))
        .filter(Boolean);
      return { out, told };
    },
    /** The page is told only of what it would have to begin anew. */
    tells: ({ refused: refusal }) => !refusal || !ended.has(refusal.generation),
  };
}

const plain = (told) => told.map(({ refused, ...rest }) => JSON.stringify(refused ? { refused: { generation: refused.generation } } : rest)).sort();

const names = readdirSync(FOLDER).filter((name) => /^device-.*\.json$/.test(name)).sort();

test("there are vectors", () => assert.ok(names.length >= 30, `${names.length}`));

for (const name of names) {
  const vector = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
  test(`${name}: ${vector.about}`, () => {
    const device = createDevice(vector.restore);
    for (const step of vector.steps) {
      const { out, told } = device.step(step);
      assert.deepEqual(out, step.out || [], JSON.stringify(step.in));
      assert.deepEqual(plain(told), plain((step.told || []).filter(device.tells)), JSON.stringify(step.in));
    }
  });
}
