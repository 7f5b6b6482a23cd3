// The server of docs/protocol.md without a network or a disk: what it may refuse, forget and repeat, it does.
//
//   const server = createModelServer({ random, now, creditBytes, messageBytes });
//   const connection = server.connect({ say(text) {}, close(code, reason) {} });
//   connection.text(text); connection.binary(bytes); connection.gone();
//   server.commit();          // some of what was received becomes durable
//   server.restart();         // what was not is forgotten; connections are cut
//   server.wipe();            // somebody removed the recordings
//   server.violations         // what a device must never do

/**
 * @param {object} options
 * @param {() => number} options.random
 * @param {() => number} options.now
 * @param {number} [options.creditBytes]
 * @param {number} [options.messageBytes]
 */
export function createModelServer({ random, now, creditBytes = 4000, messageBytes = 1016 }) {
  const violations = [];
  /** What is durable of a stopped session stays known. */
  const session = { generations: new Map(), events: [], kept: new Map(), clocks: [], stopped: false, known: false };
  let arrivals = 0;
  /** Connections do not outlive the process. */
  let lives = 0;
  let current = null;
  let isFull = false;
  let addresses = [];
  const counts = { connections: 0, restarts: 0, resentBytes: 0, takenBytes: 0, lost: 0 };

  const broken = (what) => violations.push(what);
  const outstanding = () => {
    let sum = 0;
    for (const g of session.generations.values()) sum += g.bytes.length - g.durable;
    return sum;
  };
  const credit = () => (isFull ? 0 : creditBytes);
  const position = ([generation, g]) => ({
    generation,
    received: g.bytes.length,
    durable: g.durable,
    ended: g.ended,
  });
  const summary = () => ({ type: "summary", session: "session-0001", folder: "f", files: [] });

  /** The events that came before a byte that is durable are durable. */
  function keepEvents(arrival) {
    session.events = session.events.filter((event) => {
      if (event.arrival > arrival) return true;
      session.kept.set(event.text, (session.kept.get(event.text) || 0) + 1);
      return false;
    });
  }

  function makeDurable(generation, g, below) {
    if (below <= g.durable) return false;
    g.durable = below;
    // The arrival of the last of these bytes.
    const mark = g.marks.find(({ end }) => end >= below);
    keepEvents(mark.arrival);
    if (current) {
      current.say({ type: "ack", generation, received: g.bytes.length, durable: g.durable, media_ms: g.durable, credit_bytes: credit() });
    }
    return true;
  }

  function tryToStop() {
    if (!session.stopping || !current) return;
    for (const { generation, bytes } of session.stopping) {
      const g = session.generations.get(generation);
      if (!g.givenUp && g.bytes.length !== bytes) return;
    }
    for (const [generation, g] of session.generations) {
      g.ended = true;
      makeDurable(generation, g, g.bytes.length);
    }
    keepEvents(Infinity);
    session.stopped = true;
    current.say(summary());
    const closing = current;
    current = null;
    closing.close(1000, "");
  }

  function connect(peer) {
    counts.connections += 1;
    let greeted = false;
    let over = false;
    const life = lives;
    const mine = {
      say: (message) => {
        if (!over) peer.say(JSON.stringify(message));
      },
      close: (code, reason) => {
        if (over) return;
        over = true;
        if (current === mine) current = null;
        peer.close(code, reason);
      },
    };
    const fail = (code, message, close) => {
      broken(`${code}: ${message}`);
      mine.say({ type: "error", code, message });
      mine.close(close, message);
    };

    const hear = {
      hello(message) {
        if (greeted) return fail("bad_message", "hello was said already", 4400);
        greeted = true;
        if (isFull && random() < 0.5) {
          mine.say({ type: "error", code: "storage", message: "full" });
          return mine.close(1013, "full");
        }
        if (current) {
          current.say({ type: "error", code: "session_in_use", message: "taken over" });
          current.close(4409, "taken over");
        }
        current = mine;
        mine.say({
          type: "welcome",
          session: message.session,
          resumed: session.known,
          now_ms: now(),
          positions: Array.from(session.generations, position),
          limits: { message_bytes: messageBytes, credit_bytes: credit(), idle_ms: 30000 },
          addresses,
          retry_ms: 100,
        });
        session.known = true;
        session.stopping = null;
        for (const { generation, first, end } of message.holds || []) {
          const g = session.generations.get(generation);
          const has = g ? g.bytes.length : 0;
          if (first <= has || first >= end || (g && g.ended)) continue;
          counts.lost += 1;
          session.generations.set(generation, { ...fresh(), ...g, givenUp: true, ended: true });
          mine.say({ type: "error", code: "lost", message: "gone", generation });
        }
        if (session.stopped) {
          mine.say(summary());
          mine.close(1000, "");
        }
        return undefined;
      },
      generation(message) {
        const numbers = Array.from(session.generations.keys());
        const next = numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
        if (message.generation > next) return fail("bad_message", `generation ${next} was not announced`, 4400);
        const g = session.generations.get(message.generation) || fresh();
        g.begun = true;
        g.about = g.about || message;
        session.generations.set(message.generation, g);
        return undefined;
      },
      generation_end({ generation, bytes }) {
        const g = session.generations.get(generation);
        if (!g) return fail("bad_message", `generation ${generation} was not announced`, 4400);
        if (g.givenUp) return undefined;
        if (g.bytes.length > bytes) return fail("bad_message", `generation ${generation} is longer than ${bytes}`, 4400);
        g.length = bytes;
        if (g.bytes.length === bytes) g.ended = true;
        return undefined;
      },
      event(message) {
        session.events.push({ text: JSON.stringify(message), arrival: (arrivals += 1) });
      },
      clock({ generation, end, at_ms }) {
        const g = session.generations.get(generation);
        if (!g) return fail("bad_message", `clock of an unknown generation ${generation}`, 4400);
        if (g.bytes.length - end > 1024 * 1024) broken("a clock came late");
        session.clocks.push({ generation, end, at_ms });
        return undefined;
      },
      stop({ generations }) {
        for (const end of generations) hear.generation_end(end);
        if (over) return;
        for (const [number] of session.generations) {
          if (!generations.some(({ generation }) => generation === number)) broken(`the stop does not name generation ${number}`);
        }
        session.stopping = generations;
        tryToStop();
      },
    };

    return {
      text(text) {
        if (over || life !== lives) return;
        const message = JSON.parse(text);
        if (!greeted && message.type !== "hello") return void fail("bad_message", "the first message must be hello", 4400);
        hear[message.type](message);
      },
      binary(data) {
        if (over || life !== lives) return;
        const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
        const generation = view.getUint32(4);
        const start = Number(view.getBigUint64(8));
        const payload = data.subarray(16);
        if (data.length > messageBytes) broken(`a message of ${data.length} bytes`);
        const g = session.generations.get(generation);
        if (!g || (!g.begun && !g.givenUp)) return void fail("bad_message", `generation ${generation} was not announced`, 4400);
        if (g.givenUp) return;
        if (start > g.bytes.length) return void fail("hole", `${g.bytes.length} to ${start} of ${generation} are missing`, 4400);
        const known = g.bytes.length - start;
        counts.resentBytes += Math.min(known, payload.length);
        if (known >= payload.length) return;
        if (g.ended) return void fail("bad_message", `generation ${generation} has ended`, 4400);
        for (const byte of payload.subarray(known)) g.bytes.push(byte);
        counts.takenBytes += payload.length - known;
        g.marks.push({ end: g.bytes.length, arrival: (arrivals += 1) });
        if (g.length !== null && g.bytes.length > g.length) return void fail("bad_message", "longer than announced", 4400);
        if (g.length === g.bytes.length) g.ended = true;
        if (outstanding() > creditBytes) broken(`${outstanding()} bytes are on the way, the credit is ${creditBytes}`);
        tryToStop();
      },
      /** The network says that it is over. */
      gone() {
        over = true;
        if (current === mine) current = null;
      },
      get over() {
        return over;
      },
    };
  }

  const fresh = () => ({ begun: false, about: null, bytes: [], marks: [], durable: 0, length: null, ended: false, givenUp: false });

  return {
    connect,
    session,
    violations,
    counts,
    set addresses(list) {
      addresses = list;
    },

    commit() {
      for (const [generation, g] of session.generations) {
        const span = g.bytes.length - g.durable;
        if (isFull || span === 0) continue;
        const below = random() < 0.5 ? g.bytes.length : g.durable + Math.floor(random() * (span + 1));
        makeDurable(generation, g, below);
      }
    },

    fill() {
      isFull = true;
      if (current) current.say({ type: "error", code: "storage", message: "full" });
    },

    makeRoom() {
      if (!isFull) return;
      isFull = false;
      const first = Array.from(session.generations)[0];
      if (!current) return;
      const at = first ? position(first) : { generation: 0, received: 0, durable: 0 };
      current.say({ type: "ack", ...at, credit_bytes: credit() });
    },

    /** kill -9 where `gently` is false: nobody is told anything. */
    restart({ gently = false } = {}) {
      counts.restarts += 1;
      lives += 1;
      const told = current;
      if (gently && told) told.say({ type: "error", code: "shutting_down", message: "" });
      current = null;
      if (gently && told) told.close(1012, "");
      session.events = [];
      session.stopping = null;
      for (const [generation, g] of session.generations) {
        if (g.durable === 0 && !g.givenUp) {
          session.generations.delete(generation);
          continue;
        }
        g.bytes.length = g.durable;
        g.marks = g.marks.filter(({ end }) => end <= g.durable);
        // Whether its end was on disk, too, is chance.
        if (!g.givenUp && !session.stopped) {
          g.ended = g.length === g.durable && random() < 0.7;
          g.length = g.ended ? g.length : null;
        }
      }
    },

    wipe() {
      session.generations.clear();
      session.events = [];
      session.known = false;
      session.stopping = null;
    },
  };
}
