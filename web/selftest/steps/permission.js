import { errorText, result } from "../outcomes.js";
import { cameraFailure, closeStream, openCamera } from "../../lib/camera.js";

/** What the capture page asks for by default. */
const WISH = { facing: /** @type {const} */ ("back"), microphone: "", height: 720 };

/** A question that is not answered by then was not seen. */
const ANSWER_SECONDS = 120;

/** @type {Record<string, string>} */
const SILENT = {
  "capture.sound.refused": "silent_refused",
  "capture.sound.in_use": "silent_busy",
};

/** @type {Record<string, string>} */
const FAILED = {
  "error.permission": "denied",
  "error.permission_system": "denied_system",
  "error.permission_policy": "denied",
  "error.permission_dismissed": "unanswered",
  "error.no_camera": "not_found",
  "error.overconstrained": "not_found",
  "error.camera_in_use": "busy",
};

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function permission(context) {
  const facts = /** @type {import("../context.js").Facts} */ ({
    camera_before: await stateOf("camera"),
    microphone_before: await stateOf("microphone"),
  });
  const began = performance.now();
  try {
    const opened = await answered(openCamera(navigator.mediaDevices, navigator, WISH));
    facts.answered_after_ms = Math.round(performance.now() - began);
    facts.sound = opened.sound ?? "yes";
    context.keep(opened.stream);
    const code = opened.sound ? (SILENT[opened.sound] ?? "silent_missing") : "ok";
    return result("permission", code, {}, facts);
  } catch (error) {
    facts.answered_after_ms = Math.round(performance.now() - began);
    facts.error = errorText(error);
    const code = error instanceof Unanswered ? "unanswered" : (FAILED[cameraFailure(error).key] ?? "failed");
    return result("permission", code, { error: errorText(error) }, facts);
  }
}

class Unanswered extends Error {}

/**
 * @param {Promise<import("../../lib/camera.js").Opened>} opening
 * @returns {Promise<import("../../lib/camera.js").Opened>}
 */
function answered(opening) {
  return new Promise((resolve, reject) => {
    let given = false;
    const timer = setTimeout(() => {
      given = true;
      reject(new Unanswered(`no answer in ${ANSWER_SECONDS} s`));
    }, ANSWER_SECONDS * 1000);
    opening.then(
      (opened) => {
        clearTimeout(timer);
        // An answer that comes too late must not leave the camera running.
        if (given) closeStream(opened.stream);
        else resolve(opened);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** @param {string} name */
async function stateOf(name) {
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
    return status.state;
  } catch {
    // Firefox and older Safari do not know these names.
    return null;
  }
}
