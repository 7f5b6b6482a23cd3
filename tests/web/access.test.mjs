import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessError, createAccess, parseAccess, retryAfterMs } from "../../web/lib/access.js";
import { createClaims } from "../../web/lib/claims.js";
import { onSignedOut, requestJson } from "../../web/lib/request.js";

const BROWSER = { mode: "paired", you: { who: "browser", id: "b1", name: "iPad", role: "camera", scope: null } };
const NOBODY = { mode: "paired", you: { who: "nobody", role: null } };

function storage(kept = {}) {
  const map = new Map(Object.entries(kept));
  return { map, getItem: (key) => (map.has(key) ? map.get(key) : null), setItem: (key, value) => map.set(key, String(value)), removeItem: (key) => map.delete(key) };
}

/** What the server answers, in order. @param {import("node:test").TestContext} t @param {...({ status?: number, body?: unknown, retryAfter?: string } | Error)} answers */
function server(t, ...answers) {
  const asked = [];
  t.mock.method(globalThis, "fetch", async (path, { method = "GET", body, headers = {} }) => {
    asked.push({ path, method, body: body === undefined ? null : JSON.parse(body), headers });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    const { status = 200, body: told, retryAfter = null } = answer;
    const text = told === undefined ? "" : typeof told === "string" ? told : JSON.stringify(told);
    return { ok: status < 300, status, text: async () => text, json: async () => JSON.parse(text), headers: { get: (name) => (name === "Retry-After" ? retryAfter : null) } };
  });
  return asked;
}

test("a claim has 256 random bits, is kept over a reload until this browser is in, and is never a second one's", () => {
  const place = storage();
  const first = createClaims(place);
  const claim = first.current();
  assert.match(claim, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(first.current(), claim);
  assert.equal(createClaims(place).current(), claim, "the page was loaded again");
  first.settle();
  assert.equal(place.map.size, 0);
  assert.notEqual(first.current(), claim);
  assert.notEqual(createClaims(storage()).current(), createClaims(storage()).current());
});

test("a claim that somebody has put there in another form is not taken, and without storage there is one for the page", () => {
  assert.match(createClaims(storage({ "localcamera.claim": "short" })).current(), /^[A-Za-z0-9_-]{43}$/);
  const claims = createClaims(null);
  assert.equal(claims.current(), claims.current());
});

test("a repeated attempt shows the same claim, and one that succeeds is the last with it", async (t) => {
  const place = storage();
  const access = createAccess({ claims: createClaims(place) });
  const asked = server(t, new Error("the answer was lost"), { body: BROWSER }, { body: BROWSER });
  await assert.rejects(access.pair("123456", "iPad", { id: "d", key: "k" }), { code: "no_answer" });
  assert.equal(place.map.size, 1);
  const known = await access.pair("123456", "iPad", { id: "d", key: "k" });
  assert.equal(known.you.role, "camera");
  assert.deepEqual(asked[0].body, asked[1].body);
  assert.deepEqual({ ...asked[1].body, claim: "" }, { code: "123456", name: "iPad", device: { id: "d", key: "k" }, claim: "" });
  assert.equal(asked[2].path, "/api/access");
  assert.equal(place.map.size, 0);
});

test("a browser that does not keep its cookie is told so, and keeps its claim", async (t) => {
  const place = storage();
  const access = createAccess({ claims: createClaims(place) });
  server(t, { body: BROWSER }, { body: NOBODY });
  await assert.rejects(access.signIn("Anna", "secret", "Mac"), { code: "no_cookie" });
  assert.equal(place.map.size, 1);
});

test("what the server refuses has its code, its sentence and when to come back", async (t) => {
  const access = createAccess({ claims: createClaims(null) });
  server(
    t,
    { status: 403, body: { error: { code: "wrong_code", message: "This is\nwrong." } } },
    { status: 429, body: { error: { code: "too_many", message: "" } }, retryAfter: "540" },
    { status: 502, body: "<html>a proxy" },
  );
  await assert.rejects(access.pair("1", "x"), (error) => error instanceof AccessError && error.code === "wrong_code" && error.said === "This is wrong." && error.retryAfterMs === null);
  await assert.rejects(access.pair("1", "x"), { code: "too_many", retryAfterMs: 540_000 });
  await assert.rejects(access.pair("1", "x"), { code: "unknown", status: 502 });
});

test("when to come back is read as seconds or not at all", () => {
  assert.deepEqual(["0", " 60 ", "-1", "1e3", "Wed, 21 Oct 2026 07:28:00 GMT", "", null].map(retryAfterMs), [0, 60_000, null, null, null, null, null]);
});

test("what the server does not say is not claimed", () => {
  assert.equal(parseAccess(null), null);
  assert.equal(parseAccess({ mode: "party" }), null);
  const known = parseAccess({ mode: "paired", first_decision: "yes", you: { who: "king", role: "root", name: "\u202eA\nB", scope: ["a", 1, ""] } });
  assert.deepEqual(known, { mode: "paired", canDecide: false, hasPasswords: false, place: { page: "", beside: "" }, you: { who: "nobody", id: "", name: "A B", person: "", role: null, scope: ["a"] } });
});

test("where others find the server is what it says, and no program of somebody else's", () => {
  const place = (page, beside = null) => parseAccess({ mode: "paired", page, beside, you: {} }).place;
  assert.deepEqual(place("https://192.168.1.3:5001", "https://bench.local:5001"), { page: "https://192.168.1.3:5001", beside: "https://bench.local:5001" });
  for (const odd of ["javascript:alert(1)", "http://192.168.1.3", "nowhere", 7, null]) assert.deepEqual(place(odd), { page: "", beside: "" });
});

test("a link that makes the first admin has decided, and that admin chooses", async (t) => {
  const admin = { mode: "paired", you: { who: "browser", role: "admin" } };
  const access = createAccess({ claims: createClaims(null) });
  const asked = server(t, { body: { ...admin, mode: "undecided" } }, { body: admin }, { body: admin }, { body: admin }, { body: BROWSER }, { body: BROWSER }, { status: 204 }, { body: { ...admin, mode: "network" } });
  assert.equal((await access.pair("secret", "Mac")).hasDecided, true);
  assert.equal((await access.pair("secret", "Mac")).hasDecided, false, "somebody has before");
  assert.equal((await access.pair("123456", "iPad")).hasDecided, false);
  assert.equal((await access.choose("network")).mode, "network");
  assert.deepEqual(asked.slice(-2).map(({ method, path, body }) => [method, path, body]), [["PUT", "/api/access/mode", { mode: "network" }], ["GET", "/api/access", null]]);
});

test("a link's token goes into a header of what is asked", async (t) => {
  const asked = server(t, { body: NOBODY });
  await createAccess({ claims: createClaims(null), token: "lcl_x" }).look();
  assert.deepEqual([asked[0].path, asked[0].headers.authorization], ["/api/access", "Bearer lcl_x"]);
});

test("whoever asks as nobody is heard of by the page, and no other refusal is", async (t) => {
  let heard = 0;
  onSignedOut(() => {
    heard += 1;
  });
  server(t, { status: 403 }, { status: 401 });
  await assert.rejects(requestJson("/api/devices"), { status: 403 });
  assert.equal(heard, 0);
  await assert.rejects(requestJson("/api/devices"), { status: 401 });
  assert.equal(heard, 1);
});
