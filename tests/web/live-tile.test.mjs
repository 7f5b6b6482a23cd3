import assert from "node:assert/strict";
import { test } from "node:test";
import { createAddress } from "../../web/live/address.js";
import { createServerClock } from "../../web/live/server-clock.js";
import { createTile } from "../../web/live/tile.js";
import { createWords } from "../../web/live/words.js";
import { createDom } from "./support/fake-dom.mjs";
import { createFakeMedia } from "./support/fake-media.mjs";
import { createSockets } from "./support/fake-socket.mjs";
import { createWorld } from "./support/virtual-time.mjs";

const STREAM = { stream: "door", name: "Door", state: "live", mime: 'video/webm; codecs="vp8,opus"', hasSound: true, hasPicture: true, bitrateBps: 1e6 };
const SMALL = { ...STREAM, stream: "door-small" };

function fixture() {
  const world = createWorld(1);
  const dom = createDom();
  const media = createFakeMedia();
  const sockets = createSockets();
  const { createElement } = dom.document;
  // What a tile does with a video as an element of the page, beside playing it.
  const video = Object.assign(media.video, { setAttribute() {}, remove() {}, textContent: "" });
  dom.document.createElement = (tag) => (tag === "video" ? video : createElement(tag));
  const page = {
    ...media.page, ...world.timers(), WebSocket: sockets.Socket, document: dom.document, performance: { now: world.now },
    setInterval() {}, clearInterval() {}, addEventListener() {}, removeEventListener() {},
  };
  const t = (key) => key;
  const tile = createTile({ page, id: "door", address: createAddress({ protocol: "https:", host: "x" }), clock: createServerClock({ progress: world.now }), words: createWords({ t }), t });
  const told = (played) => tile.render({ stream: STREAM, played, behindMs: 0, isKnown: true });
  return { tile, told, open: () => sockets.made.filter(({ closed }) => closed === null).map(({ url }) => url.replace("wss://x/ws/live/", "")) };
}

test("a tile plays the smaller picture where there is one, under the name of the camera", () => {
  const { tile, told, open } = fixture();
  told(SMALL);
  tile.play(true);
  assert.deepEqual([open(), tile.link.href, tile.element.textContent.includes("Door")], [["door-small"], "#door", true]);
});

test("while it plays it changes to the full picture when the smaller one goes, and back", () => {
  const { tile, told, open } = fixture();
  told(SMALL);
  tile.play(true);
  told(STREAM);
  assert.deepEqual(open(), ["door"]);
  told(SMALL);
  assert.deepEqual(open(), ["door-small"]);
  tile.play(false);
  assert.deepEqual(open(), []);
});

test("while it does not play it only takes note of it", () => {
  const { tile, told, open } = fixture();
  told(SMALL);
  told(STREAM);
  assert.deepEqual(open(), []);
  tile.play(true);
  assert.deepEqual(open(), ["door"]);
});
