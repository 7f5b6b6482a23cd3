// What lies between a page and the model server: WebSockets and HTTPS requests that are late, cut or lost.
//
//   const net = createNetwork(world, server);
//   const page = net.page();        // { Socket, fetch, probe }; page.leave(): the page is gone
//   net.up = false;                 // nothing passes any more, and nobody is told
//   net.wss = false;                // somebody in between swallows WebSockets
//   net.lossy = 0.2;                // part of the requests or answers that get lost
//   net.cut();                      // connections break

export function createNetwork(world, server) {
  /** Open pipes of every kind. @type {Set<{ breakOff(): void }>} */
  const pipes = new Set();
  /** Connections that are spoken over requests, by id. */
  const https = new Map();
  let ids = 0;
  let epoch = 0;
  const net = { up: true, wss: true, lossy: 0, requests: 0, lost: 0, bySocket: 0, byRequest: 0, cut };

  /** Now and then a network holds everything back for longer than anybody waits. */
  const late = () => (world.chance(0.003) ? world.between(1000, 14000) : world.between(1, 15));

  /** Of requests there is nothing to cut but those under way; a server that is started anew knows none. */
  function cut({ restarted = false } = {}) {
    for (const pipe of Array.from(pipes)) pipe.breakOff();
    epoch += 1;
    if (restarted) https.clear();
  }

  function page() {
    let here = true;

    class Socket {
      constructor(url) {
        this.url = url;
        this.readyState = 0;
        this.bufferedAmount = 0;
        let toServer = 0;
        let toPage = 0;
        let whole = true;
        /** In order, however late. */
        this.up = (work) => {
          toServer = Math.max(toServer, world.now() + late());
          world.at(toServer - world.now(), () => whole && net.up && work());
        };
        this.down = (work) => {
          toPage = Math.max(toPage, world.now() + late());
          world.at(toPage - world.now(), () => whole && net.up && here && work());
        };
        const closed = (code, reason) => {
          if (this.readyState === 3) return;
          this.readyState = 3;
          if (here && this.onclose) this.onclose({ code, reason });
        };
        this.pipe = {
          breakOff: () => {
            if (!whole) return;
            whole = false;
            pipes.delete(this.pipe);
            if (this.connection) {
              const { connection } = this;
              // The server may take as long as the device to find out.
              world.at(world.between(1, 30000), () => connection.gone());
            }
            if (world.chance(0.7)) world.at(late(), () => closed(1006, ""));
          },
        };
        pipes.add(this.pipe);
        if (!net.wss) {
          world.at(late(), () => closed(1006, ""));
          return;
        }
        this.up(() => {
          net.bySocket += 1;
          this.connection = server.connect({
            say: (text) => this.down(() => this.onmessage && this.onmessage({ data: text })),
            close: (code, reason) =>
              this.down(() => {
                whole = false;
                pipes.delete(this.pipe);
                closed(code, reason);
              }),
          });
          this.down(() => {
            this.readyState = 1;
            if (this.onopen) this.onopen();
          });
        });
        if (!net.up) world.at(world.between(100, 20000), () => closed(1006, ""));
      }
      send(data) {
        if (this.readyState !== 1) return;
        const bytes = typeof data === "string" ? data.length : data.byteLength;
        const kept = typeof data === "string" ? data : new Uint8Array(data);
        this.bufferedAmount += bytes;
        this.up(() => {
          this.bufferedAmount -= bytes;
          if (typeof kept === "string") this.connection.text(kept);
          else this.connection.binary(kept);
        });
      }
      close() {
        if (this.readyState >= 2) return;
        this.readyState = 3;
        this.up(() => {
          if (this.connection) this.connection.gone();
        });
      }
    }

    /** One request: it may get lost on its way, or its answer. */
    function fetch(url, { method = "GET", body, signal } = {}) {
      return new Promise((resolve, reject) => {
        const fail = () => here && reject(new TypeError("Failed to fetch"));
        if (signal) {
          if (signal.aborted) return fail();
          signal.addEventListener("abort", fail);
        }
        net.requests += 1;
        if (!net.up || world.chance(net.lossy / 2)) {
          net.lost += 1;
          return void world.at(late(), () => (net.up || world.chance(0.5) ? fail() : undefined));
        }
        const mine = epoch;
        const copy = body ? new Uint8Array(body) : new Uint8Array(0);
        world.at(late(), () => {
          if (!net.up) return;
          if (mine !== epoch) return void fail();
          serve(new URL(url), method, copy, (status, answer) => {
            const lost = world.chance(net.lossy / 2);
            if (lost) net.lost += 1;
            world.at(late(), () => {
              if (!net.up || !here) return;
              if (lost || mine !== epoch) return void fail();
              resolve({ status, ok: status >= 200 && status < 300, text: async () => answer, json: async () => JSON.parse(answer) });
            });
          });
        });
        return undefined;
      });
    }

    return {
      Socket,
      fetch,
      probe: (origin) => fetch(`${origin}/health`).then(() => true, () => false),
      leave() {
        here = false;
        // The system closes what a page had open, or the server finds out by its silence.
        for (const pipe of Array.from(pipes)) pipe.breakOff();
      },
    };
  }

  function open() {
    ids += 1;
    net.byRequest += 1;
    const id = `c${ids}`;
    const mine = { next: 0, messages: [], number: 0, close: null, waiting: null, heardAt: world.now() };
    const tell = () => {
      const { waiting } = mine;
      mine.waiting = null;
      if (waiting) waiting();
    };
    mine.connection = server.connect({
      say: (text) => {
        mine.messages.push({ number: (mine.number += 1), text });
        tell();
      },
      close: (code, reason) => {
        mine.close = { code, reason };
        tell();
      },
    });
    const watch = () => {
      if (world.now() - mine.heardAt < 30000) return void world.at(5000, watch);
      mine.connection.gone();
      https.delete(id);
    };
    world.at(5000, watch);
    https.set(id, mine);
    return id;
  }

  function serve({ pathname, searchParams }, method, body, answer) {
    if (pathname === "/health") return answer(200, "{}");
    if (pathname === "/api/ingest" && method === "POST") return answer(201, JSON.stringify({ connection: open() }));
    const id = pathname.split("/").pop();
    const mine = https.get(id);
    if (!mine) return answer(404, "");
    mine.heardAt = world.now();
    if (method === "DELETE") {
      mine.connection.gone();
      https.delete(id);
      return answer(204, "");
    }
    if (method === "POST") {
      const seq = Number(searchParams.get("seq"));
      if (seq > mine.next) {
        server.violations.push(`POST ${seq}, expected ${mine.next}`);
        return answer(409, "");
      }
      if (mine.close) return answer(410, "");
      if (seq === mine.next) {
        mine.next += 1;
        const view = new DataView(body.buffer);
        for (let at = 0; at < body.length; ) {
          const length = view.getUint32(at + 4);
          const payload = body.subarray(at + 8, at + 8 + length);
          if (body[at] === 0) mine.connection.text(new TextDecoder().decode(payload));
          else mine.connection.binary(payload);
          at += 8 + length;
        }
      }
      return answer(204, "");
    }
    const after = Number(searchParams.get("after"));
    mine.messages = mine.messages.filter(({ number }) => number > after);
    const say = () => {
      mine.heardAt = world.now();
      answer(200, JSON.stringify({ messages: mine.messages, close: mine.close }));
    };
    if (mine.messages.length > 0 || mine.close) return say();
    if (mine.waiting) mine.waiting();
    mine.waiting = say;
    world.at(20000, () => {
      if (mine.waiting !== say) return;
      mine.waiting = null;
      say();
    });
    return undefined;
  }

  return Object.assign(net, { page });
}
