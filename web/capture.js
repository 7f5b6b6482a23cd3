/**
 * The capture page: puts its parts together and connects them to the browser's events.
 *
 * @module
 */

import { createDarkScreen } from "./capture/dark.js";
import { keepFitted } from "./capture/fit.js";
import { watchHealth } from "./capture/health.js";
import { watchOrientation } from "./capture/orientation.js";
import { loadSettings, parseQuery, saveSettings } from "./capture/settings.js";
import { createSettingsPanel } from "./capture/settings-panel.js";
import { createSheet } from "./capture/sheet.js";
import { createStudio } from "./capture/studio.js";
import { createSummaryPanel } from "./capture/summary-panel.js";
import { createView } from "./capture/view.js";
import { loadDevice, localStorageOrNull } from "./lib/device.js";
import { loadStrings } from "./lib/strings.js";
import { createWakeLock } from "./lib/wakelock.js";

/** @typedef {import("./capture/view.js").Notice} Notice */

/** The line counts seconds; half of one is late enough. */
const RENDER_MS = 500;
/** Part of the memory in use from which on a person is told. */
const NEARLY_FULL = 0.8;
/** A first connection that takes longer will need help. */
const NEVER_UP_MS = 8000;
/** `?record=now` tries again after a failure that may pass. */
const RECORD_NOW_RETRY_MS = 10000;

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

function start() {
  const strings = loadStrings(document);
  const storage = localStorageOrNull(window);
  const query = parseQuery(location.search);
  const device = loadDevice(storage, navigator);
  if (query.name) device.rename(query.name);

  const app = byId("app");
  const view = createView(strings);
  const summaryPanel = createSummaryPanel(strings);
  const server = { state: /** @type {"unknown" | "good" | "down" | "unable"} */ ("unknown"), reason: "" };
  let recordNow = query.recordNow;
  let lastName = "";
  /** @type {ReturnType<typeof studio.state>["summary"]} */
  let toldSummary = null;
  /** Notices that the person has read. @type {Set<string>} */
  const dismissed = new Set();
  let shownNotice = "";
  let queued = false;

  const studio = createStudio({
    page: window,
    device,
    client: `localcamera-web/${document.documentElement.dataset.version || "0"}`,
    settings: loadSettings(storage, query),
    onChange: renderSoon,
    onSettings: (settings) => saveSettings(storage, settings),
  });
  const settingsPanel = createSettingsPanel({
    strings,
    onChange: (wish, reason) => void studio.change(wish, reason),
    onName: (name) => studio.rename(name),
  });
  const settingsSheet = createSheet(byId("settings"), app);
  const summarySheet = createSheet(byId("summary"), app);
  const darkScreen = createDarkScreen({ screen: byId("dark"), button: byId("unlock"), behind: app });
  const wakeLock = createWakeLock(navigator, document, { onChange: renderSoon });
  const health = watchHealth({
    page: document,
    wanted: () => !studio.state().inSession,
    onChange: (state, reason) => {
      server.state = state;
      server.reason = reason;
      renderSoon();
    },
  });

  /** @param {ReturnType<typeof studio.state>} state @returns {Notice | null} */
  function notice(state) {
    const { facts } = state;
    /** @type {Notice[]} */
    const all = [];
    if (state.notice) all.push({ ...state.notice, bad: state.notice.key.startsWith("error.") });
    if (facts && (state.inSession || state.name === "stopping")) {
      const used = facts.heldBytes / facts.limitBytes;
      if (state.inSession && used >= NEARLY_FULL) {
        const minutes = Math.floor(((facts.limitBytes - facts.heldBytes) * 8) / state.bits / 60);
        all.push({
          key: minutes > 0 ? "capture.notice.memory_low" : "capture.notice.memory_low_now",
          values: { minutes },
          bad: true,
          dismiss: false,
        });
      }
      if (!facts.everUp && !facts.problem && server.state !== "down" && Date.now() - facts.startedMs > NEVER_UP_MS) {
        all.push({ key: "capture.notice.certificate", values: {}, trust: true });
      }
    }
    if (state.inSession) {
      for (const what of studio.muted()) all.push({ key: `capture.notice.muted_${what}`, values: {}, dismiss: false });
      if (wakeLock.state === "unsupported") all.push({ key: "capture.notice.wake_unsupported", values: {} });
      if (wakeLock.state === "refused" && document.visibilityState === "visible") {
        all.push({ key: "capture.notice.wake_refused", values: {} });
      }
    }
    return all.find(({ key }) => !dismissed.has(key)) || null;
  }

  function render() {
    queued = false;
    const state = studio.state();
    const told = notice(state);
    shownNotice = told ? told.key : "";
    view.render({ state, name: device.name, server, notice: told, now: Date.now() });
    if (settingsSheet.isOpen) settingsPanel.render(state, device.name);

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
  }

  function renderSoon() {
    if (queued) return;
    queued = true;
    // Not an animation frame: those stand still while the page is hidden.
    setTimeout(render, 0);
  }

  async function tryRecordNow() {
    if (!recordNow || studio.state().inSession) return;
    await studio.record();
    if (studio.state().inSession) recordNow = false;
  }

  byId("record").addEventListener("click", (event) => {
    // The second click of a double click would fall on Stop.
    if (event.detail > 1) return;
    recordNow = false;
    summarySheet.close();
    dismissed.clear();
    void studio.record();
  });
  byId("stop").addEventListener("click", (event) => {
    if (event.detail > 1) return;
    void studio.stop();
  });
  byId("retry").addEventListener("click", () => void studio.open());
  byId("flip").addEventListener("click", () => void studio.nextCamera());
  byId("sound").addEventListener("click", () => {
    const { opened } = studio.state();
    const loud = opened !== null && opened.audio !== null;
    void studio.change({ microphone: loud ? "none" : "" }, "settings");
  });
  byId("dark-on").addEventListener("click", () => darkScreen.show());
  for (const id of ["settings-open", "fault-settings"]) {
    byId(id).addEventListener("click", () => {
      settingsPanel.render(studio.state(), device.name);
      settingsSheet.open();
    });
  }
  byId("show-files").addEventListener("click", () => summarySheet.open());
  byId("notice-close").addEventListener("click", () => {
    dismissed.add(shownNotice);
    studio.dismiss();
  });

  for (const link of document.querySelectorAll("[data-lang]")) {
    const lang = link.getAttribute("data-lang") || "";
    if (strings.lang.startsWith(lang)) link.setAttribute("aria-current", "true");
    const address = new URL(location.href);
    address.searchParams.set("lang", lang);
    link.setAttribute("href", address.search);
  }
  for (const id of ["link-selftest", "link-trust"]) {
    byId(id).addEventListener("click", (event) => {
      // Leaving the page would end the recording.
      if (studio.state().inSession) event.preventDefault();
    });
  }

  watchOrientation(window, () => void studio.turned());
  keepFitted(byId("stage"), byId("frame"), /** @type {HTMLVideoElement} */ (byId("preview")));
  document.addEventListener("visibilitychange", () => studio.visibility(document.visibilityState === "hidden"));
  window.addEventListener("pagehide", () => studio.visibility(true));
  window.addEventListener("online", () => studio.networkBack());
  if (navigator.mediaDevices && navigator.mediaDevices.addEventListener) {
    navigator.mediaDevices.addEventListener("devicechange", () => void studio.devicesChanged());
  }
  window.addEventListener("beforeunload", (event) => {
    const state = studio.state();
    const waiting = state.facts !== null && state.facts.waitingBytes > 0;
    if (!state.inSession && state.name !== "stopping" && !waiting) return;
    event.preventDefault();
    event.returnValue = strings.t("capture.leave");
  });
  setInterval(() => {
    studio.tick();
    render();
  }, RENDER_MS);

  app.hidden = false;
  render();
  void (recordNow ? tryRecordNow() : studio.open());
  health.look();
}

start();
