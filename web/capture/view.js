/**
 * Writes the studio's state into the page. Holds no state of its own beyond what it last wrote.
 *
 * @module
 */

import { byId, write } from "../lib/elements.js";
import { formatBitrate, formatBytes, formatElapsed } from "../lib/format.js";
import { describeTruth } from "./truth.js";

/** @typedef {import("./studio.js").StudioState} StudioState */
/** @typedef {import("./truth.js").Truth} Truth */
/** @typedef {{ key: string, values: Record<string, string | number> }} Sentence */
/** @typedef {Sentence & { bad?: boolean, trust?: boolean, dismiss?: boolean, isNews?: boolean }} Notice `isNews`: once it is read it is gone */

/** Faults that trusting the certificate, or another address, mends. */
const TRUST_FAULTS = ["error.insecure"];
/** Faults that no attempt mends. */
const FINAL_FAULTS = ["error.insecure", "error.browser_old"];
/** Faults that another choice mends. */
const CHOICE_FAULTS = ["error.overconstrained", "error.type_unsupported", "error.recorder_failed"];

/** @param {import("../lib/strings.js").Strings} strings */
export function createView(strings) {
  const { t } = strings;
  const preview = /** @type {HTMLVideoElement} */ (byId("preview"));
  const record = /** @type {HTMLButtonElement} */ (byId("record"));
  const stop = /** @type {HTMLButtonElement} */ (byId("stop"));
  const flip = /** @type {HTMLButtonElement} */ (byId("flip"));
  const sound = /** @type {HTMLButtonElement} */ (byId("sound"));
  const dark = /** @type {HTMLButtonElement} */ (byId("dark-on"));
  let spoken = "";
  let shutterFocused = false;

  document.addEventListener("focusin", ({ target }) => {
    shutterFocused = target === record || target === stop;
  });
  preview.addEventListener("playing", () => preview.classList.add("seen"));

  /** @param {StudioState} state */
  function renderPreview(state) {
    const stream = state.opened ? state.opened.stream : null;
    if (preview.srcObject !== stream) {
      preview.classList.remove("seen");
      preview.srcObject = stream;
      // `autoplay` is enough, except where the system had stopped it.
      if (stream) void preview.play().catch(() => {});
    }
    byId("opening").hidden = stream !== null || state.fault !== null;
  }

  /** @param {StudioState} state */
  function renderControls(state) {
    const { name, inSession } = state;
    const showStop = inSession && (name !== "starting" || state.cameraLost || state.full !== null);
    const lost = document.activeElement === document.body || document.activeElement === null;
    const wasShutter = lost && shutterFocused;
    record.hidden = showStop;
    stop.hidden = !showStop;
    const busy = !showStop && !state.canRecord;
    record.disabled = busy || (state.fault !== null && FINAL_FAULTS.includes(state.fault.key));
    record.classList.toggle("busy", busy);
    // A button that is disabled or hidden drops the focus; whoever uses a keyboard is still there.
    const shutter = showStop ? stop : record;
    if (wasShutter && !shutter.disabled) shutter.focus({ preventScroll: true });
    const label = !busy ? "capture.record" : name === "stopping" ? "capture.busy.stopping" : "capture.busy.starting";
    write(byId("record-label"), t(label));

    byId("mark").hidden = !showStop || state.session === null;
    const several = state.devices.cameras.length > 1;
    flip.disabled = busy || state.opening || !several;
    sound.disabled = busy || state.opening || !state.opened;
    const loud = state.opened !== null && state.opened.audio !== null;
    sound.setAttribute("aria-pressed", String(loud));
    sound.setAttribute("aria-label", t(loud ? "capture.sound.turn_off" : "capture.sound.turn_on"));
    // Setting a reference again, even the same one, loads it again.
    const icon = `/web/icons.svg#${loud || !state.opened ? "sound" : "no-sound"}`;
    const shown = byId("sound-icon");
    if (shown.getAttribute("href") !== icon) shown.setAttribute("href", icon);
    dark.disabled = !inSession && name !== "stopping";
  }

  /** @param {StudioState} state @param {number} now */
  function renderClock(state, now) {
    const { facts } = state;
    byId("clock").hidden = !facts;
    if (!facts) return;
    const until = state.stoppedMs === null ? now : state.stoppedMs;
    write(byId("elapsed"), formatElapsed(until - facts.startedMs - facts.awayMs));
    write(byId("bytes"), formatBytes(facts.recordedBytes));
  }

  /** @param {StudioState} state @param {boolean} covered by the question whether to go on */
  function renderFault(state, covered) {
    const { fault } = state;
    const shown = fault !== null && !covered && (!state.inSession || state.cameraLost) && state.name !== "stopping";
    byId("fault").hidden = !shown;
    if (!shown || !fault) return;
    write(byId("fault-text"), t(fault.key, fault.values));
    byId("retry").hidden = FINAL_FAULTS.includes(fault.key);
    write(byId("retry"), t(state.opened ? "app.close" : "capture.try_again"));
    byId("fault-settings").hidden = !CHOICE_FAULTS.includes(fault.key);
    byId("fault-selftest").hidden = CHOICE_FAULTS.includes(fault.key) || state.opened !== null || state.inSession;
    byId("fault-trust").hidden = !TRUST_FAULTS.includes(fault.key);
  }

  /** @param {StudioState} state */
  function renderSound(state) {
    const missing = state.opened ? state.opened.sound : null;
    byId("sound-chip").hidden = !missing;
    if (missing) write(byId("sound-text"), t(missing));
  }

  /** What was done from elsewhere, or marked. @param {Sentence | null} said */
  function renderSaid(said) {
    byId("said").hidden = !said;
    if (said) write(byId("said-text"), t(said.key, said.values));
  }

  /** @param {Notice | null} notice */
  function renderNotice(notice) {
    const box = byId("notice");
    box.hidden = !notice;
    if (!notice) return;
    box.classList.toggle("bad", Boolean(notice.bad));
    box.classList.toggle("late", !notice.bad);
    write(byId("notice-text"), t(notice.key, notice.values));
    byId("notice-link").hidden = !notice.trust;
    byId("notice-close").hidden = notice.dismiss === false;
  }

  /** @param {Truth} truth @param {import("./truth.js").Earlier | null} earlier */
  function renderTruth(truth, earlier) {
    document.body.dataset.light = truth.light;
    byId("light").className = `light ${truth.light}`;
    byId("dark-light").className = `light ${truth.light}`;
    const main = t(truth.main.key, truth.main.values);
    const more = [truth.more, ...truth.also].map((one) => (one ? t(one.key, one.values) : "")).join(" ").trim();
    write(byId("truth-main"), main);
    write(byId("truth-more"), more);
    const bar = byId("earlier-bar");
    bar.hidden = !earlier || !earlier.linked;
    if (earlier) byId("earlier-done").style.width = `${100 - (100 * earlier.waitingBytes) / Math.max(1, earlier.wholeBytes)}%`;
    write(byId("dark-truth"), main);
    // A screen reader hears what changes in kind, not each second.
    if (truth.code !== spoken) {
      spoken = truth.code;
      write(byId("announce"), `${main} ${more}`.trim());
    }
  }

  return {
    /**
     * @param {object} what
     * @param {StudioState} what.state
     * @param {string} what.name of the device
     * @param {import("./health.js").Health} what.server
     * @param {Notice | null} what.notice
     * @param {Sentence | null} what.said
     * @param {import("./truth.js").Keeps} what.keeps
     * @param {import("./truth.js").Earlier | null} what.earlier
     * @param {boolean} what.asking whether an interrupted recording waits for an answer
     * @param {number} what.now
     */
    render({ state, name, server, notice, said, keeps, earlier, asking, now }) {
      document.body.dataset.state = state.name;
      write(byId("name"), name);
      const size = state.opened ? state.opened.video.getSettings() : {};
      const short = size.width && size.height ? Math.min(size.width, size.height) : state.settings.height;
      const type = state.type ? ` · ${state.type.name}` : "";
      write(byId("kind"), `${short}p · ${formatBitrate(state.bits)}${type}`);
      renderPreview(state);
      renderControls(state);
      renderClock(state, now);
      renderFault(state, asking);
      renderSound(state);
      renderNotice(notice);
      renderSaid(said);
      const { facts } = state;
      const isOutside = (facts !== null && facts.refused !== null) || (earlier !== null && earlier.isRefused);
      byId("show-files").hidden = !state.summary || isOutside;
      byId("let-in").hidden = !isOutside;

      const linked = facts ? facts.origin : server.elsewhere;
      renderTruth(
        describeTruth(
          {
            phase: state.phase,
            server: server.state,
            serverReason: server.reason,
            link: facts ? facts.link : "down",
            everUp: facts ? facts.everUp : false,
            cameraLost: state.cameraLost,
            partly: state.partly,
            sinceMs: facts ? facts.sinceMs : now,
            isResumed: facts ? facts.isResumed : false,
            stoppedMs: state.stoppedMs,
            isEnding: state.isEnding,
            waitingBytes: facts ? facts.waitingBytes : 0,
            lostBytes: facts ? facts.lostBytes : 0,
            durableWallMs: facts ? facts.durableWallMs : null,
            liveWallMs: facts ? facts.liveWallMs : null,
            durableAtMs: facts ? facts.durableAtMs : null,
            handedMs: facts ? facts.handedMs : null,
            creditBytes: facts ? facts.creditBytes : 0,
            problem: facts && facts.problem ? facts.problem.message : "",
            refused: facts ? facts.refused : null,
            roomMs: state.roomMs,
            roomIsLow: state.roomIsLow,
            full: state.full,
            keeps,
            transport: facts ? facts.transport : null,
            elsewhere: linked === location.origin ? "" : linked,
            earlier,
          },
          now,
        ),
        earlier,
      );
    },
  };
}
