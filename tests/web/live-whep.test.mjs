import assert from "node:assert/strict";
import { test } from "node:test";
import { missingIn, offer } from "../../web/live/whep.js";

const answering = (status, body, headers = {}) => {
  const asked = [];
  const fetch = async (url, how) => {
    asked.push([how.method, url, how.keepalive === true]);
    return { status, text: async () => body, headers: new Map(Object.entries(headers)) };
  };
  // As `Headers` does.
  const wrapped = async (url, how) => {
    const answer = await fetch(url, how);
    return { ...answer, headers: { get: (name) => (answer.headers.has(name) ? answer.headers.get(name) : null) } };
  };
  return { asked, ask: () => offer({ fetch: wrapped, url: "https://x:5001/whep/door", sdp: "offer", signal: new AbortController().signal }) };
};

test("an answer, and its end, also out of a page that is left", async () => {
  const { asked, ask } = answering(201, "answer", { Location: "/whep/door/7", "localcamera-sound": "missing; reason=no_ffmpeg" });
  const answer = await ask();
  assert.deepEqual([answer.refusal, answer.sdp, answer.missingSound], [null, "answer", "no_ffmpeg"]);
  answer.end();
  assert.deepEqual(asked, [["POST", "https://x:5001/whep/door", false], ["DELETE", "https://x:5001/whep/door/7", true]]);
});

test("a refusal, with the server's reason or without one", async () => {
  const refused = async (body) => (await answering(406, body).ask()).refusal;
  assert.deepEqual(await refused('{"error":{"code":"not_playable","message":"no VP8."}}'), { status: 406, text: "no VP8" });
  assert.deepEqual(await refused("<h1>Bad Gateway</h1>"), { status: 406, text: "" });
  assert.deepEqual(await refused('{"error":7}'), { status: 406, text: "" });
});

test("what is said of the sound", () => {
  assert.equal(missingIn(null), null);
  for (const there of ["none", "original", "converted", ""]) assert.equal(missingIn(there), null, there);
  assert.equal(missingIn("missing; reason=too_many"), "too_many");
  assert.equal(missingIn("missing"), "unknown");
});
