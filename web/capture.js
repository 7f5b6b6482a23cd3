/**
 * The capture page: puts its parts together and connects them to the browser's events.
 *
 * @module
 */

import { createDarkScreen } from "./capture/dark.js";
import { joined } from "./capture/delivered.js";
import { createEarlierPanel, earlierOf } from "./capture/earlier-panel.js";
import { keepFitted } from "./capture/fit.js";
import { createGoingOn } from "./capture/going-on.js";
import { watchHealth } from "./capture/health.js";
import { keepPage } from "./capture/keep-page.js";
import { RESUME_MS } from "./capture/left-behind.js";
import { createLeftovers } from "./capture/leftovers.js";
import { isAliveElsewhere } from "./capture/life.js";
import { firstUnread, noticesOf } from "./capture/notices.js";
import { watchOrientation } from "./capture/orientation.js";
import { createOtherTab } from "./capture/other-tab.js";
import { createRemote } from "./capture/remote.js";
import { createPrompt, sentenceFor } from "./capture/remote-prompt.js";
import { createRoom } from "./capture/room.js";
import { loadSettings, parseQuery, saveSettings } from "./capture/settings.js";
import { createSettingsPanel } from "./capture/settings-panel.js";
import { createSheet } from "./capture/sheet.js";
import { createStudio } from "./capture/studio.js";
import { createSummaryPanel } from "./capture/summary-panel.js";
import { createView } from "./capture/view.js";
import { isCameraDenied, opensUnasked } from "./lib/camera.js";
import { isAdmin } from "./lib/access.js";
import { createAlarmBoard } from "./lib/alarms-board.js";
import { createControl } from "./lib/control.js";
import { loadDevice, localStorageOrNull } from "./lib/device.js";
import { byId } from "./lib/elements.js";
import { isApple } from "./lib/environment.js";
import { pointLanguages } from "./lib/languages.js";
import { createOrigins } from "./lib/origins.js";
import { openStore } from "./lib/spool.js";
import { createSteadyClock } from "./lib/steady-clock.js";
import { loadStrings } from "./lib/strings.js";
import { createWakeLock } from "./lib/wakelock.js";
import { createWho } from "./lib/who.js";
import { createEntry } from "./sign-in/entry.js";

/** The line counts seconds; half of one is late enough. */
const RENDER_MS = 500;
/** `?record=now` tries again after a failure that may pass. */
const RECORD_NOW_RETRY_MS = 10000;

/** @param {string} id @param {(event: MouseEvent) => void} act */
function onClick(id, act) {
  byId(id).addEventListener("click", act);
}

async function start() {
  const strings = loadStrings(document);
  const storage = localStorageOrNull(window);
  const query = parseQuery(location.search);
  const device = loadDevice(storage, navigator);
  if (query.name) device.rename(query.name);
  pointLanguages(window);
  const store = openStore(window);
  const entry = createEntry({ page: window, strings, device, heldBytes: async () => (await (await store).sessions()).reduce((sum, { bytes }) => sum + bytes, 0) });
  // No camera is opened for somebody who may not record.
  await entry.pass();

  const client = `localcamera-web/${document.documentElement.dataset.version || "0"}`;

  const clock = createSteadyClock({
    onLeap: ({ kind }) => {
      // Whoever reads the clock is in the middle of something.
      if (kind === "slept") setTimeout(() => studio.slept(), 0);
    },
  });
  const origins = createOrigins({ own: location.origin, storage });
  const room = createRoom({ store, apple: isApple(navigator), now: clock.now, onChange: renderSoon });

  const app = byId("app");
  const view = createView(strings);
  const summaryPanel = createSummaryPanel(strings, origins.all);
  const earlierPanel = createEarlierPanel(strings);
  /** @type {import("./capture/health.js").Health} */
  let server = { state: "unknown", reason: "", elsewhere: "" };
  let recordNow = query.recordNow;
  let lastName = "";
  /** @type {ReturnType<typeof studio.state>["summary"]} */
  let toldSummary = null;
  /** @type {import("./capture/leftovers.js").Arrived | null} */
  let toldArrived = null;
  /** Notices that the person has read. @type {Set<string>} */
  const dismissed = new Set();
  /** @type {import("./capture/view.js").Notice | null} */
  let shownNotice = null;
  let queued = false;
  /** Whether the sheet with the box for a code has come up by itself. */
  let wasAsked = false;

  const studio = createStudio({
    page: window,
    device,
    client,
    clock,
    origins,
    storage,
    store,
    room,
    settings: loadSettings(storage, query),
    onChange: renderSoon,
    onSettings: (settings) => saveSettings(storage, settings),
    onLetGo: () => leftovers.soon(),
  });
  const leftovers = createLeftovers({
    store,
    device,
    client,
    clock,
    origins,
    storage,
    busy: studio.isSending,
    onChange: renderSoon,
  });
  const goingOn = createGoingOn({ studio, leftovers, now: clock.now });
  const settingsPanel = createSettingsPanel({
    strings,
    onChange: (wish, reason) => void studio.change(wish, reason),
    onName: (name) => studio.rename(name),
    onRemote: (mode) => remote.choose(mode),
  });
  let mayDismiss = false;
  const board = createAlarmBoard({
    page: window,
    root: byId("alarms"),
    strings,
    storage,
    most: 1,
    mayDismiss: () => mayDismiss,
    isRecording: () => studio.state().inSession,
    // That nothing of its own arrives is what the truth line says.
    isOwn: (alarm) => alarm.device === device.id,
  });
  const otherTab = createOtherTab({ locks: navigator.locks, isAlive: (session, locked) => isAliveElsewhere(storage, session, clock.now(), locked) });
  const remote = createRemote({
    page: window,
    studio,
    device,
    client,
    storage,
    numbered,
    now: clock.now,
    record: recordFromElsewhere,
    otherTab,
    isDenied: () => isCameraDenied(navigator),
    opensUnasked: (withMicrophone) => opensUnasked(navigator, withMicrophone),
    onChange: renderSoon,
    connect: board.overhearing(createControl),
  });
  const prompt = createPrompt({ strings, over: byId("stage"), now: clock.now, onAnswer: (reply, question) => remote.answer(reply, question) });
  const settingsSheet = createSheet(byId("settings"), app);
  const summarySheet = createSheet(byId("summary"), app);
  const who = createWho({ page: window, strings, access: entry.access, mayLeave: () => !studio.state().inSession && studio.state().name !== "stopping", onKnown: (known) => void (mayDismiss = isAdmin(known)) });
  const darkScreen = createDarkScreen({ screen: byId("dark"), button: byId("unlock"), note: byId("dark-note"), behind: app });
  const wakeLock = createWakeLock(navigator, document, { onChange: renderSoon });
  const kept = keepPage(navigator, renderSoon);
  const health = watchHealth({
    page: document,
    origins: origins.all,
    wanted: () => !studio.state().inSession,
    onChange: (found) => {
      server = found;
      renderSoon();
    },
  });

  /** @param {import("./capture/studio.js").StudioState} state */
  function settingsFor(state) {
    const keeps = room.keeps;
    settingsPanel.render(state, { name: device.name, keeps, page: kept.state }, remote);
  }

  /** @param {number} number */
  function numbered(number) {
    return strings.t("capture.camera.number", { number });
  }

  /** @param {string} id */
  function cameraName(id) {
    const { cameras } = studio.state().devices;
    const at = cameras.findIndex((camera) => camera.id === id);
    return (at >= 0 && cameras[at].label) || numbered(at + 1);
  }

  /** What others want of this camera, and what they did. @param {import("./capture/remote-line.js").Sentence | null} said @param {number} now */
  function renderRemote(said, now) {
    const question = remote.question();
    // Over a dark screen stray touches would answer: it asks to be unlocked first.
    prompt.render(darkScreen.isOn ? null : question, cameraName, now);
    if (question) {
      const { key, values } = sentenceFor(question.order, cameraName);
      darkScreen.note(strings.t("capture.remote.unlock", { sentence: strings.t(key, values) }), true);
    } else {
      darkScreen.note(said ? strings.t(said.key, said.values) : "", false);
    }
  }

  function render() {
    queued = false;
    const now = clock.now();
    const state = studio.state();
    const visible = document.visibilityState === "visible";
    const notices = noticesOf({ state, server: server.state, muted: studio.muted(), wake: wakeLock.state, visible, now });
    const notice = firstUnread(notices, dismissed);
    shownNotice = notice;
    const lefts = leftovers.state();
    const asking = goingOn.isAsking();
    const keeps = state.facts && state.facts.kind === "memory" ? "open" : room.keeps;
    const earlier = earlierOf(lefts, now, strings.lang);
    const said = remote.line(now);
    view.render({ state, name: device.name, server, notice, said, keeps, earlier, asking, now });
    renderRemote(said, now);
    earlierPanel.renderQuestion({ left: leftovers.interrupted, asking, needsTap: goingOn.needsTap(), fault: state.fault, now });
    earlierPanel.renderArrived(lefts.arrived, now);
    if (settingsSheet.isOpen) settingsFor(state);
    renderOutside(state, lefts);
    const newest = lefts.arrived[lefts.arrived.length - 1] || null;
    if (newest !== toldArrived) {
      toldArrived = newest;
      // Whoever pressed Stop and loaded the page again still waits for the files.
      if (newest && newest.left.stopped && now - newest.left.lastMs < RESUME_MS && !state.inSession) showArrived();
    }

    if (state.name !== lastName) {
      const before = lastName;
      lastName = state.name;
      if (state.inSession || state.name === "stopping") wakeLock.hold();
      else wakeLock.release();
      if (state.summary && state.summary !== toldSummary) {
        toldSummary = state.summary;
        summaryPanel.render(state.summary, state.partly);
        // Over a dark screen it waits until the person is back.
        if (!darkScreen.isOn && !settingsSheet.isOpen) summarySheet.open();
      }
      if (before === "stopping" || before === "" || state.name === "error") health.look();
      if (recordNow && state.name === "error") setTimeout(tryRecordNow, RECORD_NOW_RETRY_MS);
    }
    otherTab.tick(state.inSession ? state.session : null);
    remote.tick();
    board.render();
  }

  /** @param {import("./capture/studio.js").StudioState} state @param {import("./capture/leftovers.js").LeftoverState} lefts */
  function outside({ facts }, { underway, behindBytes }) {
    const refused = (facts && facts.refused) || (underway && underway.refused);
    const bytes = (facts ? facts.waitingBytes : 0) + (underway ? underway.waitingBytes : 0) + behindBytes;
    return refused ? { why: refused, bytes } : null;
  }

  /** Once by itself: there is nothing that anybody could do but this. @param {import("./capture/studio.js").StudioState} state @param {import("./capture/leftovers.js").LeftoverState} lefts */
  function renderOutside(state, lefts) {
    const found = outside(state, lefts);
    if (found) entry.tell(found.bytes);
    const isFree = !darkScreen.isOn && !settingsSheet.isOpen && !summarySheet.isOpen && !entry.isAsking;
    if (found && !wasAsked && isFree) {
      wasAsked = true;
      entry.ask(found.why, found.bytes);
    }
    if (!found) wasAsked = false;
  }

  function renderSoon() {
    if (queued) return;
    queued = true;
    // Not an animation frame: those stand still while the page is hidden.
    setTimeout(render, 0);
  }

  async function tryRecordNow() {
    if (!recordNow || studio.state().inSession) return;
    if (leftovers.interrupted) await goingOn.yes();
    else await studio.record();
    if (studio.state().inSession) recordNow = false;
  }

  async function recordFromElsewhere() {
    recordNow = false;
    summarySheet.close();
    dismissed.clear();
    if (leftovers.interrupted) await goingOn.yes();
    else await studio.record();
  }

  function showArrived() {
    const { arrived } = leftovers.state();
    if (arrived.length === 0 || darkScreen.isOn || settingsSheet.isOpen) return;
    summaryPanel.render(joined(arrived.map(({ summary }) => summary)), arrived.some(({ partly }) => partly));
    summarySheet.open();
  }

  function openSettings() {
    void who.look();
    settingsFor(studio.state());
    settingsSheet.open();
  }

  onClick("record", (event) => {
    // The second click of a double click would fall on Stop.
    if (event.detail > 1) return;
    recordNow = false;
    summarySheet.close();
    dismissed.clear();
    // Whoever begins a new one does not go on with the old one.
    goingOn.no();
    room.persist();
    void studio.record();
  });
  onClick("stop", (event) => {
    if (event.detail > 1) return;
    void studio.stop();
  });
  onClick("mark", () => {
    const atMs = clock.now();
    if (studio.mark({ atMs })) remote.marked(atMs);
    renderSoon();
  });
  onClick("go-on", () => void goingOn.yes());
  onClick("that-was-all", () => {
    recordNow = false;
    goingOn.no();
  });
  onClick("retry", () => void studio.open());
  onClick("flip", () => void studio.nextCamera());
  onClick("sound", () => {
    const { opened } = studio.state();
    const loud = opened !== null && opened.audio !== null;
    void studio.change({ microphone: loud ? "none" : "" }, "settings");
  });
  onClick("let-in", () => {
    const found = outside(studio.state(), leftovers.state());
    if (found) entry.ask(found.why, found.bytes);
  });
  onClick("sign-in-open", (event) => {
    event.preventDefault();
    settingsSheet.close();
    entry.ask("wish", 0);
  });
  onClick("dark-on", () => darkScreen.show());
  onClick("settings-open", openSettings);
  onClick("fault-settings", openSettings);
  onClick("show-files", () => {
    const { summary, partly } = studio.state();
    if (summary) summaryPanel.render(summary, partly);
    summarySheet.open();
  });
  onClick("arrived-files", showArrived);
  onClick("arrived-close", () => leftovers.told());
  onClick("notice-close", () => {
    if (shownNotice && !shownNotice.isNews) dismissed.add(shownNotice.key);
    // Otherwise news that has come since would go unread.
    if (shownNotice && shownNotice.isNews) studio.dismiss();
    renderSoon();
  });

  for (const id of ["link-live", "link-library", "link-devices", "link-selftest", "link-trust"]) {
    onClick(id, (event) => {
      // Leaving the page would end the recording.
      if (studio.state().inSession) event.preventDefault();
    });
  }

  let liveUp = false;
  let earlierUp = false;
  /** Where one delivery gets through, the other need not wait for its next attempt. */
  function shareLinks() {
    const { facts } = studio.state();
    const { underway } = leftovers.state();
    const live = facts !== null && facts.link === "up";
    const earlier = underway !== null && underway.link === "up";
    if (live && !liveUp) leftovers.retryNow();
    if (earlier && !earlierUp) studio.networkBack();
    liveUp = live;
    earlierUp = earlier;
  }

  function retryNow() {
    studio.networkBack();
    leftovers.retryNow();
  }
  watchOrientation(window, () => void studio.turned());
  keepFitted(byId("stage"), byId("frame"), /** @type {HTMLVideoElement} */ (byId("preview")));
  document.addEventListener("visibilitychange", () => {
    studio.visibility(document.visibilityState === "hidden");
    if (document.visibilityState === "visible") leftovers.retryNow();
  });
  window.addEventListener("pagehide", () => studio.visibility(true));
  window.addEventListener("pageshow", (event) => {
    // The browser had put the page aside, and its storage and camera are gone.
    if (event.persisted) location.reload();
  });
  window.addEventListener("online", retryNow);
  if (navigator.mediaDevices && navigator.mediaDevices.addEventListener) {
    navigator.mediaDevices.addEventListener("devicechange", () => void studio.devicesChanged());
  }
  window.addEventListener("beforeunload", (event) => {
    const state = studio.state();
    // What waits in lasting storage is delivered by the next visit; only the recording itself would be interrupted.
    const waits = room.keeps === "open" && (state.name === "stopping" || (state.facts !== null && state.facts.waitingBytes > 0));
    if (!state.inSession && !waits) return;
    event.preventDefault();
    event.returnValue = strings.t("capture.leave");
  });
  setInterval(() => {
    studio.tick();
    leftovers.tick();
    goingOn.tick();
    shareLinks();
    if (studio.state().full) room.look();
    render();
  }, RENDER_MS);

  entry.attach({
    isIdle() {
      const { inSession, name } = studio.state();
      return !inSession && name !== "stopping";
    },
    onIn() {
      void who.look();
      retryNow();
    },
  });
  app.hidden = false;
  render();
  void studio.open().then(goingOn.tick);
  void leftovers.look().then(() => {
    goingOn.tick();
    void tryRecordNow();
  });
  health.look();
  // Whose page it is: admins dismiss alarms.
  void who.look();
}

void start();
