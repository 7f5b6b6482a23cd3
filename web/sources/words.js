/**
 * Sources in words: what they do, why they do not, when they record. Pure.
 *
 *   const words = createSourceWords(strings);
 *   words.state(source, { nowMs, isKnown })     { tone: "good", text: "live for 12 min · recording" }
 *   words.why(source)                           why it waits, in the page's language where the reason is known;
 *                                               of one that is live, why its smaller picture does not come
 *   words.retry(source, nowMs)                  "Next attempt in 8 s."
 *   words.exactly(source)                       the server's own sentence, where it says more
 *   words.hours(source)                         "Mon–Fri 08:00–18:00"; "" where it is always, or never
 *   words.from(source)                          where it comes from, without anything secret
 *   words.outcome(answer, draft)                what a test has shown
 *
 * @module
 */

import { createSpan } from "../lib/span.js";
import { parseHours, runsOf } from "./hours.js";

/** @typedef {import("./sources.js").Source} Source */
/** @typedef {"good" | "late" | "bad" | ""} Tone */
/** @typedef {{ tone: Tone, text: string, more: string }} Outcome */

/** What has failed is without a picture, also while it is tried again. @param {Source} source */
const effective = ({ state, code }) => (state === "connecting" && code !== null ? "waiting" : state);

/** By which it is fetched. @param {{ kind: string | null, address: string }} about */
const wayOf = ({ kind, address }) => (kind === "rtsp" && /^\s*rtsps:/i.test(address) ? "rtsps" : kind);

/** A Monday. */
const MONDAY_MS = Date.UTC(2024, 0, 1, 12);
const DAY_MS = 86_400_000;
/** Less is not worth a number. */
const SOON_MS = 1500;

const JOINER = "\u2060";
/** Of these the sentence says all that there is. */
const COMPLETE = ["unauthorized", "no_ffmpeg", "ended", "over"];

/** As people know them. @type {Readonly<Record<string, string>>} */
const CODECS = {
  h264: "H.264", avc1: "H.264", avc: "H.264", hevc: "H.265", h265: "H.265", hvc1: "H.265", mjpeg: "MJPEG", jpeg: "MJPEG", vp8: "VP8", vp9: "VP9", av1: "AV1",
  aac: "AAC", mp4a: "AAC", opus: "Opus", pcmu: "G.711", pcma: "G.711", pcm_mulaw: "G.711", pcm_alaw: "G.711", g711: "G.711",
};

/** @param {unknown} codec "avc1.640028" */
export function codecName(codec) {
  const text = typeof codec === "string" ? codec : "";
  return CODECS[text.split(".")[0].toLowerCase()] || text.slice(0, 40);
}

/** @param {import("../lib/strings.js").Strings} strings */
export function createSourceWords({ t, has, lang }) {
  const span = createSpan({ t });
  const weekday = new Intl.DateTimeFormat(lang, { weekday: "short", timeZone: "UTC" });
  /** @param {number} day from Monday */
  const day = (day) => weekday.format(MONDAY_MS + day * DAY_MS);

  /** @param {number[]} days */
  function daysOf(days) {
    if (days.length === 7) return t("sources.hours.every");
    return runsOf(days)
      .map(({ first, last }) => (last === first ? day(first) : last === first + 1 ? `${day(first)}${t("sources.hours.and")}${day(last)}` : `${day(first)}–${day(last)}`))
      .join(t("sources.hours.and"));
  }

  /** The times of a rule stay in one line. @param {import("./hours.js").Rule} rule */
  const ruleOf = ({ days, from, to }) => `${daysOf(days)} ${from}${JOINER}–${JOINER}${to === "00:00" ? "24:00" : to}`;

  /** @param {string | null} code @param {string} message @param {string | null} [way] some reasons mean something else there */
  function reason(code, message, way = null) {
    if (code !== null && way !== null && has(`sources.why.${code}.${way}`)) return t(`sources.why.${code}.${way}`);
    if (code !== null && has(`sources.why.${code}`)) return t(`sources.why.${code}`);
    return message === "" ? t("sources.why.unknown") : t("sources.why.other", { message });
  }

  /** @param {any} answer of a test @param {{ kind: string | null, address: string }} about */
  function found(answer, about) {
    const { ok, code, message, video, audio, small } = answer !== null && typeof answer === "object" ? answer : {};
    const said = typeof message === "string" ? message : "";
    return { ok: ok === true, why: reason(typeof code === "string" ? code : null, said, wayOf(about)), said, video, audio, small };
  }

  /** @param {any} video of a test's answer */
  const picture = ({ codec, width, height }) => ({ codec: codecName(codec), size: width && height ? `${width} × ${height}` : "?" });

  /** @param {Source} source @returns {{ tone: Tone, text: string }} */
  function recording({ record, isRecording, isWithinHours }) {
    if (isRecording) return { tone: "good", text: t("sources.recording") };
    if (!record) return { tone: "good", text: t("sources.recording.off") };
    return isWithinHours ? { tone: "late", text: t("sources.recording.none") } : { tone: "good", text: t("sources.recording.later") };
  }

  return {
    /** @param {Source} source @param {{ nowMs: number | null, isKnown: boolean }} about @returns {{ tone: Tone, text: string }} */
    state(source, { nowMs, isKnown }) {
      if (!isKnown) return { tone: "", text: t("live.state.unknown") };
      const { sinceMs } = source;
      const state = effective(source);
      const ms = sinceMs === null || nowMs === null ? 0 : nowMs - sinceMs;
      const isLong = ms >= SOON_MS;
      if (state === "live") {
        const { tone, text } = recording(source);
        return { tone, text: t("devices.state.and", { state: isLong ? t("sources.state.live_for", { span: span(ms) }) : t("sources.state.live"), what: text }) };
      }
      const tone = /** @type {const} */ ({ paused: "", connecting: "late", waiting: "bad" })[state];
      return { tone, text: isLong && state !== "connecting" ? t(`sources.state.${state}_for`, { span: span(ms) }) : t(`sources.state.${state}`) };
    },

    /** @param {Source} source */
    why({ kind, address, smallAddress, state, code, message, smallCode, smallMessage }) {
      if (state === "live") return smallCode === null ? "" : t("sources.small.why", { reason: reason(smallCode, smallMessage, wayOf({ kind, address: smallAddress })) });
      return state === "paused" || (code === null && message === "") ? "" : reason(code, message, wayOf({ kind, address }));
    },

    reason,

    /** @param {Source} source @param {number | null} nowMs */
    retry(source, nowMs) {
      if (effective(source) !== "waiting") return "";
      if (source.state === "connecting") return t("sources.retry.now");
      if (source.retryAtMs === null || nowMs === null) return "";
      const ms = source.retryAtMs - nowMs;
      return ms < SOON_MS ? t("sources.retry.now") : t("sources.retry", { span: span(ms) });
    },

    /** @param {Source} source */
    exactly({ state, code, message, smallCode, smallMessage }) {
      const [about, said] = state === "live" ? [smallCode, smallMessage] : [code, message];
      return about === null || COMPLETE.includes(about) || !has(`sources.why.${about}`) || said === "" ? "" : t("sources.exactly", { message: said });
    },

    /** @param {Source} source */
    hours({ record, hours }) {
      if (!record || hours.length === 0) return "";
      const rules = parseHours(hours);
      return (rules ? rules.map(ruleOf) : hours).join(t("sources.hours.list"));
    },

    day,

    /** @param {Source} source */
    from({ kind, address, device, path, size }) {
      if (kind === "rtsp") return address;
      if (kind === "camera") return /^\d+$/.test(device) ? t("sources.device.number", { number: device }) : device;
      if (kind === "file") return path;
      return kind === "pattern" ? [t("sources.kind.pattern"), size.replace("x", " × ")].filter((part) => part !== "").join(" · ") : "";
    },

    /** @param {any} answer of `POST /api/sources/test` @param {{ kind: string | null, address: string, small_address?: string }} about what was tried @returns {Outcome} */
    outcome(answer, about) {
      const { ok, why, said, video, audio, small } = found(answer, about);
      if (!ok) return { tone: "bad", text: why, more: said };
      const parts = [video ? t("sources.test.video", picture(video)) : t("sources.test.no_video")];
      parts.push(audio ? t("sources.test.audio", { codec: codecName(audio.codec) }) : t("sources.test.no_audio"));
      if (small) {
        const other = found(small, { kind: about.kind, address: about.small_address || "" });
        if (!other.ok) return { tone: "late", text: t("sources.test.small.not", { reason: other.why }), more: other.said };
        parts.push(other.video ? t("sources.test.small", picture(other.video)) : t("sources.test.small.none"));
      }
      return { tone: video ? "good" : "late", text: t("sources.test.ok"), more: parts.join(t("sources.test.and")) };
    },
  };
}
