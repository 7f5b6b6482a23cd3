// What the steps hand on to each other.

/** @typedef {import("./outcomes.js").Result} Result */
/** @typedef {import("./outcomes.js").Facts} Facts */

/** @typedef {{ file: string, url: string, generation: number, start_ms: number, duration_ms: number, bytes: number, mime?: string }} RecordedFile */

/**
 * @typedef {object} Context
 * @property {import("../lib/recording-types.js").RecordingType | null} type what will be recorded
 * @property {MediaStream | null} stream
 * @property {boolean} microphone whether the stream has sound
 * @property {string} session
 * @property {string} mime what the recorder says it produced
 * @property {RecordedFile[]} files
 * @property {{ serverMs: number, sentMs: number, receivedMs: number } | null} clock
 * @property {number} recordedMs
 * @property {number} judgedMs
 * @property {Screen} screen
 * @property {import("./verdict.js").Translate} t
 * @property {(stream: MediaStream) => void} keep
 * @property {() => void} close gives camera and microphone back
 */

/**
 * What the steps may show while they run.
 * @typedef {object} Screen
 * @property {(stream: MediaStream) => void} showCamera
 * @property {(secondsLeft: number) => void} showCountdown
 * @property {() => HTMLVideoElement} showPlayer
 * @property {() => void} showNothing
 */

/**
 * @param {Screen} screen
 * @param {import("./verdict.js").Translate} t
 * @returns {Context}
 */
export function newContext(screen, t) {
  let closed = false;
  /** @param {MediaStream} stream */
  const stop = (stream) => {
    for (const track of stream.getTracks()) track.stop();
  };
  return {
    type: null,
    stream: null,
    microphone: false,
    session: "",
    mime: "",
    files: [],
    clock: null,
    recordedMs: 0,
    judgedMs: 0,
    screen,
    t,
    keep(stream) {
      // A permission that is granted after the test has given up must not
      // leave the camera running.
      if (closed) {
        stop(stream);
        return;
      }
      this.stream = stream;
      this.microphone = stream.getAudioTracks().length > 0;
      screen.showCamera(stream);
    },
    close() {
      closed = true;
      if (this.stream) stop(this.stream);
      this.stream = null;
      screen.showNothing();
    },
  };
}
