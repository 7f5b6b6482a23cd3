import { result } from "../outcomes.js";
import { listDevices } from "../../lib/camera.js";

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function devices(context) {
  const { cameras, microphones } = await listDevices(navigator.mediaDevices);
  const picture = context.stream?.getVideoTracks()[0];
  const sound = context.stream?.getAudioTracks()[0];
  const settings = picture?.getSettings?.() ?? {};
  const facts = {
    cameras: `${cameras.length}: ${names(cameras)}`,
    microphones: `${microphones.length}: ${names(microphones)}`,
    camera_in_use: picture?.label ?? null,
    microphone_in_use: sound?.label ?? null,
    picture: `${settings.width ?? "?"}x${settings.height ?? "?"} at ${settings.frameRate ?? "?"}/s, facing ${settings.facingMode ?? "unknown"}`,
  };
  if (cameras.length === 0) return result("devices", "unlisted", {}, facts);
  if (!names(cameras)) return result("devices", "unnamed", {}, facts);
  const values = { cameras: names(cameras), microphones: names(microphones) };
  return result("devices", values.microphones ? "ok" : "camera_only", values, facts);
}

/** @param {{ label: string }[]} list */
function names(list) {
  return [...new Set(list.map(({ label }) => label).filter(Boolean))].join(", ");
}
