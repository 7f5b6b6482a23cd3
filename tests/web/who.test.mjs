import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAccess } from "../../web/lib/access.js";
import { createStrings } from "../../web/lib/strings.js";
import { createWho } from "../../web/lib/who.js";
import { createDom } from "./support/fake-dom.mjs";

const strings = createStrings(JSON.parse(readFileSync(new URL("../../web/strings/en.json", import.meta.url), "utf8")), "en");

test("a page says who is signed in: the person, else the browser by its name", async () => {
  const dom = createDom();
  for (const id of ["who", "sign-in-open", "sign-out"]) dom.document.body.append(dom.make("span", { id }));
  let told = null;
  const heard = [];
  const who = createWho({ page: {}, strings, access: { look: async () => told, signOut: async () => {} }, onKnown: ({ you }) => heard.push(you.role) });
  const says = async (you) => {
    told = parseAccess({ mode: "paired", you });
    await who.look();
    // Names are kept apart from what stands around them.
    return dom.all("#who").map(({ textContent }) => textContent.replace(/[\u2068\u2069]/g, ""))[0] ?? "";
  };
  const browser = { who: "browser", id: "b", name: "Firefox on Linux", role: "admin" };
  assert.equal(await says({ ...browser, person: null }), "Firefox on Linux: admin");
  assert.equal(await says({ ...browser, person: "Ana" }), "Ana: admin");
  assert.equal(await says({ who: "nobody" }), "");
  assert.deepEqual(heard, ["admin", "admin", null]);
});
