// A library without a server behind it: the page as it is served, and recordings of three days by four devices, with gaps,
// marks and footage that plays. For work on the page, and for browser tests of what needs no disk.
//
//   node tests/browser/support/fake-library.mjs [port]      until it is ended
//   const library = await startFakeLibrary({ role: "admin" });   library.url, library.asked, await library.close()
//
// The media are made by ffmpeg: a minute with a clock in it, in WebM and MP4.

import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const run = promisify(execFile);
const TYPES = /** @type {Record<string, string>} */ ({ ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".webm": "video/webm", ".mp4": "video/mp4" });
const MINUTE = 60_000;
const CLIP_MS = 60_000;
/** Long enough that a test undoes in time, and short enough to be waited for. */
const UNDO_MS = 60_000;
/** As the server's own headers say it. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' https: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** @typedef {"webm" | "mp4"} Container */
/** @typedef {{ session: string, device: string, name: string, title: string | null, start_ms: number, end_ms: number, state: string, waiting_ms: number | null, reels: any[], gaps: any[], marks: any[], kept: any[], files: any[] }} Session */

/** @param {string} folder */
async function makeMedia(folder) {
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15:duration=60", "-f", "lavfi", "-i", "sine=frequency=330:beep_factor=4:duration=60"];
  const quick = ["-v", "error", "-y", "-threads", "1"];
  await run("ffmpeg", [...quick, ...picture, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k", "-g", "30", "-c:a", "libopus", "-b:a", "32k", join(folder, "clip.webm")]);
  await run("ffmpeg", [...quick, ...picture, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "200k", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "48k", "-movflags", "+faststart", join(folder, "clip.mp4")]);
  await run("ffmpeg", [...quick, "-i", join(folder, "clip.mp4"), "-vf", "fps=1/2,scale=320:-2", "-q:v", "6", join(folder, "frame%d.jpg")]);
}

/** A template with its includes, macros and words, as askama fills it in. @param {string} name @param {Record<string, string>} strings @param {string} lang */
async function page(name, strings, lang) {
  const read = (/** @type {string} */ file) => readFile(join(ROOT, "templates", file), "utf8");
  const parts = await read("parts.html");
  const base = await read("base.html");
  let body = await read(name);
  for (const [whole, file] of body.matchAll(/\{% include "([^"]+)" %\}/g)) body = body.replace(whole, await read(/** @type {string} */ (file)));
  /** @type {Map<string, { names: string[], text: string }>} */
  const macros = new Map();
  for (const [, macro, names, text] of parts.matchAll(/\{% macro (\w+)\(([^)]*)\) %\}([\s\S]*?)\{% endmacro %\}/g)) {
    macros.set(String(macro), { names: String(names).split(",").map((one) => one.trim()).filter(Boolean), text: String(text) });
  }
  const expand = (/** @type {string} */ text) =>
    text.replace(/\{% call parts::(\w+)\(((?:[^()]|\([^()]*\))*)\) %\}\{% endcall %\}/g, (_, macro, given) => {
      const found = macros.get(macro);
      if (!found) throw new Error(`no macro ${macro}`);
      const values = Array.from(given.matchAll(/self\.t\("([^"]+)"\)|"([^"]*)"/g), ([, key, plain]) => (key ? (strings[key] ?? key) : plain));
      return found.names.reduce((filled, one, index) => filled.replaceAll(`{{ ${one} }}`, values[index] ?? "").replaceAll(`!${one}.is_empty()`, values[index] ? "yes" : "no"), found.text);
    });
  body = expand(body);
  const block = (/** @type {string} */ of) => new RegExp(`\\{% block ${of} %\\}([\\s\\S]*?)\\{% endblock %\\}`).exec(body)?.[1] ?? "";
  const json = JSON.stringify(strings).replaceAll("<", "\\u003c");
  return base
    .replace(/\{% block (\w+) %\}[\s\S]*?\{% endblock %\}/g, (_, of) => block(of))
    .replace(/\{# .*? #\}/gs, "")
    .replace(/\{% if yes %\}(.*?)\{% endif %\}/gs, "$1")
    .replace(/\{% if no %\}(.*?)\{% endif %\}/gs, "")
    .replace(/\{% if self\.lang == "([^"]+)" %\}(.*?)\{% endif %\}/gs, (_, of, text) => (of === lang ? text : ""))
    .replace(/\{\{ self\.t\("([^"]+)"\) \}\}/g, (_, key) => strings[key] ?? key)
    .replaceAll("{{ lang }}", lang)
    .replaceAll("{{ version }}", "fake")
    .replace("{{ strings_json|safe }}", () => json);
}

/** Footage of so many minutes, in clips of a minute: each reel is the same file. @param {string} session @param {number} reel @param {Container} container @param {number[]} begins wall times of its pieces of 20 s @param {Partial<any>} [more] */
function reelOf(session, reel, container, begins, more = {}) {
  const lengthMs = CLIP_MS / begins.length;
  return {
    reel,
    container,
    mime: container === "webm" ? 'video/webm; codecs="vp8,opus"' : 'video/mp4; codecs="avc1.42c01e,mp4a.40.2"',
    url: `/api/sessions/${session}/reels/${reel}/video.${container}?v=1`,
    width: 320,
    height: 180,
    has_video: true,
    has_sound: true,
    duration_ms: CLIP_MS,
    bytes: 5_000_000,
    pieces: begins.map((wallMs, index) => [index * lengthMs, wallMs, lengthMs]),
    ...more,
  };
}

/** @param {number} todayMs midnight */
function sessionsFrom(todayMs) {
  const devices = [["bench-3", "Bench 3"], ["hall", "Sports hall, north"], ["door", "Front door"], ["微", "实验室平板"]];
  /** @type {Session[]} */
  const sessions = [];
  for (let day = 0; day < 3; day += 1) {
    devices.forEach(([device, name], index) => {
      for (let count = 0; count < (day === 1 ? 7 : 2); count += 1) {
        const start = todayMs - day * 24 * 60 * MINUTE + (8 + count) * 60 * MINUTE + index * 7 * 1000;
        const session = `s${day}-${index}-${count}`;
        const container = /** @type {Container} */ (index % 2 === 0 ? "mp4" : "webm");
        const second = /** @type {Container} */ (index % 2 === 0 ? "webm" : "mp4");
        // 20 s, a call of 30 s, 40 s; another camera at once; a gap that nobody explains; the rest.
        const reels = [reelOf(session, 0, container, [start, start + 50_000, start + 70_000]), reelOf(session, 1, second, [start + 90_000, start + 110_000, start + 145_000])];
        const end = start + 165_000;
        sessions.push({
          session,
          device: String(device),
          name: String(name),
          title: count === 1 ? (day === 0 ? "Trial 4, left leg" : "Lesson") : null,
          start_ms: start,
          end_ms: end,
          state: "finished",
          waiting_ms: null,
          reels,
          gaps: [{ start_ms: start + 20_000, end_ms: start + 50_000, reason: "interrupted", detail: "phone call" }],
          marks: [{ at_ms: start + 12_000, kind: "mark", detail: "first try" }, { at_ms: start + 90_000, kind: "camera", detail: "" }, { at_ms: start + 150_000, kind: "mark", detail: "" }],
          kept: count === 1 ? [{ start_ms: start + 50_000, end_ms: start + 80_000, by: "Ada" }] : [],
          files: [0, 1].map((file) => ({ file: `video_${file + 1}.${file === 0 ? container : second}`, url: `/api/sessions/${session}/files/${file}`, start_ms: start + file * 90_000, duration_ms: CLIP_MS, bytes: 5_000_000, fault: index === 2 && count === 0 && file === 1 ? "truncated" : null })),
        });
      }
    });
  }
  const waiting = sessions.find(({ session }) => session === "s0-1-0");
  if (waiting) Object.assign(waiting, { state: "waiting", waiting_ms: 40_000 });
  const recording = sessions.find(({ session }) => session === "s0-0-1");
  if (recording) Object.assign(recording, { state: "recording" });
  const strange = sessions.find(({ session }) => session === "s0-2-1");
  if (strange) strange.reels = strange.reels.map((reel) => ({ ...reel, mime: 'video/mp4; codecs="hvc1.1.6.L93.B0,mp4a.40.2"' }));
  return sessions.sort((a, b) => b.start_ms - a.start_ms);
}

/** @param {Session} session */
function entryOf({ session, device, name, title, start_ms, end_ms, state, waiting_ms, kept, gaps, files }) {
  return { session, device, name, title, start_ms, end_ms, footage_ms: 2 * CLIP_MS, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files: files.length, state, waiting_ms, kept: kept.length > 0, gaps: gaps.length, faults: files.filter(({ fault }) => fault).length };
}

/** @param {number} ms */
const dayOf = (ms) => {
  const at = new Date(ms);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
};

/** @param {{ port?: number, role?: "admin" | "viewer", isEmpty?: boolean, media?: string }} [options] `media`: a folder that has them already: clip.webm, clip.mp4, frame1.jpg … */
export async function startFakeLibrary({ port = 0, role = "admin", isEmpty = false, media: made } = {}) {
  const media = made ?? (await mkdtemp(join(tmpdir(), "localcamera-fake-library-")));
  if (!made) await makeMedia(media);
  let sessions = isEmpty ? [] : sessionsFrom(new Date(new Date().setHours(0, 0, 0, 0)).getTime());
  /** @type {Map<string, Session[]>} */
  const deletions = new Map();
  /** @type {Set<import("node:http").ServerResponse>} */
  const listeners = new Set();
  /** @type {string[]} */
  const asked = [];
  /** How the next answers go wrong, by the beginning of their path. @type {Map<string, { count: number, how: "hang" | "503" }>} */
  const faults = new Map();

  /** @param {string} event @param {unknown} data */
  const tell = (event, data) => {
    for (const response of listeners) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  /** @param {import("node:http").ServerResponse} response @param {unknown} value @param {number} [status] */
  const json = (response, value, status = 200) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "private, no-cache" });
    response.end(JSON.stringify(value));
  };
  /** @param {import("node:http").ServerResponse} response @param {number} status @param {string} code @param {string} message */
  const refuse = (response, status, code, message) => json(response, { error: { code, message } }, status);

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response @param {string} path @param {Record<string, string>} [more] */
  async function file(request, response, path, more = {}) {
    const { size } = await stat(path);
    const found = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const from = found ? Number(found[1]) : 0;
    const to = found && found[2] ? Math.min(Number(found[2]), size - 1) : size - 1;
    if (from >= size) return void response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    const headers = { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "content-length": to - from + 1, "accept-ranges": "bytes", etag: '"1"', ...more };
    response.writeHead(found ? 206 : 200, found ? { ...headers, "content-range": `bytes ${from}-${to}/${size}` } : headers);
    const stream = createReadStream(path, { start: from, end: to });
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  }

  /** @param {import("node:http").IncomingMessage} request */
  async function bodyOf(request) {
    let text = "";
    for await (const piece of request) text += piece;
    return text === "" ? {} : JSON.parse(text);
  }

  /** @param {Session} session @param {string[]} rest @param {URL} url @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async function ofSession(session, rest, url, request, response) {
    const [what = "", more = "", kind = ""] = rest;
    const number = (/** @type {string} */ name) => Number(url.searchParams.get(name));
    if (what === "timeline") return json(response, { ...session, is_growing: session.state === "recording" });
    if (what === "reels" && kind === "frame") {
      const frame = Math.min(30, 1 + Math.floor(number("at_ms") / 2000));
      return file(request, response, join(media, `frame${frame}.jpg`), { "content-type": "image/jpeg" });
    }
    if (what === "reels") return file(request, response, join(media, `clip.${session.reels[Number(more)].container}`));
    if (what === "files") return file(request, response, join(media, "clip.mp4"), { "content-disposition": "attachment" });
    const inside = session.reels.filter(({ pieces }) => pieces.some((/** @type {number[]} */ [, wall = 0, length = 0]) => wall < number("to_ms") && wall + length > number("from_ms")));
    if (what === "export" && more === "plan") {
      const files = inside.map(({ container, bytes }, index) => ({ name: `${session.name} ${index + 1}.${container}`, bytes, start_ms: number("from_ms"), duration_ms: CLIP_MS, preroll_ms: index === 0 && number("from_ms") > session.start_ms ? 840 : 0 }));
      return json(response, { files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), is_zip: files.length > 1, gaps: session.gaps.filter(({ start_ms }) => start_ms >= number("from_ms") && start_ms < number("to_ms")) });
    }
    if (what === "export") return file(request, response, join(media, "clip.mp4"), { "content-disposition": 'attachment; filename="Bench 3.mp4"' });
    if (role !== "admin") return refuse(response, 403, "forbidden", "This is for admins.");
    const body = await bodyOf(request);
    if (what === "title") session.title = body.title || null;
    else if (what === "marks") session.marks.push({ at_ms: body.at_ms, kind: "mark", detail: body.detail ?? "" });
    else if (what === "kept" && request.method === "POST") session.kept.push({ ...body, by: "You" });
    else if (what === "kept") session.kept = session.kept.filter(({ start_ms, end_ms }) => `${start_ms}-${end_ms}` !== more);
    else return refuse(response, 404, "not_found", "There is nothing here.");
    tell("session", entryOf(session));
    return json(response, {}, what === "kept" && request.method === "POST" ? 201 : 200);
  }

  /** @param {URL} url @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async function library(url, request, response) {
    const device = url.searchParams.get("device") ?? "";
    const text = (url.searchParams.get("text") ?? "").toLowerCase();
    const part = url.pathname.slice("/api/library".length);
    if (part === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(":\n\n");
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
      return;
    }
    if (part === "/days") {
      /** @type {Map<string, { day: string, sessions: number, footage_ms: number, bytes: number }>} */
      const days = new Map();
      for (const session of sessions.filter((one) => device === "" || one.device === device)) {
        const { footage_ms, bytes, start_ms } = entryOf(session);
        const day = days.get(dayOf(start_ms)) ?? { day: dayOf(start_ms), sessions: 0, footage_ms: 0, bytes: 0 };
        days.set(day.day, { ...day, sessions: day.sessions + 1, footage_ms: day.footage_ms + footage_ms, bytes: day.bytes + bytes });
      }
      return json(response, { days: [...days.values()] });
    }
    if (part === "/devices") return json(response, { devices: [...new Map(sessions.map((one) => [one.device, { device: one.device, name: one.name, sessions: 1, bytes: 1, first_ms: 0, last_ms: 0 }])).values()] });
    if (part === "/export") return file(request, response, join(media, "clip.mp4"), { "content-disposition": 'attachment; filename="day.zip"' });
    if (part === "/deletions" && request.method === "POST") {
      const body = await bodyOf(request);
      const gone = sessions.filter(({ session }) => body.sessions.includes(session));
      if (gone.some(({ kept }) => kept.length > 0)) return refuse(response, 409, "kept", "Some of it is kept.");
      sessions = sessions.filter((one) => !gone.includes(one));
      const deletion = `d${deletions.size + 1}`;
      deletions.set(deletion, gone);
      for (const { session } of gone) tell("removed", { session });
      return json(response, { deletion, files: gone.flatMap(({ files }) => files).length, bytes: gone.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0), until_ms: Date.now() + UNDO_MS }, 202);
    }
    if (part === "/deletions") return json(response, { deletions: [], next_ms: null, is_complete: true });
    if (part.startsWith("/deletions/")) {
      const back = deletions.get(part.slice("/deletions/".length)) ?? [];
      sessions = [...sessions, ...back].sort((a, b) => b.start_ms - a.start_ms);
      for (const session of back) tell("session", entryOf(session));
      return json(response, {});
    }
    const before = Number(url.searchParams.get("before_ms") ?? Infinity);
    const found = sessions.filter((one) => one.start_ms < before && (device === "" || one.device === device) && (text === "" || `${one.name} ${one.title ?? ""}`.toLowerCase().includes(text)));
    const from = Number(url.searchParams.get("cursor") ?? 0);
    // Smaller than what is asked for: pages can be seen.
    const limit = Math.min(24, Number(url.searchParams.get("limit") ?? 50));
    return json(response, { sessions: found.slice(from, from + limit).map(entryOf), next: from + limit < found.length ? String(from + limit) : null, is_complete: true });
  }

  const server = createServer((request, response) => {
    const answer = async () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      asked.push(`${request.method} ${url.pathname}${url.search}`);
      response.setHeader("content-security-policy", POLICY);
      for (const [start, fault] of faults) {
        if (!url.pathname.startsWith(start) || fault.count === 0) continue;
        fault.count -= 1;
        if (fault.how === "503") return refuse(response, 503, "busy", "The disk does not answer.");
        return;
      }
      if (url.pathname === "/library") {
        const lang = url.searchParams.get("lang") === "zh" ? "zh" : "en";
        const strings = JSON.parse(await readFile(join(ROOT, "web/strings", `${lang}.json`), "utf8"));
        response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
        return void response.end(await page("library.html", strings, lang === "zh" ? "zh-Hans" : "en"));
      }
      if (url.pathname.startsWith("/web/")) return file(request, response, join(ROOT, normalize(url.pathname)));
      if (url.pathname === "/api/access") return json(response, { mode: "paired", first_decision: false, you: { who: "browser", id: "b", name: "This browser", person: role === "admin" ? "Ada" : "Vera", role, scope: null } });
      if (url.pathname.startsWith("/api/library")) return library(url, request, response);
      const [, , , id = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
      const session = sessions.find((one) => one.session === id);
      if (!url.pathname.startsWith("/api/sessions/") || !session) return refuse(response, 404, "not_found", "There is no such recording.");
      return ofSession(session, rest, url, request, response);
    };
    answer().catch((error) => {
      if (!response.headersSent) refuse(response, 500, "fault", String(error));
      else response.destroy();
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${address.port}/library`,
    asked,
    faults,
    tell,
    sessions: () => sessions,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (!made) await rm(media, { recursive: true, force: true });
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const library = await startFakeLibrary({ port: Number(process.argv[2] ?? 0) });
  console.log(library.url);
  process.once("SIGINT", () => void library.close().then(() => process.exit(0)));
  process.once("SIGTERM", () => void library.close().then(() => process.exit(0)));
}
