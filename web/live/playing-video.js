/**
 * Plays a video element, with sound where that is allowed.
 *
 * @module
 */

/** @param {HTMLVideoElement} video */
export function playVideo(video) {
  video.play().catch((error) => {
    if (error.name !== "NotAllowedError" || video.muted) return;
    // Sound needs a tap, the picture does not.
    video.muted = true;
    video.play().catch(() => {});
  });
}
