/**
 * The page of one stream as MPEG-TS, decoded by JSMpeg: its picture, what comes, and what happens to the connection.
 *
 * @module
 */

import { createAside } from "./lib/back.js";
import { createDoor } from "./lib/door.js";
import { byId, make, write } from "./lib/elements.js";
import { formatElapsed, formatSmallBytes } from "./lib/format.js";
import { icon, keepIcons } from "./lib/icon.js";
import { createRate } from "./lib/picture-rate.js";
import { requestJson } from "./lib/request.js";
import { loadStrings } from "./lib/strings.js";
import { parseList } from "./live/streams.js";
import { createWords } from "./live/words.js";
import { loadLibrary } from "./mpegts/library.js";
import { createLog } from "./mpegts/log.js";
import { createSource } from "./mpegts/source.js";
import { createStats } from "./mpegts/stats.js";

const RENDER_MS = 500;
/** A picture that nobody sees costs the server an encoder. */
const HIDDEN_MS = 30_000;
/** Long enough to be read. */
const COPIED_MS = 3000;

/** @typedef {import("./mpegts/source.js").SourceState} SourceState */
/** @type {Readonly<Record<SourceState, string>>} */
const TONES = { connecting: "late", waiting: "late", playing: "good", lost: "bad", refused: "bad", over: "", stopped: "" };

function start() {
  const strings = loadStrings(document);
  const { t } = strings;
  const words = createWords(strings);
  const door = createDoor({ page: window, strings });
  const stream = byId("app").dataset.stream || "";
  const canvas = /** @type {HTMLCanvasElement} */ (byId("picture"));
  const stats = createStats();
  const log = createLog();
  const now = () => performance.now();
  /** @type {SourceState} */
  let state = "connecting";
  let reason = "";
  const rate = createRate();
  let shownSize = "";
  let isLoaded = false;
  let isNamed = false;

  const source = createSource({
    page: window,
    url: `${location.protocol === "http:" ? "ws" : "wss"}://${location.host}/ws/mpegts/${encodeURIComponent(stream)}`,
    stats,
    on: {
      state(next, { code, reason: said = "", retryMs }) {
        state = next;
        if (next === "lost" || next === "refused") door.doubt();
        reason = said === "silent" ? t("mpegts.log.silent") : said;
        const about = [t(`mpegts.log.${next}`)];
        if (code !== undefined) about.push(t("mpegts.log.code", { code }));
        if (reason !== "") about.push(reason);
        if (retryMs !== undefined) about.push(t("mpegts.log.retry", { count: (retryMs / 1000).toFixed(1) }));
        say(about.join("; "));
        if (next !== "playing") rate.over();
        else if (!isNamed) void name();
        render();
      },
      text: (text) => say(t("mpegts.log.text", { text: text.slice(0, 300) })),
    },
  });

  /** @param {string} text */
  function say(text) {
    const line = make("span");
    line.textContent = `${log.add(text, Date.now())}\n`;
    const panel = byId("log");
    const isAtEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 24;
    // Screen readers say what is new in it, and nothing anew.
    panel.append(line);
    while (panel.children.length > log.count()) panel.children[0].remove();
    if (isAtEnd) panel.scrollTop = panel.scrollHeight;
  }

  function render() {
    const { bytes, packets, durationMs, averageBps } = stats.look(now());
    const hasPicture = shownSize !== "";
    byId("stage").dataset.state = state;
    byId("light").className = `light ${TONES[state]}`;
    write(byId("state"), t(`mpegts.state.${state}`));
    const over = state === "playing" && hasPicture ? "" : state === "refused" && reason !== "" ? t("live.player.refused_because", { reason }) : t(`mpegts.over.${state}`);
    write(byId("over"), over);
    byId("over").hidden = over === "";
    write(byId("bytes"), formatSmallBytes(bytes));
    write(byId("packets"), String(packets));
    write(byId("duration"), formatElapsed(durationMs));
    write(byId("average"), averageBps === null ? "–" : words.bitrate(averageBps));
    write(byId("size"), hasPicture ? shownSize : "–");
    const perSecond = rate.perSecond();
    write(byId("rate"), perSecond === null ? "–" : perSecond.toFixed(1));
    const wanted = state === "stopped" ? "start" : "stop";
    const toggle = byId("toggle");
    if (toggle.dataset.act === wanted) return;
    toggle.dataset.act = wanted;
    const text = make("span");
    text.textContent = t(`mpegts.${wanted}`);
    toggle.replaceChildren(icon(wanted === "start" ? "play" : "stop"), text);
  }

  /** Pictures come with bars of their own where the camera's shape is another one: none of the page's beside them. */
  function shape() {
    if (canvas.width > 0) byId("stage").style.paddingBottom = `${(canvas.height / canvas.width) * 100}%`;
  }

  function onVideoDecode() {
    rate.came(now());
    const size = `${canvas.width} × ${canvas.height}`;
    if (size === shownSize) return;
    shownSize = size;
    shape();
    say(t("mpegts.log.picture", { size }));
    render();
  }

  async function load() {
    try {
      const { Player } = await loadLibrary(document);
      byId("watch").hidden = false;
      isLoaded = true;
      // Its decoder in WebAssembly would need a weaker policy for scripts, and its WebGL is lost with the page's place in
      // front; neither is needed at this size.
      new Player(stream, { source: source.Source, canvas, audio: false, disableWebAssembly: true, disableGl: true, pauseWhenHidden: false, onVideoDecode });
    } catch {
      byId("missing").hidden = false;
    }
  }

  /** As people call it, once the server knows the stream. */
  async function name() {
    const list = await requestJson("/api/streams").then(parseList, () => null);
    const entry = list && list.streams.find((one) => one.stream === stream);
    if (!entry) return;
    isNamed = true;
    write(byId("name"), entry.name);
    document.title = `${entry.name} · localcamera`;
  }

  const aside = createAside({
    page: window,
    afterMs: HIDDEN_MS,
    leave() {
      const isAny = state !== "stopped";
      source.stop();
      return isAny;
    },
    comeBack: source.start,
    wake: source.wake,
  });
  byId("toggle").addEventListener("click", () => {
    aside.forget();
    if (state === "stopped") source.start();
    else source.stop();
  });
  const { clipboard } = navigator;
  /** @type {any} */
  let saying = null;
  function copied() {
    write(byId("copy"), t("mpegts.copied"));
    clearTimeout(saying);
    saying = setTimeout(() => write(byId("copy"), t("mpegts.copy")), COPIED_MS);
  }
  byId("copy").hidden = !clipboard;
  byId("copy").addEventListener("click", () => void clipboard.writeText(log.text()).then(copied, () => {}));
  void keepIcons(document);
  document.body.dataset.state = "mpegts";
  byId("app").hidden = false;
  shape();
  render();
  void load();
  void name();
  setInterval(() => {
    if (isLoaded) render();
  }, RENDER_MS);
}

start();
