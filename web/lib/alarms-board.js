/**
 * The alarms of a page: banners above everything, and the sound.
 *
 *   const board = createAlarmBoard({ page: window, root: byId("alarms"), strings, storage, most: 3 });
 *   board.heard(message)     each message of /ws/control
 *   board.lost()             its connection is gone
 *   board.render()           about twice a second
 *
 *   createRemote({ …, connect: board.overhearing(createControl) })    instead of the first two
 *
 * Buttons with `data-alarm-sound` anywhere in the page turn the sound on and off.
 *
 * The capture page makes no sound, since its own microphone would record it, and says in its own words that the server is
 * away. While it records no banner leads away: iOS takes the camera from a page that is not seen.
 *
 * @module
 */

import { createAlarms } from "./alarms.js";
import { createSilenced } from "./alarms-silenced.js";
import { createAlarmSound } from "./alarms-sound.js";
import { createAlarmWords } from "./alarms-words.js";
import { make, write } from "./elements.js";
import { icon, setIcon } from "./icon.js";
import { request } from "./request.js";

/** @typedef {import("./alarms.js").Banner} Banner */
/** @typedef {typeof import("./control.js").createControl} Connect */

/** On a phone a second one would leave no page, and over a picture no picture. */
const NARROW_PX = 600;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {HTMLElement} options.root
 * @param {import("./strings.js").Strings} options.strings
 * @param {Storage | null} options.storage
 * @param {number} options.most banners at once: the page has other things to show
 * @param {() => boolean} [options.isRecording] of the capture page, which nothing may replace or cover
 * @param {(alarm: import("./alarms.js").Alarm) => boolean} [options.isOwn]
 * @param {() => boolean} [options.mayDismiss] for everybody: that is for admins
 */
export function createAlarmBoard({ page, root, strings, storage, most, isRecording, isOwn, mayDismiss = () => true }) {
  const { t } = strings;
  const now = () => page.performance.now();
  const words = createAlarmWords(strings);
  const isCapture = isRecording !== undefined;
  const alarms = createAlarms({ isOwn, isServerOwn: isCapture });
  const sound = isCapture ? null : createAlarmSound({ page, storage, now, onChange: () => render() });
  /** @type {Map<string, ReturnType<typeof createBanner>>} */
  const shown = new Map();
  const silenced = createSilenced(storage);
  let isExpanded = false;
  const list = make("ul", "alarm-list");
  const foot = make("div", "alarm-foot");
  const more = make(isCapture ? "a" : "button", isCapture ? "alarm-more" : "button quiet alarm-button alarm-more");
  if (isCapture) more.setAttribute("target", "_blank");
  else more.setAttribute("type", "button");
  const hush = make("button", "button quiet alarm-button");
  const toggle = make("button", "button quiet alarm-button alarm-toggle");
  for (const button of [hush, toggle]) button.setAttribute("type", "button");
  toggle.dataset.alarmSound = "";
  hush.textContent = t("alarms.silence");
  foot.append(more, ...(isCapture ? [] : [hush, toggle]));
  root.append(list, foot);

  const mayLeave = () => isRecording === undefined || !isRecording();

  /** @param {Banner} banner */
  function createBanner({ alarm }) {
    const element = make("li", "alarm notice");
    const sign = icon("warning");
    const said = make("div", "alarm-words");
    const title = make("p", "alarm-title");
    // What counts is not read out again each second.
    title.setAttribute("role", "alert");
    const since = make("p", "alarm-since numbers");
    said.append(title, since);
    const actions = make("div", "alarm-actions");
    const link = /** @type {HTMLAnchorElement} */ (make("a", "button quiet alarm-button"));
    if (isCapture) link.target = "_blank";
    const dismiss = /** @type {HTMLButtonElement} */ (make("button", "button quiet alarm-button"));
    dismiss.type = "button";
    dismiss.textContent = t("alarms.dismiss");
    dismiss.addEventListener("click", () => {
      dismiss.disabled = true;
      // The list that follows says whether it is put aside.
      request(`/api/alarms/${encodeURIComponent(alarm.id)}/dismiss`, { method: "POST" })
        .catch(() => {})
        .then(() => {
          dismiss.disabled = false;
        });
    });
    actions.append(link, dismiss);
    element.append(sign, said, actions);
    return {
      element,
      /** @param {Banner} next */
      render({ alarm: told, forMs, isOver, stream }) {
        const tone = isOver ? "good" : told.kind === "disk_low" ? "late" : "bad";
        element.className = `alarm notice ${tone}`;
        setIcon(/** @type {SVGUseElement} */ (sign.firstChild), isOver ? "check" : "warning");
        write(title, isOver ? words.over(told) : words.title(told));
        write(since, isOver ? "" : words.since(told, forMs));
        since.hidden = isOver;
        const to = stream !== null ? `/live#${encodeURIComponent(stream)}` : "/devices";
        if (link.getAttribute("href") !== to) link.href = to;
        link.hidden = !mayLeave() || told.kind === "unreachable" || to === page.location.pathname + page.location.hash;
        write(link, t(stream !== null ? "alarms.watch" : "alarms.devices"));
        dismiss.hidden = told.kind !== "silent" || !mayDismiss();
        actions.hidden = isOver || (link.hidden && dismiss.hidden);
      },
    };
  }

  /** @returns {boolean} whether something is to be heard */
  function renderSound() {
    if (!sound) return false;
    const isSounding = alarms.isSounding(now());
    sound.sound(isSounding);
    const state = sound.state();
    hush.hidden = !isSounding || state !== "on";
    const spoken = t(state === "on" ? "alarms.sound.on" : state === "blocked" ? "alarms.sound.blocked" : "alarms.sound.off");
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (page.document.querySelectorAll("[data-alarm-sound]"))) {
      if (button.dataset.state === state) continue;
      button.dataset.state = state;
      button.hidden = state === "unsupported";
      button.setAttribute("aria-pressed", String(state !== "off"));
      const text = make("span", "");
      text.textContent = spoken;
      const isBare = button.classList.contains("bare");
      button.setAttribute("aria-label", spoken);
      button.title = spoken;
      button.replaceChildren(icon(state === "off" ? "no-bell" : "bell"), ...(isBare ? [] : [text]));
    }
    return isSounding;
  }

  function render() {
    const all = alarms.banners(now());
    const isNarrow = page.innerWidth < NARROW_PX || page.document.body.dataset.state === "stream";
    const room = isNarrow ? 1 : most;
    const banners = isExpanded ? all : all.slice(0, room);
    const keys = banners.map(({ key }) => key);
    for (const [key, banner] of Array.from(shown)) {
      if (keys.includes(key)) continue;
      banner.element.remove();
      shown.delete(key);
    }
    banners.forEach((banner, at) => {
      let mine = shown.get(banner.key);
      if (!mine) {
        mine = createBanner(banner);
        shown.set(banner.key, mine);
      }
      if (list.children[at] !== mine.element) list.insertBefore(mine.element, list.children[at] || null);
      mine.render(banner);
    });
    const hidden = all.length - banners.length;
    if (all.length <= room) isExpanded = false;
    more.hidden = hidden === 0 && !isExpanded;
    write(more, isExpanded ? t("alarms.fewer") : strings.count("alarms.more", hidden));
    more.setAttribute("aria-expanded", String(isExpanded));
    root.classList.toggle("expanded", isExpanded);
    if (isCapture && mayLeave()) more.setAttribute("href", "/devices");
    else more.removeAttribute("href");
    const isSounding = renderSound();
    // Whatever sounds can be silenced.
    root.hidden = all.length === 0 && !isSounding;
    foot.hidden = !isSounding && !all.some(({ isOver }) => !isOver);
    // Beside its buttons there is room for the one of the sound, where it needs no words.
    root.classList.toggle("single", all.length === 1 && hush.hidden && toggle.dataset.state !== "blocked" && list.querySelector(".alarm-actions:not([hidden])") !== null);
  }

  page.document.addEventListener("click", (event) => {
    const clicked = event.target instanceof page.Element ? event.target.closest("[data-alarm-sound]") : null;
    if (sound && clicked instanceof page.HTMLElement) {
      if (clicked.dataset.state === "blocked") sound.allow();
      else sound.toggle();
    }
  });
  more.addEventListener("click", () => {
    if (isCapture) return;
    isExpanded = !isExpanded;
    render();
  });
  hush.addEventListener("click", () => {
    alarms.silence();
    silenced.keep(alarms.silenced());
    render();
  });
  /** Also what another page of this browser has silenced. */
  function recall() {
    alarms.silenceAlso(silenced.keys());
    // Of a server that has started again the same alarm has another key.
    silenced.keep(alarms.silenced());
  }
  page.addEventListener("storage", recall);
  render();

  const board = {
    /** @param {any} message */
    heard(message) {
      alarms.heard(message, now());
      if (!message || !Array.isArray(message.alarms)) return;
      recall();
      render();
    },
    lost: () => alarms.lost(now()),
    render,
    of: alarms.of,
    /**
     * For a page whose connection is somebody else's: the alarms are heard on that one.
     * @param {Connect} connect @returns {Connect}
     */
    overhearing: (connect) => (options) =>
      connect({
        ...options,
        onMessage(message) {
          board.heard(message);
          options.onMessage(message);
        },
        onClose() {
          board.lost();
          if (options.onClose) options.onClose();
        },
      }),
  };
  return board;
}
