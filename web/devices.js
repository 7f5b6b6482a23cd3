/**
 * The devices page: puts its parts together and connects them to the browser's events.
 *
 * @module
 */

import { able } from "./devices/abilities.js";
import { createCard } from "./devices/card.js";
import { createCards } from "./devices/cards.js";
import { createCommands } from "./devices/commands.js";
import { createConfirm } from "./devices/confirm.js";
import { confirmed } from "./devices/confirmed.js";
import { groupsOf, inScope, isRecording, parseDevices } from "./devices/devices.js";
import { createPanel } from "./devices/panel.js";
import { createScope } from "./devices/scope.js";
import { createServerPanel } from "./devices/server-panel.js";
import { createDeviceWords } from "./devices/words.js";
import { isAdmin } from "./lib/access.js";
import { createAlarmBoard } from "./lib/alarms-board.js";
import { controlAddress, createControl } from "./lib/control.js";
import { loadDevice, localStorageOrNull, randomId } from "./lib/device.js";
import { createDoor } from "./lib/door.js";
import { byId, write } from "./lib/elements.js";
import { keepIcons } from "./lib/icon.js";
import { showPlace } from "./lib/place.js";
import { requestJson } from "./lib/request.js";
import { loadStrings } from "./lib/strings.js";
import { createServerClock } from "./live/server-clock.js";
import { createPeopleSection } from "./people/section.js";
import { createSignInSheet } from "./sign-in/sheet.js";
import { createSourcesSection } from "./sources/section.js";
import { isOfSource } from "./sources/sources.js";
import { addressToAdd } from "./sources/route.js";

/** The sentences count seconds; half of one is late enough. */
const RENDER_MS = 500;
/** What changes while nobody does anything: the disk, and what was sent to somebody. */
const LOOK_MS = 15000;
const MOST_BANNERS = 3;

/** @typedef {import("./devices/devices.js").Device} Device */
/** @typedef {import("./devices/devices.js").Act} Act */

/** The same by requests, where the connection is silent. */
async function ask() {
  const [devices, ...others] = await Promise.all([requestJson("/api/devices"), ...["/api/alarms", "/api/sources"].map((path) => requestJson(path).catch(() => null))]);
  return [devices, ...others.filter((told) => told !== null)];
}

function start() {
  const strings = loadStrings(document);
  const { t, count } = strings;
  const app = byId("app");
  const progress = () => performance.now();
  const clock = createServerClock({ progress });
  const words = createDeviceWords(strings);
  /** Whether this browser may command devices and change the server; not before the server has said so. */
  let mayChange = false;
  let isRoleKnown = false;
  const door = createDoor({
    page: window,
    strings,
    onKnown: (known) => {
      isRoleKnown = true;
      mayChange = isAdmin(known);
      showPlace(byId("address"), byId("address-beside"), known.place, strings);
      people.known(known);
      render();
    },
  });
  /** @type {Device[] | null} */
  let devices = null;
  /** @type {"connecting" | "up" | "lost"} */
  let link = "connecting";
  /** @type {string | null} */
  let group = null;
  let spoken = "";

  const board = createAlarmBoard({ page: window, root: byId("alarms"), strings, storage: localStorageOrNull(window), most: MOST_BANNERS, mayDismiss: () => mayChange });
  const server = createServerPanel({ strings });
  const control = createControl({
    page: window,
    url: controlAddress(location),
    ask,
    onMessage: heard,
    onClose() {
      link = "lost";
      commands.lost();
      board.lost();
      door.doubt();
      render();
    },
  });
  const commands = createCommands({ send: control.send, now: progress, newId: randomId });
  const confirm = createConfirm({ strings, behind: app });
  const sources = createSourcesSection({ page: window, strings, behind: app, confirm, onChange: render });
  const people = createPeopleSection({ page: window, strings, behind: app, confirm, now: () => clock.now() || Date.now() });
  const device = loadDevice(localStorageOrNull(window), navigator);
  const signIn = createSignInSheet({ page: window, strings, access: door.access, name: () => device.name, behind: app });
  const panel = createPanel({ page: window, strings, words, behind: app, onAct: (device, act, value) => issue(device, act, value) });
  const scope = createScope({
    strings,
    words,
    onChoose: (chosen) => {
      group = chosen;
      render();
    },
    onAct: issueToScope,
    onClose: () => {
      commands.close();
      render();
    },
  });
  const cards = createCards({
    list: byId("devices"),
    create: (id) =>
      createCard({
        id,
        strings,
        words,
        onAct: (device, act) => (act === "stop" ? confirm.ask([device], () => issue(device, act)) : issue(device, act)),
        onOpen: (device) => {
          panel.open(device);
          render();
        },
      }),
  });

  /** @param {Device} device @param {Act} act @param {unknown} [value] */
  function issue({ device }, act, value) {
    commands.issue(device, act, value, [device]);
    render();
  }

  /** @param {"start" | "stop" | "mark"} act */
  function issueToScope(act) {
    // Where a group has vanished while somebody was asked, it is not all devices that are meant.
    const chosen = group;
    const to = /** @type {import("./devices/commands.js").To} */ (chosen === null ? { all: true } : { group: chosen });
    const ask = act === "stop" ? confirm.ask : (/** @type {Device[]} */ _, /** @type {() => void} */ yes) => yes();
    confirmed({
      meant: () => able(inScope(devices || [], chosen), act),
      ask,
      go(meant) {
        commands.issue(to, act, undefined, meant.map(({ device }) => device));
        render();
      },
    });
  }

  /** @param {any} message */
  function heard(message) {
    if (typeof message.now_ms === "number") clock.heard(message.now_ms);
    // Whoever has got another role is cut off, and comes back with it.
    if (link === "lost") door.look();
    link = "up";
    board.heard(message);
    people.heard(message);
    const list = parseDevices(message);
    if (list) devices = list.devices;
    if (sources.heard(message) || list || commands.heard(message)) render();
  }

  /** A screen reader hears what changes in kind, not each second. */
  function announce() {
    const batch = byId("progress").hidden ? "" : byId("progress-text").textContent || "";
    const answers = (devices || [])
      .map(({ device, name }) => ({ name, answer: commands.of(device) }))
      .filter(({ answer }) => answer !== null && answer.progress !== "sent")
      .map(({ name, answer }) => `${name}: ${words.answer(/** @type {import("./devices/commands.js").Answer} */ (answer)).text}`);
    const text = batch || answers.join(" ");
    if (text === spoken) return;
    spoken = text;
    write(byId("announce"), text);
  }

  function render() {
    const isKnown = link === "up";
    const fetched = sources.list() || [];
    // What the server fetches by itself is in a list of its own.
    const all = (devices || []).filter((device) => !isOfSource(device, fetched));
    if (group !== null && !all.some(({ groups }) => groups.includes(String(group)))) group = null;
    const shown = inScope(all, group);
    const nowMs = clock.now();
    /** @param {Device} device */
    const lookOf = (device) => ({ device, answer: commands.of(device.device), nowMs, isKnown, mayCommand: mayChange, isAlarming: board.of(device.device) !== null });
    byId("lost").hidden = link !== "lost";
    byId("connecting").hidden = devices !== null || link === "lost";
    byId("empty").hidden = devices === null || all.length > 0 || fetched.length > 0 || !isKnown;
    // One device has all of it on its card.
    byId("scope").hidden = all.length < 2 && groupsOf(all).length === 0;
    byId("watching-only").hidden = !isRoleKnown || mayChange;
    const recording = all.filter((device) => isRecording(device) && device.isOnline).length;
    const counted = recording === 0 ? count("devices.count.idle", all.length) : count("devices.count", all.length, { recording });
    write(byId("count"), all.length === 0 ? "" : counted);
    cards.render(shown.map(lookOf));
    scope.render({ devices: all, chosen: group, isKnown, mayCommand: mayChange, batch: commands.batch(), nameOf: (id) => (all.find(({ device }) => device === id) || { name: id }).name });
    if (panel.id !== null) {
      const open = all.find(({ device }) => device === panel.id);
      panel.render(open ? lookOf(open) : null);
    }
    sources.render({ nowMs, isKnown, mayChange });
    server.allow(mayChange);
    announce();
  }

  function follow() {
    if (location.hash === "#let-in" || location.hash === "#sign-in") {
      const isForOthers = location.hash === "#let-in";
      history.replaceState(null, "", location.pathname + location.search);
      if (isForOthers) people.letIn();
      else signIn.open();
      return;
    }
    const known = addressToAdd(location.hash);
    if (!known) return;
    history.replaceState(null, "", location.pathname + location.search);
    sources.add(known);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    void server.look();
    people.look();
  });
  byId("people-sign-in").addEventListener("click", () => signIn.open());
  void keepIcons(document);
  document.body.dataset.state = "devices";
  document.title = t("devices.title");
  app.hidden = false;
  render();
  server.render();
  follow();
  window.addEventListener("hashchange", follow);
  control.start();
  void server.look();
  setInterval(() => {
    render();
    board.render();
    people.tick();
  }, RENDER_MS);
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    void server.look();
    people.look();
  }, LOOK_MS);
}

start();
