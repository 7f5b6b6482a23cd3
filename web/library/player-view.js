/**
 * The player's half of the page: loads the timelines of what is opened, and connects pictures, timeline, keys and panels.
 *
 *   const view = createPlayerView({ page: window, strings, spoken, pictures, ask, say, onDelete });
 *   view.open(["session"], atMs);   view.close();
 *   view.allow(mayChange);          this browser's role is known
 *   view.told(session);             something about a session has changed
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatBytes, formatClock, formatLength } from "../lib/format.js";
import { setIcon } from "../lib/icon.js";
import { isolated } from "../lib/plain-text.js";
import { createBar } from "./bar.js";
import { keptBody, markBody, titleBody } from "./edits.js";
import { commandOf, isTaken } from "./keys.js";
import { createLane } from "./lane.js";
import { fromField, toField } from "./local-time.js";
import { createPart } from "./part.js";
import { createPlayer } from "./player.js";
import { change, paths, problemOf, read } from "./requests.js";
import { createSpanList } from "./span-list.js";
import { spansOf } from "./spans.js";
import { faster, slower, speedOf, SPEEDS, speedText } from "./speeds.js";
import { createStage } from "./stage.js";
import { parseTimeline } from "./timeline.js";

/** What grows is looked at again; told at once where something is told. */
const GROWING_MS = 5000;
/** What is told of ten hours and more is a megabyte and more. */
const MANY_FILES = 600;
const LONG_GROWING_MS = 30_000;
/** A picture on hover is worth a request when the hand rests. */
const HOVER_MS = 120;
/** Key frames are seconds apart: the same picture serves all between. */
const PICTURE_STEP_MS = 2000;
const TENTHS = 10;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {import("./pictures.js").Pictures} options.pictures
 * @param {ReturnType<typeof import("./ask.js").createAsk>} options.ask
 * @param {(text: string) => void} options.say
 * @param {(sessions: string[]) => void} options.onDelete
 */
export function createPlayerView({ page, strings, spoken, pictures, ask, say, onDelete }) {
  const { t, count } = strings;
  const root = byId("player");
  const speed = /** @type {HTMLSelectElement} */ (byId("speed"));
  /** @type {string[]} */
  let sessions = [];
  let mayChange = false;
  let isMuted = false;
  let turn = 0;
  let wasPlaying = false;
  /** @type {any} */
  let growing = null;
  /** @type {any} */
  let hovering = null;
  let openedAt = /** @type {number | null} */ (null);

  const stage = createStage({ root: byId("stage"), strings, spoken, onRetry: () => player.retry() });
  const player = createPlayer({ page, onChange: render });
  const part = createPart({ page, strings, nowMs: () => player.nowMs(), onChange: render, onKeep: (span) => void keep(span) });
  const spanList = createSpanList({ strings, spoken, onGo: (wallMs) => player.seek(wallMs), onRelease: (session, kept) => void release(session, kept) });
  const bar = createBar({
    page,
    spoken,
    onScrub: (wallMs) => player.seek(wallMs),
    onHold(isBegun) {
      if (isBegun) {
        wasPlaying = player.isPlaying();
        player.pause();
      } else if (wasPlaying) player.play();
    },
    onHover(row, wallMs) {
      page.clearTimeout(hovering);
      const lane = player.lanes()[row];
      const place = lane && lane.map().place(Math.floor(wallMs / PICTURE_STEP_MS) * PICTURE_STEP_MS);
      if (!lane || !place) return;
      const path = paths.frame(lane.timeline().session, place.wallMs);
      hovering = page.setTimeout(async () => {
        const mine = hovering;
        const picture = await pictures.of(path);
        if (picture && mine === hovering) bar.picture(picture);
      }, HOVER_MS);
    },
  });

  const timelines = () => player.lanes().map((lane) => lane.timeline());
  const bounds = () => ({ startMs: Math.min(...player.lanes().map((lane) => lane.map().startMs)), endMs: Math.max(...player.lanes().map((lane) => lane.map().untilMs)) });
  const rows = () =>
    player.lanes().map((lane) => {
      const timeline = lane.timeline();
      return { session: timeline.session, name: timeline.title || timeline.name, map: lane.map(), spans: spansOf(timeline, lane.map()), marks: timeline.marks, kept: timeline.kept };
    });

  function renderClock() {
    const nowMs = player.nowMs();
    write(byId("clock-time"), formatClock(nowMs));
    const lanes = player.lanes();
    const what = lanes.length === 1 ? lanes[0].map().whatAt(nowMs) : null;
    const note = player.isEnd() ? t("library.state.ended") : what && what.kind !== "footage" ? spoken.kind(what) : spoken.day(nowMs);
    write(byId("clock-what"), note);
  }

  function render() {
    const lanes = player.lanes();
    if (lanes.length === 0) return;
    stage.render(lanes, player.nowMs(), player.skipped());
    bar.render({ nowMs: player.nowMs(), part: part.current(), isPlaying: player.isPlaying() });
    renderClock();
    const isPlaying = player.isPlaying();
    // A browser may have let it play only without its sound.
    isMuted = lanes[0].video().muted;
    setIcon(byId("play-icon"), isPlaying ? "pause" : "play");
    byId("play").setAttribute("aria-label", t(isPlaying ? "library.pause.do" : "library.play.do"));
    setIcon(byId("sound-icon"), isMuted ? "no-speaker" : "speaker");
    byId("sound").setAttribute("aria-label", t(isMuted ? "library.sound.off" : "library.sound.on"));
    byId("sound").setAttribute("aria-pressed", String(!isMuted));
    if (speed.value !== String(player.rate())) speed.value = String(player.rate());
  }

  function renderHead() {
    const all = timelines();
    const [first] = all;
    const { startMs, endMs } = bounds();
    const isOne = all.length === 1;
    const title = all.map((one) => isolated(isOne ? one.title || one.name : one.name)).join(" · ");
    write(byId("player-title"), title);
    document.title = `${title} · localcamera`;
    const when = `${spoken.day(startMs)}, ${formatClock(startMs)}–${formatClock(endMs)}`;
    write(byId("player-when"), isOne && first.title ? `${isolated(first.name)} · ${when}` : when);
    byId("player-name").hidden = !mayChange || !isOne;
    byId("player-delete").hidden = !mayChange;
    byId("mark").hidden = !mayChange;
    byId("growing").hidden = !all.some(({ isGrowing }) => isGrowing);
    byId("legend-waiting").hidden = !all.some(({ state, waitingMs }) => state !== "finished" && waitingMs > 0);
    renderFiles();
  }

  function renderFiles() {
    const files = timelines().flatMap((one) => one.files);
    byId("files-box").hidden = files.length === 0;
    // Thousands of them are of use to nobody as long as they are folded away.
    if (!(/** @type {HTMLDetailsElement} */ (byId("files-box")).open)) return;
    byId("files").replaceChildren(
      ...files.map(({ file, url, startMs, durationMs, bytes, fault }) => {
        const item = make("li", "file");
        const words = make("div", "file-words");
        const facts = make("p", "file-facts");
        facts.textContent = `${formatClock(startMs)} · ${formatLength(durationMs)} · ${formatBytes(bytes)}`;
        const name = make(url === "" || fault === "missing" ? "span" : "a", "file-name");
        if (name instanceof HTMLAnchorElement) {
          name.href = url;
          name.setAttribute("download", "");
        }
        name.textContent = file;
        words.append(facts, name);
        if (fault) {
          const wrong = make("p", "small wrong");
          const key = `library.files.fault.${fault}`;
          wrong.textContent = strings.has(key) ? t(key) : fault;
          words.append(wrong);
        }
        item.append(words);
        return item;
      }),
    );
  }

  /** @param {string} session */
  async function fetchTimeline(session) {
    const timeline = parseTimeline(await read(paths.timeline(session)));
    if (!timeline) throw Object.assign(new Error("no timeline"), { status: 404, said: "" });
    return timeline;
  }

  /** @param {string} text */
  function fail(text) {
    byId("player-loading").hidden = true;
    byId("player-failed").hidden = false;
    write(byId("player-failed-text"), text);
  }

  async function load() {
    turn += 1;
    const mine = turn;
    byId("player-loading").hidden = false;
    byId("player-failed").hidden = true;
    byId("player-body").hidden = true;
    /** @type {import("./timeline.js").Timeline[]} */
    let told;
    try {
      told = await Promise.all(sessions.map(fetchTimeline));
    } catch (error) {
      if (mine !== turn) return;
      const { status } = /** @type {{ status?: number }} */ (error);
      fail(status === 404 || status === 403 ? t("library.gone") : t("library.refused", { message: problemOf(error, strings) }));
      return;
    }
    if (mine !== turn) return;
    byId("player-loading").hidden = true;
    byId("player-body").hidden = false;
    const videos = stage.open(told);
    const lanes = told.map((timeline, index) => createLane({ page, videos: /** @type {[HTMLVideoElement, HTMLVideoElement]} */ (videos[index]), timeline, onChange: render, onStale: refresh }));
    // Of several, one is heard.
    lanes.forEach((lane, index) => lane.setMuted(isMuted || index > 0));
    player.open(lanes, openedAt);
    bar.open(rows(), bounds());
    part.open(timelines(), bounds(), mayChange);
    spanList.render(rows(), mayChange);
    renderHead();
    render();
    growSoon();
  }

  /** What has changed, where it is: nothing is loaded anew. */
  async function refresh() {
    const mine = turn;
    const told = await Promise.all(player.lanes().map((lane) => fetchTimeline(lane.timeline().session).catch(() => null)));
    if (mine !== turn) return;
    player.lanes().forEach((lane, index) => {
      const timeline = told[index];
      if (timeline) lane.update(timeline);
    });
    if (player.lanes().length === 0) return;
    bar.update(rows(), bounds());
    part.update(timelines(), bounds(), mayChange);
    spanList.render(rows(), mayChange);
    renderHead();
    render();
  }

  function growSoon() {
    page.clearTimeout(growing);
    const files = Math.max(0, ...timelines().map((timeline) => timeline.files.length));
    growing = page.setTimeout(async () => {
      if (timelines().some(({ isGrowing, state }) => isGrowing || state !== "finished")) await refresh();
      if (sessions.length > 0) growSoon();
    }, files > MANY_FILES ? LONG_GROWING_MS : GROWING_MS);
  }

  /** Of several side by side some have nothing at that time. @param {(timeline: import("./timeline.js").Timeline) => object | null} bodyOf @param {(session: string) => string} pathOf */
  async function each(bodyOf, pathOf) {
    const wanted = timelines().map((timeline) => ({ session: timeline.session, body: bodyOf(timeline) })).filter(({ body }) => body !== null);
    if (wanted.length === 0) return [{ problem: t("library.refused", { message: t("library.refused.outside") }) }];
    return Promise.all(wanted.map(({ session, body }) => change("POST", pathOf(session), body, strings)));
  }

  /** @param {{ startMs: number, endMs: number }} span */
  async function keep(span) {
    const done = await each((timeline) => keptBody(span, timeline), (session) => paths.kept(session));
    const problem = done.map((one) => one.problem).find((one) => one !== "") || "";
    part.say(problem || t("library.keep.done"), problem !== "");
    await refresh();
  }

  /** @param {string} session @param {import("./timeline.js").Kept} kept */
  async function release(session, kept) {
    const { problem } = await change("DELETE", paths.kept(session, kept), undefined, strings);
    if (problem) say(problem);
    await refresh();
  }

  function goTo() {
    const nowMs = player.nowMs();
    ask.open({ title: t("library.go_to"), label: t("library.timeline.slider"), value: toField(nowMs), yes: t("library.go_to.do"), type: "datetime-local" }, async (value) => {
      const ms = fromField(value, nowMs);
      const { startMs, endMs } = bounds();
      if (ms === null || ms < startMs - 1000 || ms > endMs) return t("library.go_to.outside", { from: spoken.moment(startMs), to: spoken.moment(endMs) });
      player.seek(ms);
      return "";
    });
  }

  function mark() {
    if (!mayChange) return;
    const atMs = Math.round(player.nowMs());
    player.pause();
    ask.open({ title: t("library.mark.at", { time: formatClock(atMs) }), label: t("library.mark.text"), value: "", yes: t("library.mark.do") }, async (detail) => {
      const done = await each((timeline) => markBody(atMs, detail, timeline), (session) => paths.marks(session));
      void refresh();
      return done.map(({ problem }) => problem).find((problem) => problem !== "") || "";
    });
  }

  function rename() {
    const [timeline] = timelines();
    if (!timeline) return;
    ask.open({ title: t("library.edit_title"), label: t("library.edit_title.label"), value: timeline.title, yes: t("library.edit_title.save") }, async (title) => {
      const { problem } = await change("PUT", paths.title(timeline.session), titleBody(title), strings);
      void refresh();
      return problem;
    });
  }

  function toggleSound() {
    isMuted = !isMuted;
    player.lanes().forEach((lane, index) => lane.setMuted(isMuted || index > 0));
    render();
  }

  function fullScreen() {
    const element = /** @type {any} */ (byId("stage"));
    const video = /** @type {any} */ (player.lanes()[0] && player.lanes()[0].video());
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (element.requestFullscreen) element.requestFullscreen().catch(() => undefined);
    else if (element.webkitRequestFullscreen) element.webkitRequestFullscreen();
    // An iPhone lets a video alone have it.
    else if (video && video.webkitEnterFullscreen) video.webkitEnterFullscreen();
  }

  /** @param {import("./keys.js").Command} command */
  function act(command) {
    const { startMs, endMs } = { startMs: player.startMs(), endMs: player.endMs() };
    switch (command.act) {
      case "toggle":
        return player.toggle();
      case "by":
        return player.by(command.ms);
      case "frame":
        return player.step(command.by);
      case "tenth":
        return player.seek(startMs + ((endMs - startMs) * command.tenth) / TENTHS);
      case "start":
        return player.seek(startMs);
      case "end":
        return player.seek(endMs);
      case "faster":
        return player.setRate(faster(player.rate()));
      case "slower":
        return player.setRate(slower(player.rate()));
      case "mark":
        return mark();
      case "go_to":
        return goTo();
      case "sound":
        return toggleSound();
      case "full_screen":
        return fullScreen();
      case "from":
        return part.from();
      case "to":
        return part.to();
      case "zoom_in":
        return bar.zoom(2);
      case "zoom_out":
        return bar.zoom(0.5);
    }
  }

  root.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (player.lanes().length === 0 || isTaken(target, event.key)) return;
    const command = commandOf(event);
    if (!command) return;
    event.preventDefault();
    act(command);
  });
  /** @type {[string, () => void][]} */
  const buttons = [
    ["play", () => player.toggle()],
    ["back-10", () => player.by(-10_000)],
    ["forward-10", () => player.by(10_000)],
    ["frame-back", () => player.step(-1)],
    ["frame-forward", () => player.step(1)],
    ["sound", toggleSound],
    ["go-to", goTo],
    ["mark", mark],
    ["full-screen", fullScreen],
    ["zoom-in", () => bar.zoom(2)],
    ["zoom-out", () => bar.zoom(0.5)],
    ["zoom-fit", () => bar.fit()],
    ["player-name", rename],
    ["player-delete", () => onDelete(sessions)],
    ["player-again", () => void load()],
  ];
  for (const [id, work] of buttons) byId(id).addEventListener("click", work);
  byId("stage").addEventListener("click", (event) => {
    if (!(/** @type {Element} */ (event.target).closest(".shot-over"))) player.toggle();
  });
  byId("files-box").addEventListener("toggle", renderFiles);
  speed.replaceChildren(
    ...SPEEDS.map((rate) => {
      const option = make("option");
      option.value = String(rate);
      option.textContent = speedText(rate);
      return option;
    }),
  );
  speed.addEventListener("change", () => player.setRate(speedOf(speed.value)));
  const able = /** @type {any} */ (byId("stage"));
  byId("full-screen").hidden = !(able.requestFullscreen || able.webkitRequestFullscreen || /** @type {any} */ (document.createElement("video")).webkitEnterFullscreen);

  return {
    /** @param {string[]} ids @param {number | null} atMs */
    open(ids, atMs) {
      sessions = ids;
      openedAt = atMs;
      write(byId("player-title"), count("library.sessions", ids.length));
      write(byId("player-when"), "");
      void load();
    },
    /** @param {number} wallMs */
    seek: (wallMs) => player.seek(wallMs),
    nowMs: () => (player.lanes().length > 0 ? player.nowMs() : null),
    /** @param {boolean} isAdmin */
    allow(isAdmin) {
      if (mayChange === isAdmin) return;
      mayChange = isAdmin;
      if (player.lanes().length === 0) return;
      renderHead();
      part.update(timelines(), bounds(), mayChange);
      spanList.render(rows(), mayChange);
    },
    /** @param {string} session */
    told(session) {
      if (sessions.includes(session) && player.lanes().length > 0) void refresh();
    },
    close() {
      turn += 1;
      sessions = [];
      page.clearTimeout(growing);
      page.clearTimeout(hovering);
      player.close();
      part.close();
      bar.close();
      stage.close();
    },
  };
}
