// A page whose control connection is a fake, and what is told to it over it.

import { createControl } from "../../../web/lib/control.js";
import { createRemote } from "../../../web/capture/remote.js";
import { createFakeStudio, idle } from "./capture-state.mjs";
import { createPage } from "./fake-page.mjs";
import { createSockets } from "./fake-socket.mjs";
import { createWorld, settle } from "./virtual-time.mjs";

export function fixture({ kept = null, state = idle() } = {}) {
  const world = createWorld(1);
  const sockets = createSockets();
  const page = Object.assign(createPage({ Socket: sockets.Socket, timers: world.timers() }), {
    location: { protocol: "https:", host: "x" },
  });
  const store = new Map(kept ? [["localcamera.remote", kept]] : []);
  const storage = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value) };
  const studio = createFakeStudio(state);
  const elsewhere = { records: false, denied: false, unasked: "yes", look: async () => {} };
  const device = { id: "device-7q2m", key: "k".repeat(43), name: "Front door", lasting: true, rename: (name) => name };
  const remote = createRemote({
    page,
    studio,
    device,
    client: "localcamera-web/1",
    storage,
    numbered: (number) => `Camera ${number}`,
    now: world.now,
    record: studio.record,
    otherTab: { records: () => elsewhere.records, look: () => elsewhere.look() },
    isDenied: async () => elsewhere.denied,
    opensUnasked: async () => elsewhere.unasked,
    onChange: () => {},
    // The server is there whenever a silent connection is doubted.
    connect: (options) => createControl({ ...options, ask: async () => [], random: () => 1 }),
  });
  /** As the page does. */
  const pass = async (ms) => {
    const until = world.now() + ms;
    while (world.now() < until) {
      let over = false;
      world.at(Math.min(500, until - world.now()), () => {
        over = true;
      });
      await world.run(() => over, 500);
      remote.tick();
    }
    await settle();
  };
  const socket = () => sockets.last();
  const devices = () => socket().sent.filter(({ type }) => type === "device");
  const results = () => socket().sent.filter(({ type }) => type === "result");
  let made = 0;
  const order = async (what, value, from = "192.168.1.7") => {
    made += 1;
    socket().say({ type: "command", id: `c${made}`, do: what, value, from });
    await settle();
  };
  /** The last answer in a word. */
  const last = () => {
    const { ok, code } = results()[results().length - 1] || {};
    return ok ? "ok" : code;
  };
  const start = () => {
    remote.tick();
    socket().open();
  };
  return { world, sockets, page, store, studio, elsewhere, device, remote, pass, socket, devices, results, order, last, start };
}
