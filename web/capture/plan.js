/**
 * What is asked of the encoder: the recording types of this browser, the one that is taken, its bit rate, and how often
 * it hands something over.
 *
 *   const plan = createPlan(page, () => settings);
 *   plan.types(), plan.type(), plan.best(), plan.bits(), plan.shortDelay()
 *   plan.of(opened)      // for the recorder; throws where nothing can be recorded
 *
 * @module
 */

import { isApple } from "../lib/environment.js";
import { RunFailure } from "../lib/recorder.js";
import { chooseType, mimeFor, supportedTypes } from "../lib/recording-types.js";
import { shortDelay, timesliceMs } from "./delay.js";
import { AUDIO_BITS, bitrate } from "./settings.js";

/**
 * @param {Window & typeof globalThis} page
 * @param {() => import("./settings.js").Settings} settings
 */
export function createPlan(page, settings) {
  const apple = isApple(page.navigator);

  const types = () =>
    typeof page.MediaRecorder === "function"
      ? supportedTypes({ supported: (mime) => page.MediaRecorder.isTypeSupported(mime), height: settings().height })
      : [];
  const type = () => chooseType(types(), { apple, wanted: settings().type });
  const bits = () => bitrate(settings().height, settings().quality);

  return {
    types,
    type,
    bits,

    /** What is taken where nobody chose. */
    best: () => chooseType(types(), { apple }),

    /** What choosing the short delay does. */
    shortDelay: () => shortDelay({ apple, type: type() }),

    /** @param {import("../lib/camera.js").Opened} from @returns {import("./session.js").Plan} */
    of(from) {
      const chosen = type();
      if (!chosen) throw new RunFailure("start", new DOMException("no recording type", "NotSupportedError"));
      const mime = mimeFor(chosen, { audio: from.audio !== null });
      return {
        mime,
        videoBitsPerSecond: bits(),
        audioBitsPerSecond: AUDIO_BITS,
        timesliceMs: timesliceMs({ delay: settings().delay, apple, mime }),
      };
    },
  };
}
