/**
 * Devices, and what is asked of them, in words. Pure.
 *
 *   const words = createDeviceWords(strings);
 *   words.state(device, { nowMs, isKnown, isAlarming })    { tone: "good", text: "recording for 00:12:07" }
 *   words.hindrance("offline", device)                     why a control is off
 *   words.answer(answer)                                   what came of a command
 *
 * @module
 */

import { formatElapsed } from "../lib/format.js";
import { createSpan } from "../lib/span.js";
import { isRecording } from "./devices.js";

/** @typedef {import("./devices.js").Device} Device */
/** @typedef {import("./commands.js").Answer} Answer */
/** @typedef {"good" | "late" | "bad" | ""} Tone */

/** Beyond this the clocks of device and server differ, or it is of another time. */
const LONGEST_MS = 1000 * 3600_000;

/** @param {import("../lib/strings.js").Strings} strings */
export function createDeviceWords({ t, has }) {
  const span = createSpan({ t });

  /** @param {string} family with its dot @param {string} code @param {string} otherwise */
  const known = (family, code, otherwise) => t(has(`${family}${code}`) ? `${family}${code}` : otherwise);

  /** @param {string | null} why */
  const because = (why) => known("devices.why.", why || "", "devices.state.blocked");

  /** @param {Device} device @param {number | null} nowMs */
  function seen({ lastSeenMs, sinceMs }, nowMs) {
    // Of what only sends, the server knows when it began.
    if (lastSeenMs === null || nowMs === null || lastSeenMs === sinceMs) return t("devices.state.offline");
    const ms = nowMs - lastSeenMs;
    return ms < 1500 ? t("devices.state.offline") : t("devices.state.offline_for", { span: span(ms) });
  }

  /** @param {string} id "720p,high" */
  function quality(id) {
    return id
      .split(",")
      .map((part) => known("capture.quality.", part, "") || (part === "2160p" ? "4K" : part))
      .join(" · ");
  }

  /** @param {Device} device @param {number | null} nowMs @returns {{ tone: Tone, text: string }} */
  function doing(device, nowMs) {
    const { state, sinceMs, why } = device;
    if (!device.isOnline) {
      const gone = seen(device, nowMs);
      return { tone: "", text: isRecording(device) ? t("devices.state.was_recording", { gone }) : gone };
    }
    switch (state) {
      case "starting":
        return { tone: "late", text: t("devices.state.starting") };
      case "stopping":
        return { tone: "late", text: t("devices.state.stopping") };
      case "blocked":
        return { tone: "late", text: because(why) };
      case "recording": {
        const ms = sinceMs === null || nowMs === null ? -1 : nowMs - sinceMs;
        const text = ms >= 0 && ms < LONGEST_MS ? t("devices.state.recording_for", { time: formatElapsed(ms) }) : t("devices.state.recording");
        return why ? { tone: "late", text: t("devices.state.and", { state: text, what: because(why) }) } : { tone: "good", text };
      }
      default:
        return { tone: "", text: t("devices.state.idle") };
    }
  }

  return {
    /**
     * @param {Device} device
     * @param {{ nowMs: number | null, isKnown: boolean, isAlarming: boolean }} about `isKnown`: the server still tells
     * @returns {{ tone: Tone, text: string }}
     */
    state(device, { nowMs, isKnown, isAlarming }) {
      if (!isKnown) return { tone: "", text: t("live.state.unknown") };
      const said = doing(device, nowMs);
      return isAlarming ? { tone: "bad", text: t("devices.state.and", { state: said.text, what: t("devices.state.silent") }) } : said;
    },

    /** @param {import("./abilities.js").Hindrance} code @param {Device} device */
    hindrance(code, device) {
      if (code === "blocked") return because(device.why);
      // Programs have no page on which a person could allow it.
      if (code === "not_allowed" && device.qualities.length === 0) return t("devices.hindrance.program");
      return t(`devices.hindrance.${code}`);
    },

    /** @param {Answer} answer @returns {{ tone: Tone, text: string }} */
    answer({ act, progress, code, message }) {
      if (progress === "sent") return { tone: "", text: t("devices.answer.sent") };
      if (progress === "asking") return { tone: "late", text: t("devices.answer.asking") };
      if (progress === "done") return { tone: "good", text: t(`devices.done.${act}`) };
      const text = known("devices.refused.", code, "devices.refused.failed");
      // The device says best what happened to it, if only in English.
      const isTold = message !== "" && (code === "failed" || !has(`devices.refused.${code}`));
      return { tone: "bad", text: isTold ? t("devices.refused.because", { message }) : text };
    },

    quality,

    /** @param {Device} device */
    settings({ camera, cameras, quality: id }) {
      const label = camera === null ? null : cameras.find((one) => one.id === camera);
      return [label ? label.label : null, id === null ? null : quality(id)].filter((part) => part !== null).join(" · ");
    },

    seen,
  };
}
