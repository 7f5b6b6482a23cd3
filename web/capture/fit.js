/**
 * Gives the frame the picture's own shape, as large as the stage allows.
 *
 * @module
 */

/**
 * @param {{ width: number, height: number }} room
 * @param {{ width: number, height: number }} picture
 */
export function fitted(room, picture) {
  const scale = Math.min(room.width / picture.width, room.height / picture.height);
  return { width: Math.floor(picture.width * scale), height: Math.floor(picture.height * scale) };
}

/**
 * @param {HTMLElement} stage
 * @param {HTMLElement} frame
 * @param {HTMLVideoElement} video
 */
export function keepFitted(stage, frame, video) {
  const fit = () => {
    const room = { width: stage.clientWidth, height: stage.clientHeight };
    // Before there is a picture: what a camera held this way will give.
    const upright = room.height > room.width;
    const width = video.videoWidth || (upright ? 9 : 16);
    const height = video.videoHeight || (upright ? 16 : 9);
    const size = fitted(room, { width, height });
    frame.style.width = `${size.width}px`;
    frame.style.height = `${size.height}px`;
  };
  new ResizeObserver(fit).observe(stage);
  video.addEventListener("resize", fit);
  video.addEventListener("loadedmetadata", fit);
  fit();
}
