import assert from "node:assert/strict";
import { test } from "node:test";
import { keepPage } from "../../web/capture/keep-page.js";

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param {unknown} registration what the browser answers, or an error */
async function kept(registration) {
  const asked = [];
  const serviceWorker = {
    async register(...about) {
      asked.push(about);
      if (registration instanceof Error) throw registration;
      return registration;
    },
  };
  let changes = 0;
  const page = keepPage({ serviceWorker }, () => void (changes += 1));
  assert.equal(page.state, "unknown");
  await settle();
  assert.deepEqual(asked, [["/service-worker.js", { updateViaCache: "none" }]]);
  return { page, changes: () => changes };
}

test("a page that is kept already", async () => {
  const { page, changes } = await kept({ active: {} });
  assert.equal(page.state, "kept");
  assert.equal(changes(), 1);
});

test("a page that is being kept for the first time is not yet kept", async () => {
  for (const [end, state] of [["activated", "kept"], ["redundant", "not"]]) {
    const worker = Object.assign(new EventTarget(), { state: "installing" });
    const { page } = await kept({ active: null, installing: worker });
    assert.equal(page.state, "unknown");
    worker.state = end;
    worker.dispatchEvent(new Event("statechange"));
    assert.equal(page.state, state);
  }
});

test("a refusal is silent: a certificate that is not trusted, a browser without service workers", async () => {
  const { page } = await kept(new Error("An SSL certificate error occurred"));
  assert.equal(page.state, "not");
  const without = keepPage({}, () => {});
  await settle();
  assert.equal(without.state, "not");
});
