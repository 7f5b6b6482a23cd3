// Hearing what a page plays. Chromium's fake microphone beeps about twice a second: sound that flows is silence and beeps in turn.

/** Louder than this is a beep. */
const LOUD = 0.1;

/**
 * Begins to listen to the video that is large, from now on; runs in the page.
 *
 * What the element plays is recorded where the engine gives it out, which takes no sound device: without one Firefox's
 * audio context never runs. WebKit's runs, and takes the element itself.
 * @param {number} loud
 */
function begin(loud) {
  const scope = /** @type {any} */ (globalThis);
  const video = /** @type {any} */ (document.getElementById("player"));
  const give = video.captureStream ?? video.mozCaptureStream;
  if (!give) {
    scope.ear ??= openEar();
    scope.ear.beeps = 0;
    return;
  }
  const stream = /** @type {MediaStream} */ (video.srcObject instanceof MediaStream ? video.srcObject : give.call(video));
  if (scope.ear) scope.ear.recorder.stop();
  const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks()));
  /** @type {Blob[]} */
  const pieces = [];
  recorder.ondataavailable = ({ data }) => void pieces.push(data);
  recorder.start(500);
  scope.ear = { recorder, pieces };

  function openEar() {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaElementSource(video).connect(analyser);
    analyser.connect(context.destination);
    // WebKit lets it run from within a click only.
    document.addEventListener("click", () => void context.resume(), { capture: true });
    const samples = new Float32Array(analyser.fftSize);
    const ear = { beeps: 0 };
    let isLoud = true;
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const wasLoud = isLoud;
      isLoud = samples.some((sample) => Math.abs(sample) > loud);
      if (isLoud && !wasLoud) ear.beeps += 1;
    }, 20);
    return ear;
  }
}

/** Runs in the page. @param {number} loud */
async function count(loud) {
  const { ear } = /** @type {any} */ (globalThis);
  if (!ear.recorder) return Number(ear.beeps);
  const bytes = await new Blob(ear.pieces).arrayBuffer();
  const decoder = new OfflineAudioContext(1, 48_000, 48_000);
  const decoded = await decoder.decodeAudioData(bytes).catch(() => null);
  if (!decoded) return 0;
  const samples = decoded.getChannelData(0);
  const window = Math.round(decoded.sampleRate / 50);
  let beeps = 0;
  let isLoud = true;
  for (let at = 0; at + window <= samples.length; at += window) {
    const wasLoud = isLoud;
    isLoud = samples.subarray(at, at + window).some((sample) => Math.abs(sample) > loud);
    if (isLoud && !wasLoud) beeps += 1;
  }
  return beeps;
}

/** Forgets what was heard before. A click has to follow the first one in WebKit. @param {import("./page.mjs").Page} page */
export const listen = (page) => page.evaluate(begin, LOUD);

/** How many beeps have been heard since. @param {import("./page.mjs").Page} page */
export const beeps = (page) => page.evaluate(count, LOUD);
