/**
 * The settings panel: shows what is chosen and what is possible, and reports each choice at once.
 *
 * @module
 */

import { formatBitrate, formatPerHour } from "../lib/format.js";
import { MODES } from "./remote-mode.js";
import { AUDIO_BITS, HEIGHTS } from "./settings.js";

/** @typedef {import("./studio.js").StudioState} StudioState */
/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./settings.js").Quality} Quality */
/** @typedef {import("./settings.js").Delay} Delay */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`no ${id}`);
  return element;
}

/**
 * @param {object} options
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {(wish: Partial<Settings>, reason: "camera" | "settings") => void} options.onChange
 * @param {(name: string) => void} options.onName
 * @param {(mode: import("./remote-mode.js").Mode) => void} options.onRemote
 */
export function createSettingsPanel({ strings, onChange, onName, onRemote }) {
  const { t } = strings;
  const name = byId("set-name", HTMLInputElement);
  const camera = byId("set-camera", HTMLSelectElement);
  const microphone = byId("set-microphone", HTMLSelectElement);
  const type = byId("set-type", HTMLSelectElement);
  const typeHint = byId("set-type-hint", HTMLElement);
  const heights = byId("set-height", HTMLElement);
  const heightHint = byId("set-height-hint", HTMLElement);
  const qualities = byId("set-quality", HTMLElement);
  const qualityHint = byId("set-quality-hint", HTMLElement);
  const delayGroup = byId("set-delay-group", HTMLElement);
  const delays = byId("set-delay", HTMLElement);
  const delayHint = byId("set-delay-hint", HTMLElement);
  const remotes = byId("set-remote", HTMLElement);
  const remoteHint = byId("set-remote-hint", HTMLElement);
  const remoteSilence = byId("set-remote-silence", HTMLElement);
  const live = byId("settings-live", HTMLElement);
  const liveText = byId("settings-live-text", HTMLElement);
  const keptText = byId("set-kept", HTMLElement);
  const pageText = byId("set-page", HTMLElement);

  name.addEventListener("change", () => onName(name.value));
  name.addEventListener("keydown", (event) => {
    if (event.key === "Enter") name.blur();
  });
  camera.addEventListener("change", () => onChange({ cameraId: camera.value }, "camera"));
  microphone.addEventListener("change", () => onChange({ microphone: microphone.value }, "settings"));
  type.addEventListener("change", () => onChange({ type: type.value }, "settings"));
  heights.addEventListener("change", (event) => {
    const height = Number(/** @type {HTMLInputElement} */ (event.target).value);
    if (HEIGHTS.includes(height)) onChange({ height }, "settings");
  });
  qualities.addEventListener("change", (event) => {
    onChange({ quality: /** @type {Quality} */ (/** @type {HTMLInputElement} */ (event.target).value) }, "settings");
  });
  delays.addEventListener("change", (event) => {
    onChange({ delay: /** @type {Delay} */ (/** @type {HTMLInputElement} */ (event.target).value) }, "settings");
  });
  remotes.addEventListener("change", (event) => {
    const { value } = /** @type {HTMLInputElement} */ (event.target);
    const mode = MODES.find((known) => known === value);
    if (mode) onRemote(mode);
  });

  /**
   * A select is rebuilt only when its list has changed: an open one would close.
   * @param {HTMLSelectElement} select
   * @param {{ value: string, text: string }[]} list
   * @param {string} chosen
   */
  function fill(select, list, chosen) {
    const key = JSON.stringify(list);
    if (select.dataset.list !== key) {
      select.dataset.list = key;
      select.textContent = "";
      for (const { value, text } of list) {
        const option = document.createElement("option");
        option.value = value;
        option.textContent = text;
        select.append(option);
      }
    }
    if (select.value !== chosen) select.value = chosen;
  }

  /** @param {HTMLElement} group @param {string} chosen @param {boolean} locked */
  function check(group, chosen, locked) {
    for (const input of group.querySelectorAll("input")) {
      input.checked = input.value === chosen;
      input.disabled = locked;
    }
  }

  return {
    focusName() {
      name.focus();
    },

    /**
     * @param {StudioState} state
     * @param {{ name: string, keeps: import("./truth.js").Keeps, page: "unknown" | "kept" | "not" }} device
     * @param {Pick<import("./remote.js").Remote, "mode" | "silence">} remote
     */
    render(state, device, { mode, silence }) {
      if (document.activeElement !== name) name.value = device.name;
      keptText.textContent = t(`capture.away.${device.keeps}`);
      pageText.textContent = t(`capture.away.page_${device.page}`);
      check(remotes, mode, false);
      remoteHint.textContent = t(`capture.remote.${mode}.hint`);
      remoteSilence.hidden = silence === null || mode === "off";
      if (silence) remoteSilence.textContent = t(`capture.remote.silence.${silence}`);
      const { settings, devices, opened } = state;
      const locked = state.name === "stopping" || (state.name === "starting" && !state.inSession);
      live.hidden = !locked && !state.inSession;
      liveText.textContent = t(locked ? "capture.settings.locked" : "capture.settings.live");

      const cameras = devices.cameras.map(({ id, label }, index) => ({
        value: id,
        text: label || t("capture.camera.number", { number: index + 1 }),
      }));
      if (cameras.length === 0) cameras.push({ value: "", text: t("capture.camera.none") });
      const inUse = (opened && opened.video.getSettings().deviceId) || settings.cameraId;
      fill(camera, cameras, inUse || cameras[0].value);

      fill(
        microphone,
        [
          { value: "", text: t("capture.microphone.any") },
          ...devices.microphones
            .filter(({ id }) => id !== "")
            .map(({ id, label }, index) => ({
              value: id,
              text: label || t("capture.microphone.number", { number: index + 1 }),
            })),
          { value: "none", text: t("capture.microphone.none") },
        ],
        settings.microphone,
      );
      if (microphone.value === "" && settings.microphone !== "") microphone.value = "";

      fill(
        type,
        state.types.map((one) => ({
          value: one.id,
          text: state.bestType && one.id === state.bestType.id ? t("capture.type.automatic", { name: typeName(one) }) : typeName(one),
        })),
        state.type ? state.type.id : "",
      );
      typeHint.textContent = t(state.type ? `capture.type.${state.type.id}` : "capture.type.unknown");

      check(heights, String(settings.height), locked);
      check(qualities, settings.quality, locked);
      check(delays, settings.delay, locked);
      // Nothing that could be chosen here makes it shorter.
      delayGroup.hidden = state.shortDelay === "never";
      delayHint.textContent = t(state.shortDelay === "works" ? "capture.delay.works" : "capture.delay.type");
      for (const select of [camera, microphone, type]) select.disabled = locked;

      const { width, height } = (opened && opened.video.getSettings()) || {};
      const other = Boolean(width && height && Math.min(width, height) !== settings.height);
      heightHint.hidden = !other;
      if (other) heightHint.textContent = t("capture.quality.actual", { width: Number(width), height: Number(height) });
      qualityHint.textContent = t("capture.quality.hint", {
        bitrate: formatBitrate(state.bits),
        size: formatPerHour(state.bits + AUDIO_BITS),
      });
    },
  };
}

/** @param {import("../lib/recording-types.js").RecordingType} type */
function typeName(type) {
  return type.id === "mp4" ? "MP4" : `${type.container === "mp4" ? "MP4" : "WebM"} · ${type.name}`;
}
