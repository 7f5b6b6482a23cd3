/**
 * The timeline: what is there, where it is played, and a slider of its own kind for keys and screen readers. A finger
 * or a mouse moves the time, two fingers and Ctrl with the wheel come closer.
 *
 *   const bar = createBar({ page: window, strings, spoken, onScrub, onScrubEnd, onHover });
 *   bar.open(rows, bounds);                          a row for each session: { map, spans, marks, kept }
 *   bar.render({ clockMs, part, isPlaying });
 *   bar.zoom(2)   bar.fit()
 *   bar.picture(canvas)                              of the time that is hovered over
 *   bar.close();
 *
 * @module
 */

import { byId, make, write } from "../lib/elements.js";
import { formatClock } from "../lib/format.js";
import { paint } from "./pictures.js";
import { fit, hit, merged, pan, reveal, ticksOf, wallAt, xOf, zoom } from "./timeline-view.js";

/** Two labels have room beside each other. */
const TICKS_PX = 92;
/** Half a label at the edge says nothing. */
const LABEL_PX = 56;
const MARK_PX = 8;
const WHEEL_STEP = 1.0015;

/** @typedef {{ map: import("./wall-map.js").WallMap, spans: import("./wall-map.js").What[], marks: import("./timeline.js").Mark[], kept: import("./timeline.js").Kept[], name: string }} Row */
/** @typedef {{ startMs: number, endMs: number }} Part */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("./spoken.js").Spoken} options.spoken
 * @param {(wallMs: number) => void} options.onScrub
 * @param {(isBegun: boolean) => void} options.onHold a finger is on the timeline
 * @param {(row: number, wallMs: number) => void} options.onHover
 */
export function createBar({ page, spoken, onScrub, onHold, onHover }) {
  const track = byId("bar-track");
  const holder = byId("bar-rows");
  const slider = /** @type {HTMLInputElement} */ (byId("bar-slider"));
  const bubble = byId("bar-hover");
  const canvas = /** @type {HTMLCanvasElement} */ (byId("bar-picture"));
  /** @type {Row[]} */
  let rows = [];
  let bounds = { startMs: 0, endMs: 1 };
  let view = fit(bounds, 1);
  let drawn = "";
  let version = 0;
  let clockMs = 0;
  /** Fingers on it, by their number. @type {Map<number, number>} */
  const fingers = new Map();
  let pinchPx = 0;
  let hasManyDays = false;

  const widthPx = () => Math.max(1, track.clientWidth);
  /** @param {{ clientX: number }} event */
  const xAt = ({ clientX }) => Math.min(Math.max(clientX - track.getBoundingClientRect().left, 0), widthPx());

  /** @param {HTMLElement} element @param {number} x @param {number} width */
  function lay(element, x, width) {
    element.style.left = `${x.toFixed(2)}px`;
    element.style.width = `${Math.max(1, width).toFixed(2)}px`;
  }

  /** @param {Row} row */
  function drawRow({ spans, marks, kept, name }, isNamed = rows.length > 1) {
    const line = make("div", "bar-row");
    for (const { span, x, widthPx: width } of merged(view, spans)) {
      const one = make("i", `bar-span is-${span.kind}`);
      lay(one, x, width);
      line.append(one);
    }
    for (const { x, widthPx: width } of merged(view, kept.map((one) => ({ ...one, kind: "kept" })))) {
      const one = make("i", "bar-span is-kept");
      lay(one, x, width);
      line.append(one);
    }
    for (const { x } of merged(view, marks.map(({ atMs }) => ({ startMs: atMs, endMs: atMs, kind: "mark" })))) {
      const one = make("i", "bar-mark");
      one.style.left = `${x.toFixed(2)}px`;
      line.append(one);
    }
    if (isNamed) {
      const label = make("span", "bar-name small");
      label.textContent = name;
      line.append(label);
    }
    return line;
  }

  function draw() {
    const state = [view.fromMs, view.toMs, view.widthPx, version].join();
    if (state === drawn) return;
    drawn = state;
    holder.replaceChildren(...rows.map((row) => drawRow(row)));
    byId("bar-ticks").replaceChildren(
      ...ticksOf(view, TICKS_PX).filter(({ x }) => x < view.widthPx - LABEL_PX).map(({ ms, x, kind, hasSeconds }) => {
        const tick = make("span", `bar-tick is-${kind}`);
        tick.style.left = `${x.toFixed(1)}px`;
        tick.textContent = kind === "day" ? spoken.shortDay(ms) : hasSeconds ? formatClock(ms) : formatClock(ms).slice(0, -3);
        return tick;
      }),
    );
    const isWhole = view.fromMs <= bounds.startMs && view.toMs >= bounds.endMs;
    /** @type {HTMLButtonElement} */ (byId("zoom-fit")).disabled = isWhole;
    /** @type {HTMLButtonElement} */ (byId("zoom-out")).disabled = isWhole;
  }

  /** @param {typeof view} next */
  function look(next) {
    view = next;
    draw();
    place();
  }

  function place() {
    byId("bar-head").style.transform = `translateX(${xOf(view, clockMs).toFixed(2)}px)`;
    byId("bar-head").hidden = clockMs < view.fromMs || clockMs > view.toMs;
  }

  /** @param {PointerEvent} event */
  function hover(event) {
    if (event.pointerType === "touch" && fingers.size === 0) return;
    const x = xAt(event);
    const wallMs = wallAt(view, x);
    const box = holder.getBoundingClientRect();
    const index = Math.min(rows.length - 1, Math.max(0, Math.floor(((event.clientY - box.top) / Math.max(1, box.height)) * rows.length)));
    const row = rows[index];
    if (!row) return;
    const mark = hit(view, row.marks, x, MARK_PX);
    const what = row.map.whatAt(wallMs);
    const text = [hasManyDays ? spoken.shortDay(wallMs) : "", formatClock(wallMs), mark ? spoken.mark(mark) : what.kind === "footage" ? "" : spoken.kind(what)].filter((one) => one !== "").join(" · ");
    write(byId("bar-hover-text"), text);
    bubble.hidden = false;
    canvas.hidden = true;
    const half = bubble.offsetWidth / 2;
    bubble.style.left = `${Math.min(Math.max(x, half), widthPx() - half).toFixed(1)}px`;
    if (what.kind === "footage") onHover(index, wallMs);
  }

  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    // The keys go to the slider from here on.
    slider.focus({ preventScroll: true });
    event.preventDefault();
    track.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, xAt(event));
    if (fingers.size === 1) {
      onHold(true);
      onScrub(wallAt(view, xAt(event)));
    } else pinchPx = spread();
  });
  const spread = () => {
    const places = Array.from(fingers.values());
    return places.length < 2 ? 0 : Math.abs(places[0] - places[1]);
  };
  track.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before !== undefined) {
      const x = xAt(event);
      fingers.set(event.pointerId, x);
      if (fingers.size === 1) onScrub(wallAt(view, x));
      else {
        const places = Array.from(fingers.values());
        const middle = (places[0] + places[1]) / 2;
        const now = spread();
        if (pinchPx > 10 && now > 10) look(pan(zoom(view, now / pinchPx, middle, bounds), (x - before) / 2, bounds));
        pinchPx = now;
      }
    }
    hover(event);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    track.addEventListener(name, (event) => {
      if (!fingers.delete(/** @type {PointerEvent} */ (event).pointerId)) return;
      if (fingers.size === 0) onHold(false);
      if (/** @type {PointerEvent} */ (event).pointerType === "touch") bubble.hidden = true;
    });
  }
  track.addEventListener("pointerleave", () => {
    if (fingers.size === 0) bubble.hidden = true;
  });
  track.addEventListener(
    "wheel",
    (event) => {
      if (event.ctrlKey || event.metaKey) look(zoom(view, WHEEL_STEP ** -event.deltaY, xAt(event), bounds));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) look(pan(view, -event.deltaX, bounds));
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
  // What a screen reader moves; keys have been taken before they come here.
  slider.addEventListener("input", () => onScrub(Number(slider.value)));
  page.addEventListener("resize", () => {
    if (rows.length > 0) look({ ...view, widthPx: widthPx() });
  });

  return {
    /** @param {Row[]} opened @param {{ startMs: number, endMs: number }} within */
    open(opened, within) {
      rows = opened;
      bounds = within;
      hasManyDays = new Date(bounds.startMs).toDateString() !== new Date(bounds.endMs).toDateString();
      track.dataset.rows = String(rows.length);
      slider.min = String(Math.floor(bounds.startMs));
      slider.max = String(Math.ceil(bounds.endMs));
      slider.step = "1000";
      version += 1;
      look(fit(bounds, widthPx()));
    },
    /** The same sessions, which have grown. @param {Row[]} grown @param {{ startMs: number, endMs: number }} within */
    update(grown, within) {
      const wasWhole = view.fromMs <= bounds.startMs && view.toMs >= bounds.endMs;
      rows = grown;
      bounds = within;
      slider.max = String(Math.ceil(bounds.endMs));
      version += 1;
      look(wasWhole ? fit(bounds, widthPx()) : view);
    },
    /** @param {{ nowMs: number, part: Part | null, isPlaying: boolean }} look */
    render({ nowMs, part, isPlaying }) {
      const isSeen = clockMs >= view.fromMs && clockMs <= view.toMs;
      if (view.widthPx !== widthPx()) look({ ...view, widthPx: widthPx() });
      const before = clockMs;
      clockMs = nowMs;
      // Whoever looks elsewhere meanwhile is left there.
      if (fingers.size === 0 && (nowMs < view.fromMs || nowMs > view.toMs) && (isSeen || (!isPlaying && before !== nowMs))) look(reveal(view, nowMs, bounds));
      place();
      const band = byId("bar-part");
      band.hidden = part === null;
      if (part) lay(band, xOf(view, part.startMs), xOf(view, part.endMs) - xOf(view, part.startMs));
      const [row] = rows.filter(({ map }) => map.whatAt(nowMs).kind === "footage").concat(rows);
      if (!row) return;
      slider.value = String(Math.round(nowMs));
      // The slider's own value is in whole seconds.
      track.dataset.nowMs = String(Math.round(nowMs));
      const text = spoken.sentence(nowMs, row.map.whatAt(nowMs), { hasDay: hasManyDays });
      // While it plays, nobody wants to hear each second.
      if (slider.getAttribute("aria-valuetext") !== text) slider.setAttribute("aria-valuetext", text);
    },
    /** @param {HTMLCanvasElement} picture */
    picture(picture) {
      if (bubble.hidden) return;
      canvas.height = Math.round((canvas.width * picture.height) / Math.max(1, picture.width));
      paint(canvas, picture);
      canvas.hidden = false;
    },
    /** @param {number} factor */
    zoom: (factor) => look(zoom(view, factor, clockMs >= view.fromMs && clockMs <= view.toMs ? xOf(view, clockMs) : widthPx() / 2, bounds)),
    fit: () => look(fit(bounds, widthPx())),
    close() {
      rows = [];
      fingers.clear();
      holder.replaceChildren();
    },
  };
}
