import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecretIn, takePairSecret } from "../../web/lib/pair-secret.js";
import { createSignedOut } from "../../web/lib/signed-out.js";
import { wayBack } from "../../web/lib/way-back.js";

const OWN = "https://192.168.1.3:5001";

test("a page of this server is gone back to, with all of its address", () => {
  for (const path of ["/", "/live", "/live?lang=zh#door", "/devices#let-in", "/embed/door?path=mse", "/live?to=//elsewhere.example"]) assert.equal(wayBack(path, OWN), path);
});

test("nothing leads to another server, however it is written", () => {
  const tried = [
    "https://elsewhere.example/", "//elsewhere.example", "//elsewhere.example/x", "/\\elsewhere.example/x", "///elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example", "/\t/elsewhere.example",
    "/\n/elsewhere.example", " //elsewhere.example", "/%09/../\\elsewhere.example", "javascript:alert(1)", "data:text/html,x", "live", "", "?to=/x", "#x",
    "/.//elsewhere.example", "/x/..//elsewhere.example", "/./\u0000/elsewhere.example", "https:elsewhere.example", "http://192.168.1.3:5001/live",
    `${OWN}@elsewhere.example/`, `${OWN}/live`, "/\u007f/elsewhere.example", "/api/access/sign-out", null, undefined, 7, ["/live"], `/${"x".repeat(2001)}`,
  ];
  for (const one of tried) assert.equal(wayBack(one, OWN), "/", String(one));
  // Whatever is given, the browser stays where it is.
  for (const one of tried.concat(["/live"])) assert.equal(new URL(wayBack(one, OWN), OWN).origin, OWN);
});

test("the secret of a link leaves the address before anything else, and only a secret is one", () => {
  const secret = "A".repeat(43);
  const replaced = [];
  const page = (hash) => ({ location: { hash, pathname: "/", search: "?lang=zh" }, history: { state: 1, replaceState: (...all) => replaced.push(all) } });
  assert.equal(takePairSecret(page(`#pair=${secret}`)), secret);
  assert.deepEqual(replaced, [[1, "", "/?lang=zh"]]);
  assert.equal(takePairSecret(page("#pair=<b>")), null);
  assert.equal(replaced.length, 2, "also one that is damaged");
  assert.equal(takePairSecret(page("#door")), null);
  assert.equal(replaced.length, 2);
  assert.equal(pairSecretIn(`https://192.168.1.3:5001/#pair=${secret}\n`), secret);
  assert.equal(pairSecretIn(`https://192.168.1.3:5001/?pair=${secret}`), null);
});

/** @param {string | null} who what the server says of this browser, null where it does not answer */
function door(who = "nobody", storage = undefined) {
  const map = new Map();
  const seen = { reloads: 0, stays: 0, looks: 0 };
  const world = { nowMs: 1_000_000 };
  const make = () =>
    createSignedOut({
      page: { location: { reload: () => { seen.reloads += 1; } } },
      storage: storage === undefined ? { getItem: (key) => map.get(key) || null, setItem: (key, value) => map.set(key, value) } : storage,
      access: { look: async () => { seen.looks += 1; if (who === null) throw new Error("away"); return { you: { who } }; } },
      onStay: () => { seen.stays += 1; },
      now: () => world.nowMs,
    });
  return { make, seen, world };
}

test("a page that is nobody's is loaded again once, and where that does not help it says so", () => {
  const { make, seen, world } = door();
  const first = make();
  first.out();
  first.out();
  assert.deepEqual([seen.reloads, seen.stays], [1, 0]);
  world.nowMs += 3000;
  make().out();
  assert.deepEqual([seen.reloads, seen.stays], [1, 1], "it has just been loaded");
  world.nowMs += 60_000;
  make().out();
  assert.equal(seen.reloads, 2, "signed out anew, much later");
});

test("a browser that remembers nothing is not sent around", () => {
  const { make, seen } = door("nobody", null);
  make().out();
  assert.deepEqual([seen.reloads, seen.stays], [0, 1]);
});

test("a connection that is lost is a doubt: only the server's word that this browser is nobody's leads to the way in", async () => {
  for (const [who, reloads] of [["nobody", 1], ["browser", 0], ["everyone", 0], [null, 0]]) {
    const { make, seen, world } = door(who);
    const one = make();
    await one.doubt();
    await one.doubt();
    assert.deepEqual([seen.reloads, seen.looks], [reloads, 1], `${who}: asked once in a while`);
    world.nowMs += 6000;
    await one.doubt();
    assert.equal(seen.looks, reloads === 1 ? 1 : 2);
  }
});
