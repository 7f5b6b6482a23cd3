/**
 * What a stream and its player do, in words. Pure.
 *
 *   const words = createWords(strings);
 *   words.stream({ state: "behind", behindMs: 12000 })    { tone: "late", text: "12 s behind" }
 *   words.player(look, isAway)                             what lies over the picture, or ""
 *   words.path(look)                                       "WebRTC"
 *   words.why(look)                                        "No WebRTC: this browser lacks it.", or ""
 *   words.latency(1234)                                    "1.2 s"
 *   words.bitrate(2_500_000)                               "2.5 Mbit/s"
 *
 * @module
 */

import { formatBitrate } from "../lib/format.js";
import { createSpan } from "../lib/span.js";

/** @typedef {"good" | "late" | "bad"} Tone */
/** @typedef {import("./player.js").Look} Look */

/** @param {import("../lib/strings.js").Strings} strings */
export function createWords({ t }) {
  const span = createSpan({ t });

  return {
    /** @param {{ state: import("./streams.js").StreamState, behindMs: number }} stream @returns {{ tone: Tone, text: string }} */
    stream({ state, behindMs }) {
      const isKnown = behindMs >= 500;
      if (state === "away") return { tone: "bad", text: isKnown ? t("live.state.away_for", { span: span(behindMs) }) : t("live.state.away") };
      if (state === "behind") return { tone: "late", text: isKnown ? t("live.state.behind_by", { span: span(behindMs) }) : t("live.state.behind") };
      return { tone: "good", text: t("live.state.live") };
    },

    /** @param {Look} look @param {boolean} [isAway] its camera, as the server says */
    player({ state, codecs, reason }, isAway = false) {
      // It is not the connection of this page that is missing.
      if (isAway && (state === "connecting" || state === "lost")) return t("live.player.away");
      switch (state) {
        case "connecting":
          return t("live.player.connecting");
        case "lost":
          return t("live.player.lost");
        case "failing":
          return t("live.player.failing");
        case "over":
          return t("live.player.over");
        case "refused":
          return reason ? t("live.player.refused_because", { reason }) : t("live.player.refused");
        case "unsupported":
          return codecs.length > 0 ? t("live.player.unsupported", { codecs: codecs.join(t("live.player.and")) }) : t("live.player.no_path");
        default:
          return "";
      }
    },

    /** @param {Look} look */
    path: ({ kind }) => (kind === null ? "–" : t(`live.path.${kind}`)),

    /** Why it is not a better one, and why there is no sound. @param {Look} look */
    why({ against, kind, missingSound }) {
      const said = against.map(({ kind, why: { code, codecs: lacking = [], text = "" } }) =>
        t(`live.why.${kind}`, { why: t(`live.why.${code === "server" && text === "" ? "server_refuses" : code}`, { codecs: lacking.join(t("live.player.and")), text }) }),
      );
      if (kind === "webrtc" && missingSound !== null) {
        said.push(t("live.soundless", { why: t(missingSound === "no_ffmpeg" || missingSound === "too_many" ? `live.soundless.${missingSound}` : "live.soundless.unknown") }));
      }
      return said.join(" ");
    },

    /** @param {number} bitsPerSecond */
    bitrate(bitsPerSecond) {
      // Sound alone is little, and must not read as nothing.
      return bitsPerSecond < 950_000 ? `${Math.round(bitsPerSecond / 1000)} kbit/s` : formatBitrate(bitsPerSecond);
    },

    /** @param {number} ms */
    latency(ms) {
      return ms < 9950 ? t("live.latency.seconds", { count: (Math.max(0, ms) / 1000).toFixed(1) }) : span(ms);
    },
  };
}
