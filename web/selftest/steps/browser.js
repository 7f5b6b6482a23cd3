import { result } from "../outcomes.js";
import { OLDEST, isApple } from "../../lib/environment.js";
import { chooseType, supportedTypes } from "../../lib/recording-types.js";

/** The page's default picture. */
const HEIGHT = 720;

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function browser(context) {
  const types = supportedTypes({ supported, height: HEIGHT });
  const type = chooseType(types, { apple: isApple(navigator) });
  const facts = {
    camera_interface: typeof navigator.mediaDevices?.getUserMedia === "function",
    media_recorder: typeof window.MediaRecorder === "function",
    records: types.map(({ withSound }) => withSound).join(" | ") || "none",
    will_record: type?.withSound ?? null,
    web_crypto: typeof window.crypto?.subtle === "object",
    media_source: "MediaSource" in window || "ManagedMediaSource" in window,
    webrtc: "RTCPeerConnection" in window,
  };
  // On an insecure page every browser lacks it: that is said by the step that looks at the page.
  if (!facts.camera_interface && window.isSecureContext !== false) return result("browser", "no_camera", {}, facts);
  if (!facts.media_recorder) return result("browser", "no_recorder", { ...OLDEST }, facts);
  if (!type) return result("browser", "no_type", {}, facts);
  context.type = type;
  return result("browser", "ok", { type: `${type.container === "mp4" ? "MP4" : "WebM"} (${type.name})` }, facts);
}

/** @param {string} mime */
function supported(mime) {
  try {
    return MediaRecorder.isTypeSupported(mime);
  } catch {
    return false;
  }
}
