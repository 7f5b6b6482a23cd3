// The programs and pages in examples/, as somebody runs them who has read nothing but their first lines: the pages are
// opened from files, and everything goes through the listeners for older clients.

import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { judge } from "../judge/judge.mjs";
import { probe } from "../judge/media.mjs";
import { openChromium } from "./support/chromium.mjs";
import { configured } from "./support/config.mjs";
import { start } from "./support/processes.mjs";
import { pythonWith, root } from "./support/programs.mjs";
import { startCamera } from "./support/rtsp.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const examples = join(root, "examples");
const captures = join(root, "tests", "captures");

const STREAM = "pattern";

/** What `npm install` of the example's first lines brings. */
const JSMPEG = join("node_modules", "@cycjimmy", "jsmpeg-player", "dist", "jsmpeg-player.umd.min.js");

/** Different pictures that must be seen until they count as moving. */
const MOVING = 3;

/** @param {import("node:test").TestContext} t */
async function folderOf(t) {
  const folder = await mkdtemp(join(tmpdir(), "localcamera-examples-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server with listeners for older clients, and a test pattern that waits to be let go on. @param {import("node:test").TestContext} t */
async function startCompat(t) {
  const server = await startServer(t, { args: await configured(t, `
[[source]]
name = "${STREAM}"
kind = "pattern"
size = "320x240"
paused = true

[compat]
json_port = 0
json_stream = "${STREAM}"
jpeg_port = 0
mpegts_port = 0
mpegts_stream = "${STREAM}"

[viewers]
rtsp_addresses = ["rtsp://127.0.0.1"]
`) });
  /** @param {string} purpose */
  const printed = async (purpose) => {
    const line = new RegExp(`^(\\S+) +${purpose}`, "m");
    return until(`the address of the listener for ${purpose}`, () => server.log().match(line)?.[1], { explain: server.log });
  };
  return {
    server,
    json: await printed("JSON frames"),
    jpeg: (await printed("JPEG frames")).replace("http:", "ws:"),
    mpegts: await printed("MPEG-TS"),
  };
}

/** Pauses the test pattern, or lets it go on. @param {import("./support/server.mjs").Server} server @param {"pause" | "resume"} what */
function tell(server, what) {
  const options = { method: "POST", rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const asking = request(`${server.https}/api/sources/${STREAM}/${what}`, options, (answer) => {
      answer.resume().on("end", () => (answer.statusCode === 200 ? resolve(undefined) : reject(new Error(`${what}: ${answer.statusCode}`))));
    });
    asking.on("error", reject).end();
  });
}

/** @param {string} name @param {Record<string, string>} parameters */
function fileUrl(name, parameters) {
  return `${pathToFileURL(join(examples, name))}?${new URLSearchParams(parameters)}`;
}

/**
 * Runs in the page: what its picture shows, as a few numbers.
 * @returns {{ state: string, origin: string, picture: string }}
 */
function look() {
  const picture = document.getElementById("picture");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 16;
  const context = canvas.getContext("2d");
  let shown = "";
  if (context && picture instanceof HTMLImageElement && picture.complete && picture.naturalWidth > 0) {
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    shown = [...context.getImageData(0, 0, canvas.width, canvas.height).data].join();
  }
  return { state: document.getElementById("state")?.textContent ?? "", origin: location.protocol, picture: shown };
}

/** @param {import("./support/page.mjs").Page} page */
async function moves(page) {
  const seen = new Set();
  await until("moving pictures", async () => {
    const { picture } = await page.evaluate(look);
    if (picture) seen.add(picture);
    return seen.size >= MOVING;
  }, { within: 60_000, explain: async () => JSON.stringify({ seen: seen.size, state: (await page.evaluate(look)).state, errors: page.errors }) });
  assert.equal((await page.evaluate(look)).origin, "file:");
}

/**
 * Runs an example to its end.
 * @param {import("node:test").TestContext} t @param {string} name @param {string[]} args @param {string} cwd
 */
async function python(t, name, args, cwd) {
  const running = start(pythonWith("websockets"), [join(examples, name), ...args], { cwd });
  t.after(() => (running.exit() ? undefined : running.end("SIGKILL")));
  const said = () => `${running.stdout()}\n${running.stderr()}`;
  const { code } = await until(`the end of ${name}`, running.exit, { within: 60_000, explain: said });
  return { code, said: said() };
}

/** @param {string} file */
async function assertJpeg(file) {
  const jpeg = await readFile(file);
  assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
}

test("JSON frames, through the listener for older clients", { timeout: 180_000 }, async (t) => {
  const { server, json } = await startCompat(t);
  const folder = await folderOf(t);
  await t.test("a page from a file waits for the camera and shows it", async (t) => {
    const page = await (await openChromium(t, null, { tap: false })).newPage();
    await page.goto(fileUrl("json_frames.html", { server: json }));
    await until("what is missing", async () => (await page.evaluate(look)).state.includes(STREAM));
    await tell(server, "resume");
    await moves(page);
    await t.test("and so does a Python program", async (t) => {
      const { code, said } = await python(t, "json_frames.py", ["--url", json, "--count", "8"], folder);
      assert.equal(code, 0, said);
      assert.match(said, /^picture 8: \d+ bytes, \d+ ms old$/m);
      await assertJpeg(join(folder, "frame.jpg"));
    });
    await t.test("also over TLS, from the main listener", async (t) => {
      const url = `${server.https.replace("https:", "wss:")}/ws/json/${STREAM}`;
      const ca = join(server.folder, "certs", "ca.crt");
      const { code, said } = await python(t, "json_frames.py", ["--url", url, "--ca", ca, "--count", "3"], folder);
      assert.equal(code, 0, said);
    });
    await t.test("its connection stays when the camera goes and comes", async () => {
      await tell(server, "pause");
      await until("that the camera is gone", async () => (await page.evaluate(look)).state.startsWith("The server says"));
      await tell(server, "resume");
      await moves(page);
    });
    assert.deepEqual(page.errors, []);
  });
});

test("MPEG-TS with JSMpeg, through the listener for older clients", { timeout: 180_000 }, async (t) => {
  const { server, mpegts } = await startCompat(t);
  const folder = await folderOf(t);
  await copyFile(join(examples, "mpegts.html"), join(folder, "mpegts.html"));
  const page = await (await openChromium(t, null, { tap: false })).newPage();
  const url = `${pathToFileURL(join(folder, "mpegts.html"))}?${new URLSearchParams({ server: mpegts })}`;
  await page.goto(url);
  await until("what is missing", async () => (await page.evaluate(look)).state.startsWith("JSMpeg is not there"));
  await mkdir(dirname(join(folder, JSMPEG)), { recursive: true });
  await copyFile(join(root, "tests", JSMPEG), join(folder, JSMPEG));
  page.errors.length = 0;
  await page.goto(url);
  await tell(server, "resume");
  // The canvas is drawn by the graphics card: it is read as a person sees it.
  const canvas = page.playwright.locator("#picture");
  const seen = new Set();
  await until("moving pictures", async () => {
    if (/^Picture \d/.test((await page.evaluate(look)).state)) seen.add((await canvas.screenshot()).toString("base64"));
    return seen.size >= MOVING;
  }, { within: 60_000, explain: async () => `${(await page.evaluate(look)).state} ${seen.size} ${page.errors}` });
  assert.deepEqual(page.errors, []);
});

test("JPEG frames of an address, through the listener for older clients", { timeout: 180_000 }, async (t) => {
  const { server, jpeg } = await startCompat(t);
  const folder = await folderOf(t);
  const camera = await startCamera(t, { login: "viewer:p@ss/w?rd" });
  const address = camera.main.replace("rtsp://", `rtsp://viewer:${encodeURIComponent("p@ss/w?rd")}@`);
  await t.test("a page from a file and a Python program see one camera by one connection", async (t) => {
    const page = await (await openChromium(t, null, { tap: false })).newPage();
    await page.goto(fileUrl("jpeg_frames.html", { server: jpeg, address }));
    await moves(page);
    const args = ["--url", `${jpeg}/ws/stream`, "--rtsp", address, "--count", "5"];
    const { code, said } = await python(t, "jpeg_frames.py", args, folder);
    assert.equal(code, 0, said);
    await assertJpeg(join(folder, "frame.jpg"));
    assert.equal(camera.clients(), 1);
    await page.click("#stop");
    await until("the end of the connection to the camera", () => camera.clients() === 0);
  });
  await t.test("what is wrong is said", async (t) => {
    const page = await (await openChromium(t, null, { tap: false })).newPage();
    const says = async (/** @type {string} */ address, /** @type {RegExp} */ words) => {
      await page.goto(fileUrl("jpeg_frames.html", { server: jpeg, address }));
      await until(`words such as ${words}`, async () => words.test((await page.evaluate(look)).state), {
        within: 30_000, explain: async () => (await page.evaluate(look)).state,
      });
    };
    await says(camera.main, /^The server says: .*user and password/);
    await says("rtsp://192.0.2.1/", /^The server says: .*viewers\.rtsp_addresses/);
    const args = ["--url", `${jpeg}/ws/stream`, "--rtsp", camera.main];
    const { code, said } = await python(t, "jpeg_frames.py", args, folder);
    assert.equal(code, 1);
    assert.match(said, /user and password/);
    // Over TLS without the server's authority it is not trusted, and that is said.
    const secure = ["--url", `${server.https.replace("https:", "wss:")}/ws/jpeg/${STREAM}`];
    const untrusted = await python(t, "jpeg_frames.py", secure, folder);
    assert.equal(untrusted.code, 1);
    assert.match(untrusted.said, /^no connection: .*certificate/mi);
    assert.doesNotMatch(untrusted.said, /Traceback/);
  });
});

test("raw recording", { timeout: 180_000 }, async (t) => {
  const server = await startServer(t);
  const folder = await folderOf(t);
  const finished = async (/** @type {number} */ count) => {
    const stopped = async () => (await server.sessions(false)).filter(({ events }) => events.some(({ event }) => event === "stop"));
    await until(`${count} recordings`, async () => (await stopped()).length === count, { within: 30_000, explain: server.log });
    return server.sessions();
  };
  await t.test("a Python program sends a file, and nothing is lost", async (t) => {
    const original = join(captures, "chromium-webm-vp8-opus.bin");
    const ca = join(server.folder, "certs", "ca.crt");
    const { code, said } = await python(t, "raw_recording.py", [original, "--url", server.wss, "--ca", ca], folder);
    assert.equal(code, 0, said);
    const [session] = await finished(1);
    const files = [...(session?.generations.values() ?? [])].flat();
    assert.deepEqual((await judge(original, files, { segmentSeconds: 4 })).violations, []);
  });

  // A file, and a page that an older service serves at another port.
  const other = createServer((_, answer) => {
    readFile(join(examples, "raw_recording.html")).then((page) => answer.setHeader("content-type", "text/html").end(page));
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => other.close());
  const bound = /** @type {import("node:net").AddressInfo} */ (other.address());
  const pages = [
    ["from a file", fileUrl("raw_recording.html", { server: server.wss })],
    ["from another port", `http://127.0.0.1:${bound.port}/?${new URLSearchParams({ server: server.wss })}`],
  ];
  for (const [index, [where, url]] of pages.entries()) {
    await t.test(`a page ${where} records the camera`, async (t) => {
      const page = await (await openChromium(t, server, { tap: false })).newPage();
      await page.goto(String(url));
      const state = () => page.evaluate(() => document.getElementById("state")?.textContent ?? "");
      const before = new Set((await server.sessions(false)).map(({ folder }) => folder));
      await page.click("#record");
      await until("some seconds of it", async () => Number((await state()).match(/^Recording: (\d+)/)?.[1] ?? 0) > 100_000, {
        within: 30_000, explain: async () => `${await state()} ${page.errors}`,
      });
      await page.click("#stop");
      await until("its end", async () => (await state()).startsWith("Recorded"), { explain: state });
      const sent = Number((await state()).match(/^Recorded (\d+) bytes/)?.[1]);
      const [session, ...others] = (await finished(index + 2)).filter(({ folder }) => !before.has(folder));
      assert.ok(session && others.length === 0, "one recording has come");
      // Containers differ in what they write around the same pictures.
      const media = session.events.filter(({ event }) => event === "segment").reduce((all, { bytes }) => all + bytes, 0);
      assert.ok(media > sent * 0.9 && media < sent * 1.1, `${media} bytes are recorded, ${sent} were sent`);
      for (const file of [...session.generations.values()].flat()) {
        const { video, audio } = await probe(file);
        assert.ok(video && video.packets.length > 0 && audio && audio.packets.length > 0, `${file} has pictures and sound`);
      }
    });
  }
  await server.stop();
});
