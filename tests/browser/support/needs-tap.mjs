/**
 * As Safari does: the camera opens when the person does something. Runs in the page, before its own scripts. What a
 * driver asks a page is activation for Chromium, so that only a click counts here.
 */
export function refuseWithoutTap() {
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  let isTapped = false;
  addEventListener("click", ({ isTrusted }) => (isTapped ||= isTrusted), true);
  devices.getUserMedia = (wish) => (isTapped ? ask(wish) : Promise.reject(new DOMException("The request is not allowed", "NotAllowedError")));
}
