import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttpsSocket } from "../../web/lib/https-socket.js";
import { settle } from "./support/virtual-time.mjs";

const ORIGIN = "https://server:1";

/** Requests that wait for the test to answer them. */
function exchange() {
  const requests = [];
  const fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const request = {
        what: `${init.method} ${url.replace(`${ORIGIN}/api/ingest`, "")}`,
        init,
        frames: init.body ? unframed(init.body) : [],
        answer: (status, body = "") => {
          const text = typeof body === "string" ? body : JSON.stringify(body);
          resolve({ status, ok: status >= 200 && status < 300, text: async () => text });
          return settle();
        },
        fail: () => {
          reject(new TypeError("Failed to fetch"));
          return settle();
        },
      };
      if (init.signal) init.signal.addEventListener("abort", request.fail);
      requests.push(request);
    });
  return { fetch, requests, of: (start) => requests.filter(({ what }) => what.startsWith(start)) };
}

function unframed(body) {
  const view = new DataView(body.buffer);
  const frames = [];
  for (let at = 0; at < body.length; ) {
    const length = view.getUint32(at + 4);
    assert.deepEqual(Array.from(body.subarray(at + 1, at + 4)), [0, 0, 0]);
    const payload = body.slice(at + 8, at + 8 + length);
    frames.push(body[at] === 0 ? new TextDecoder().decode(payload) : Array.from(payload));
    at += 8 + length;
  }
  return frames;
}

/** An open socket; its requests end with the test. */
async function opened(t) {
  const net = exchange();
  const pauses = [];
  const heard = [];
  const time = { ms: 0 };
  const socket = createHttpsSocket(ORIGIN, {
    fetch: net.fetch,
    pause: async (ms) => {
      pauses.push(ms);
    },
    progress: () => time.ms,
  });
  t.after(() => socket.close());
  socket.onopen = () => heard.push("open");
  socket.onmessage = ({ data }) => heard.push(data);
  socket.onclose = ({ code, reason }) => heard.push(`close ${code} ${reason}`);
  await settle();
  await net.requests[0].answer(201, { connection: "c1" });
  return { ...net, socket, heard, pauses, time };
}

test("it is made by an empty POST that no browser asks permission for", async (t) => {
  const { requests, heard, of } = await opened(t);
  assert.equal(requests[0].what, "POST ");
  assert.equal(requests[0].init.body, undefined);
  assert.equal(requests[0].init.headers, undefined);
  assert.deepEqual(heard, ["open"]);
  assert.deepEqual(of("GET").map(({ what }) => what), ["GET /c1?after=0"]);
});

test("a server that is not there, or is none, closes it", async () => {
  for (const end of [(r) => r.fail(), (r) => r.answer(404), (r) => r.answer(201, "{}"), (r) => r.answer(200, { connection: "c" })]) {
    const { fetch, requests } = exchange();
    const socket = createHttpsSocket(ORIGIN, { fetch });
    const closes = [];
    socket.onclose = ({ code }) => closes.push(code);
    await settle();
    await end(requests[0]);
    assert.deepEqual(closes, [1006]);
  }
});

test("messages travel in numbered POSTs, one at a time, all that wait in one", async (t) => {
  const { socket, of } = await opened(t);
  socket.send("hello ü");
  socket.send(new Uint8Array([1, 2]));
  socket.send("b");
  assert.equal(socket.bufferedAmount, 11);
  assert.deepEqual(of("POST /").map(({ what, frames }) => [what, frames]), [["POST /c1?seq=0", ["hello ü"]]]);
  await of("POST /")[0].answer(204);
  assert.deepEqual(of("POST /")[1].frames, [[1, 2], "b"]);
  assert.equal(of("POST /")[1].what, "POST /c1?seq=1");
  assert.equal(socket.bufferedAmount, 3);
  await of("POST /")[1].answer(204);
  assert.equal(socket.bufferedAmount, 0);
  assert.equal(of("POST /").length, 2);
});

test("a body has at most 1 MiB", async (t) => {
  const { socket, of } = await opened(t);
  socket.send("first");
  for (let piece = 0; piece < 5; piece += 1) socket.send(new Uint8Array(262144));
  await of("POST /")[0].answer(204);
  assert.equal(of("POST /")[1].frames.length, 3);
  assert.ok(of("POST /")[1].init.body.length <= 1024 * 1024);
  await of("POST /")[1].answer(204);
  assert.equal(of("POST /")[2].frames.length, 2);
});

test("a POST whose answer is lost is repeated under its number, unchanged", async (t) => {
  const { socket, of, pauses } = await opened(t);
  socket.send("a");
  await of("POST /")[0].fail();
  socket.send("b");
  await of("POST /")[1].answer(502);
  await of("POST /")[2].answer(429);
  await of("POST /")[3].answer(204);
  assert.deepEqual(of("POST /").map(({ what, frames }) => [what, frames]), [
    ["POST /c1?seq=0", ["a"]],
    ["POST /c1?seq=0", ["a"]],
    ["POST /c1?seq=0", ["a"]],
    ["POST /c1?seq=0", ["a"]],
    ["POST /c1?seq=1", ["b"]],
  ]);
  assert.deepEqual(pauses, [250, 500, 1000]);
});

test("after half a minute in vain there is nothing left to go on with", async (t) => {
  const { socket, of, heard, time } = await opened(t);
  socket.send("a");
  await of("POST /")[0].fail();
  time.ms = 31000;
  await of("POST /")[1].fail();
  assert.deepEqual(heard, ["open", "close 1006 "]);
  assert.equal(of("POST /").length, 2);
});

test("what the server says comes once and in order, though the answer is asked for twice", async (t) => {
  const { of, heard } = await opened(t);
  await of("GET")[0].answer(200, { messages: [{ number: 1, text: "one" }, { number: 2, text: "two" }], close: null });
  assert.equal(of("GET")[1].what, "GET /c1?after=2");
  await of("GET")[1].fail();
  assert.equal(of("GET")[2].what, "GET /c1?after=2");
  await of("GET")[2].answer(200, { messages: [{ number: 2, text: "two" }, { number: 3, text: "three" }], close: null });
  await of("GET")[3].answer(200, { messages: [], close: null });
  assert.deepEqual(heard, ["open", "one", "two", "three"]);
  assert.equal(of("GET")[4].what, "GET /c1?after=3");
});

test("the close comes behind the last message, once", async (t) => {
  const { socket, of, heard, requests } = await opened(t);
  await of("GET")[0].answer(200, { messages: [{ number: 1, text: "summary" }], close: { code: 1000, reason: "done" } });
  assert.deepEqual(heard, ["open", "summary", "close 1000 done"]);
  const count = requests.length;
  socket.send("late");
  socket.close();
  await settle();
  assert.equal(requests.length, count);
  assert.equal(heard.length, 3);
});

test("a POST that finds the connection over leaves it to the GET to say why", async () => {
  let goOn = () => {};
  const net = exchange();
  const heard = [];
  const socket = createHttpsSocket(ORIGIN, { fetch: net.fetch, pause: () => new Promise((resolve) => (goOn = resolve)) });
  socket.onclose = ({ code, reason }) => heard.push([code, reason]);
  await settle();
  await net.requests[0].answer(201, { connection: "c1" });
  socket.send("a");
  await net.of("POST /")[0].answer(410);
  await net.of("GET")[0].answer(200, { messages: [], close: { code: 1013, reason: "full" } });
  goOn();
  await settle();
  assert.deepEqual(heard, [[1013, "full"]]);
});

test("a connection that nobody knows is over", async (t) => {
  for (const status of [404, 410, 409]) {
    const { of, heard } = await opened(t);
    await of("GET")[0].answer(status);
    assert.deepEqual(heard, ["open", "close 1006 "]);
  }
});

test("close ends the requests and tells the server", async (t) => {
  const { socket, of, heard } = await opened(t);
  socket.send("a");
  socket.close(4408, "silent");
  await settle();
  assert.deepEqual(heard, ["open", "close 4408 silent"]);
  assert.equal(of("DELETE").length, 1);
  assert.equal(of("DELETE")[0].init.keepalive, true);
  assert.ok(of("POST /")[0].init.signal.aborted);
  assert.ok(of("GET")[0].init.signal.aborted);
  await of("DELETE")[0].fail();
});

test("a connection that opens after it was given up is ended", async () => {
  const { fetch, requests, of } = exchange();
  // The browser is as late with the abort as it likes.
  const socket = createHttpsSocket(ORIGIN, { fetch: (url, init) => fetch(url, { ...init, signal: undefined }) });
  socket.onopen = () => assert.fail("it was closed before");
  await settle();
  socket.close();
  await requests[0].answer(201, { connection: "c9" });
  assert.deepEqual(of("DELETE").map(({ what }) => what), ["DELETE /c9"]);
});

test("a server that answers at once and says nothing is not asked without end", async (t) => {
  const { of, pauses, time } = await opened(t);
  await of("GET")[0].answer(200, { messages: [], close: null });
  assert.deepEqual(pauses, [250]);
  time.ms += 20000;
  await of("GET")[1].answer(200, { messages: [], close: null });
  assert.deepEqual(pauses, [250], "it waited");
  await of("GET")[2].answer(200, { messages: [{ number: 1, text: "a" }], close: null });
  assert.deepEqual(pauses, [250], "it had something to say");
  assert.equal(of("GET").length, 4);
});
