/**
 * Numbers as people read them. Pure; the same in every language the page speaks.
 *
 *   formatBytes(3_276_800)        "3.3 MB"       decimal units, as file managers count; at least MB
 *   formatSmallBytes(123_456)     "123 kB"
 *   formatElapsed(192_000)        "00:03:12"
 *   formatLength(192_000)         "3:12"
 *   formatClock(wallMs)           "08:32:05"     local time, 24 hours
 *   formatBitrate(2_500_000)      "2.5 Mbit/s"
 *   formatPerHour(2_628_000)      "1.2 GB"       bytes of one hour at that bit rate
 *
 * @module
 */

const MEGA = 1e6;
const GIGA = 1e9;

/**
 * One decimal below ten, none above, and no ".0".
 * @param {number} value
 */
function short(value) {
  const text = value < 9.95 ? value.toFixed(1) : value.toFixed(0);
  return text.endsWith(".0") ? text.slice(0, -2) : text;
}

/** @param {number} value */
function two(value) {
  return value < 10 ? `0${value}` : String(value);
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  const known = Number.isFinite(bytes) && bytes > 0 ? bytes : 0;
  if (known >= 0.9995 * GIGA) {
    const giga = known / GIGA;
    return `${giga < 9.995 ? giga.toFixed(2) : giga.toFixed(1)} GB`;
  }
  // Something must not read as nothing.
  if (known > 0 && known < 0.05 * MEGA) return "<0.1 MB";
  return `${short(known / MEGA)} MB`;
}

/** @param {number} bytes */
export function formatSmallBytes(bytes) {
  if (bytes >= MEGA) return formatBytes(bytes);
  return bytes < 1000 ? `${Math.max(0, Math.round(bytes))} B` : `${Math.round(bytes / 1000)} kB`;
}

/** @param {number} ms */
export function formatElapsed(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** @param {number} ms */
export function formatLength(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** @param {number} wallMs */
export function formatClock(wallMs) {
  const time = new Date(wallMs);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** @param {number} bitsPerSecond */
export function formatBitrate(bitsPerSecond) {
  return `${short(bitsPerSecond / MEGA)} Mbit/s`;
}

/** @param {number} bitsPerSecond */
export function formatPerHour(bitsPerSecond) {
  return `${short((bitsPerSecond / 8) * 3600 / GIGA)} GB`;
}
