/**
 * Cameras and microphones: opening them, listing them, and saying in words why one does not open.
 *
 *   const opened = await openCamera(navigator.mediaDevices, navigator, wish);
 *   opened.stream, opened.video (the track), opened.audio (the track or null),
 *   opened.sound      null, or the key of a sentence that says why there is none
 *   const { cameras, microphones } = await listDevices(navigator.mediaDevices);
 *   const { key, values } = cameraFailure(error)              // a sentence in the strings, "error.…"
 *   closeStream(stream);
 *
 * A wish: { cameraId, facing: "front" | "back", microphone: "" (any) | "none" | id, height }.
 *
 * @module
 */

/** @typedef {"front" | "back"} Facing */

/**
 * @typedef {object} Wish
 * @property {string} [cameraId] goes before facing, while that camera is there
 * @property {Facing} [facing]
 * @property {string} microphone
 * @property {number} height the shorter side of the picture
 */

/**
 * @typedef {object} Opened
 * @property {MediaStream} stream
 * @property {MediaStreamTrack} video
 * @property {MediaStreamTrack | null} audio
 * @property {string | null} sound
 */

/** Frames per second: what people expect of video, and all that an old tablet encodes. */
const FRAME_RATE = 30;

/** Failures that a camera without a microphone may not have. */
const MAY_BE_THE_MICROPHONE = ["NotFoundError", "NotReadableError", "OverconstrainedError", "NotAllowedError", "AbortError"];

/** @param {unknown} error */
function nameOf(error) {
  const name = /** @type {{ name?: unknown }} */ (error || {}).name;
  return typeof name === "string" ? name : "";
}

/** @param {unknown} error */
function messageOf(error) {
  const message = /** @type {{ message?: unknown }} */ (error || {}).message;
  return typeof message === "string" ? message : "";
}

/**
 * @param {Wish} wish
 * @returns {MediaTrackConstraints}
 */
export function videoConstraints(wish) {
  /** @type {MediaTrackConstraints} */
  const video = {
    // Even: encoders halve the size of the colour planes.
    width: { ideal: 2 * Math.round((wish.height * 8) / 9) },
    height: { ideal: wish.height },
    frameRate: { ideal: FRAME_RATE },
  };
  if (wish.cameraId) video.deviceId = { exact: wish.cameraId };
  else video.facingMode = { ideal: wish.facing === "front" ? "user" : "environment" };
  return video;
}

/**
 * A recording wants the room as it sounds; what telephony does to it is off, save that quiet voices are lifted.
 * @param {Wish} wish
 * @returns {MediaTrackConstraints | false}
 */
export function audioConstraints(wish) {
  if (wish.microphone === "none") return false;
  /** @type {MediaTrackConstraints} */
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: true };
  if (wish.microphone) audio.deviceId = { exact: wish.microphone };
  return audio;
}

/**
 * @param {Navigator} browser
 * @param {"camera" | "microphone"} name
 * @returns {Promise<string>} "" where the browser does not tell
 */
async function permission(browser, name) {
  try {
    // The type library does not know these names everywhere.
    const query = /** @type {any} */ ({ name });
    return (await browser.permissions.query(query)).state;
  } catch {
    return "";
  }
}

/** The person has said no for good, or for this visit; asking again is of no use. @param {Navigator} browser */
export const isCameraDenied = async (browser) => (await permission(browser, "camera")) === "denied";

/**
 * Whether a camera opens without a question of the browser's to the person. A microphone that is denied asks nothing.
 * @param {Navigator} browser
 * @param {boolean} withMicrophone
 * @returns {Promise<"yes" | "no" | "unknown">}
 */
export async function opensUnasked(browser, withMicrophone) {
  const camera = await permission(browser, "camera");
  if (camera !== "" && camera !== "granted") return "no";
  const microphone = withMicrophone ? await permission(browser, "microphone") : "granted";
  if (microphone === "prompt") return "no";
  return camera === "" || microphone === "" ? "unknown" : "yes";
}

/**
 * @param {MediaDevices} devices
 * @param {Navigator} browser
 * @param {Wish} wish
 * @returns {Promise<Opened>}
 */
export async function openCamera(devices, browser, wish) {
  try {
    return await openAsWished(devices, browser, wish);
  } catch (error) {
    // The chosen camera was unplugged since: any other is better than none.
    if (wish.cameraId && ["OverconstrainedError", "NotFoundError"].includes(nameOf(error))) {
      return openAsWished(devices, browser, { ...wish, cameraId: "" });
    }
    throw error;
  }
}

/**
 * @param {MediaDevices} devices
 * @param {Navigator} browser
 * @param {Wish} wish
 * @returns {Promise<Opened>}
 */
async function openAsWished(devices, browser, wish) {
  const video = videoConstraints(wish);
  const audio = audioConstraints(wish);
  if (!audio) return opened(await devices.getUserMedia({ video, audio: false }), "capture.sound.off");
  try {
    return opened(await devices.getUserMedia({ video, audio }), null);
  } catch (error) {
    if (!MAY_BE_THE_MICROPHONE.includes(nameOf(error))) throw error;
    // Asking again would only repeat the same refusal.
    if (nameOf(error) === "NotAllowedError" && (await permission(browser, "camera")) === "denied") throw error;
    if (wish.microphone && nameOf(error) !== "NotAllowedError") {
      const any = audioConstraints({ ...wish, microphone: "" });
      try {
        return opened(await devices.getUserMedia({ video, audio: any }), null);
      } catch {
        // It is not the choice of microphone.
      }
    }
    let silent;
    try {
      silent = await devices.getUserMedia({ video, audio: false });
    } catch (second) {
      throw nameOf(second) ? second : error;
    }
    return opened(silent, soundProblem(error));
  }
}

/** @param {unknown} error */
function soundProblem(error) {
  if (nameOf(error) === "NotAllowedError") return "capture.sound.refused";
  if (nameOf(error) === "NotReadableError" || nameOf(error) === "AbortError") return "capture.sound.in_use";
  return "capture.sound.missing";
}

/**
 * @param {MediaStream} stream
 * @param {string | null} sound
 * @returns {Opened}
 */
function opened(stream, sound) {
  const [video] = stream.getVideoTracks();
  const audio = stream.getAudioTracks()[0] || null;
  return { stream, video, audio, sound: audio ? null : sound || "capture.sound.missing" };
}

/** @param {MediaStream | null} stream */
export function closeStream(stream) {
  if (stream) for (const track of stream.getTracks()) track.stop();
}

/**
 * Which way a track looks, where the browser says so.
 * @param {MediaStreamTrack} track
 * @returns {Facing | null}
 */
export function facingOf(track) {
  const mode = track.getSettings ? track.getSettings().facingMode : undefined;
  if (mode === "user") return "front";
  return mode === "environment" ? "back" : null;
}

/**
 * @typedef {object} Listed
 * @property {{ id: string, label: string }[]} cameras
 * @property {{ id: string, label: string }[]} microphones
 */

/**
 * Ids and labels are empty until the person has permitted the use.
 * @param {MediaDevices} devices
 * @returns {Promise<Listed>}
 */
export async function listDevices(devices) {
  /** @type {Listed} */
  const listed = { cameras: [], microphones: [] };
  let all;
  try {
    all = await devices.enumerateDevices();
  } catch {
    return listed;
  }
  for (const { kind, deviceId, label } of all) {
    // Chromium repeats the system's default under these ids.
    if (deviceId === "default" || deviceId === "communications") continue;
    if (kind === "videoinput") listed.cameras.push({ id: deviceId, label });
    else if (kind === "audioinput") listed.microphones.push({ id: deviceId, label });
  }
  return listed;
}

/**
 * @param {unknown} error
 * @returns {{ key: string, values: Record<string, string> }}
 */
export function cameraFailure(error) {
  const message = messageOf(error);
  const values = { detail: message || nameOf(error) };
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      if (/system/i.test(message)) return { key: "error.permission_system", values };
      if (/dismissed/i.test(message)) return { key: "error.permission_dismissed", values };
      return { key: "error.permission", values };
    case "SecurityError":
      return { key: "error.permission_policy", values };
    case "NotFoundError":
    case "DevicesNotFoundError":
      return { key: "error.no_camera", values };
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return { key: "error.camera_in_use", values };
    case "OverconstrainedError":
    case "ConstraintNotSatisfiedError":
      return { key: "error.overconstrained", values };
    case "InvalidStateError":
      return { key: "error.page_inactive", values };
    default:
      return { key: "error.camera_failed", values };
  }
}

/**
 * @param {unknown} error of MediaRecorder: construction, start or later
 * @returns {{ key: string, values: Record<string, string> }}
 */
export function recorderFailure(error) {
  const values = { detail: messageOf(error) || nameOf(error) };
  const text = `${nameOf(error)} ${messageOf(error)}`;
  if (/NotSupportedError/.test(text)) return { key: "error.type_unsupported", values };
  if (/SecurityError/.test(text)) return { key: "error.permission", values };
  return { key: "error.recorder_failed", values };
}
