// The network goes in the middle of a recording, as Wi-Fi does, and comes back: nobody touches the page, and nothing is
// missing. LOCALCAMERA_OFFLINE_SECONDS says how long it is away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes } from "../../web/lib/format.js";
import { arrived, elapsed, handedOver, reasonsOf } from "./support/arrivals.mjs";
import { open, reaches, record, stop, truth } from "./support/capture.mjs";
import { openChromium } from "./support/chromium.mjs";
import { handedLengths, tapLastingly } from "./support/lasting-tap.mjs";
import { overhear } from "./support/overheard.mjs";
import { startProxy } from "./support/proxy.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

/** More than the 5 s after which the page says that nothing is saved. */
const away = Math.max(7, Number(process.env["LOCALCAMERA_OFFLINE_SECONDS"] ?? 10));
/** One message of media: it was sent, and never came. */
const LOST_BYTES = 65536;

/** @param {number[]} lengths */
const sum = (lengths) => lengths.reduce((all, length) => all + length, 0);
/** Runs in the page. */
const light = () => document.body.dataset["light"];

test(`the network is away for ${away} s: what was recorded meanwhile is on the server soon after, and no gap`, { timeout: (away + 150) * 1000 }, async (t) => {
  const server = await startServer(t);
  const proxy = await startProxy(t, server.https);
  const browser = await openChromium(t, server, { tap: false, unreachable: [server.https] });
  await tapLastingly(browser.context);
  const page = await browser.newPage();
  const heard = overhear(page.playwright);
  /** On the page's clock, which counts what is recorded. */
  const recordedSeconds = async () => (await page.evaluate(elapsed)).split(":").reduce((all, part) => 60 * all + Number(part), 0);
  await open(page, proxy.url);
  await record(page);
  await handedOver(page, 1, 4);
  await until("something on the server's disk", () => heard.durable > 0);

  const lost = await proxy.lose(LOST_BYTES);
  const since = performance.now();
  const before = await recordedSeconds();
  await reaches(page, "offline");
  const { sent, durable } = heard;
  await until(`${away} s without a network`, async () => (await recordedSeconds()) >= before + away && performance.now() - since >= away * 1000, { within: (away + 20) * 1000 });

  // A piece that was handed over a moment ago is not counted yet.
  let said = "";
  await until("the truth about what waits", async () => {
    said = await truth(page);
    const pieces = await handedLengths(page);
    const waiting = [0, 1, 2].map((recent) => formatBytes(sum(pieces.slice(0, pieces.length - recent)) - durable));
    return waiting.some((amount) => said.includes(`; ${amount} waiting here.`));
  }, { explain: async () => `${said} ${sum(await handedLengths(page))} handed over, ${durable} durable` });
  const [, quiet] = said.match(/^Nothing saved for (\d+) s: no connection\. On the server up to [\d:]+;/) ?? [];
  assert.ok(Number(quiet) >= away - 1, said);
  assert.equal(await page.evaluate(light), "bad");
  assert.equal(heard.durable, durable, "nothing is confirmed over a network that is away");

  const handed = sum(await handedLengths(page));
  await proxy.restore();
  const back = performance.now();
  const took = () => ((performance.now() - back) / 1000).toFixed(1);
  await until("a connection", () => heard.welcomes.length > 1, { within: 30_000, explain: () => truth(page) });
  const connected = took();
  await until("all that waited on the server's disk", () => heard.durable >= handed, { within: 60_000, explain: () => truth(page) });
  const caughtUp = took();
  await until("the green light", async () => (await page.evaluate(light)) === "good", { explain: () => truth(page) });
  const green = took();
  const [, { received }] = /** @type {[unknown, { received: number }]} */ (heard.welcomes);
  t.diagnostic(`while the network was away the page said: ${said}`);
  t.diagnostic(`lost on the way: ${lost} bytes, of the recording ${sent - received}; waiting when the network came back: ${handed - durable} bytes`);
  t.diagnostic(`after the network came back: connected in ${connected} s, all of it durable in ${caughtUp} s, and the page said so in ${green} s`);
  assert.ok(sent > received, "nothing was on its way when the network went: nothing had to be sent again");

  const later = sum(await handedLengths(page));
  await until("more of the recording on the server's disk", () => heard.durable > later, { explain: () => truth(page) });
  await reaches(page, "recording");
  const whole = await recordedSeconds();
  await stop(page);
  const session = await arrived(t, page, server, { generations: 1 });
  assert.deepEqual(reasonsOf(session), ["start"]);
  assert.deepEqual(session.events.filter(({ event }) => event === "gap"), []);
  const segments = session.events.filter(({ event }) => event === "segment");
  const filmed = sum(segments.map(({ duration_us: length }) => length)) / 1e6;
  t.diagnostic(`${filmed.toFixed(1)} s in ${segments.length} files; the page's clock showed ${whole} s before Stop`);
  assert.ok(filmed >= whole - 1, "the files are as long as the recording was");
  assert.equal(heard.welcomes.length, 2, "one connection was enough");
  await server.stop();
});
