/**
 * What a stream that is not there is called, by the devices that the server has seen and the sources that it has. Pure.
 *
 *   nameOfStream(devices, "device-7q2m")    "Front door", or null
 *   nameOfFetched(sources, "door-small")    the same
 *
 * @module
 */

/** The server's bound of a stream's name. */
const STREAM_CHARACTERS = 64;

/** A device's id as the server makes a stream's name of it. @param {string} device */
export function streamName(device) {
  const parts = device.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase().split("-");
  return parts.filter((part) => part !== "").join("-").slice(0, STREAM_CHARACTERS) || "stream";
}

/** @param {readonly Pick<import("../devices/devices.js").Device, "device" | "name" | "stream">[]} devices @param {string} stream @returns {string | null} */
export function nameOfStream(devices, stream) {
  const seen = devices.find((one) => one.stream === stream) || devices.find(({ device }) => streamName(device) === stream);
  return seen ? seen.name : null;
}

/** @param {readonly Pick<import("../sources/sources.js").Source, "source" | "name">[]} sources @param {string} stream @returns {string | null} */
export function nameOfFetched(sources, stream) {
  const seen = sources.find(({ source }) => source === stream || `${source}-small` === stream);
  return seen ? seen.name : null;
}
