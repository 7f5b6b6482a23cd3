/**
 * How fast recordings are played. All browsers take these for a plain file. Pure.
 *
 *   faster(1)     2
 *   slower(0.25)  0.25
 *
 * @module
 */

export const SPEEDS = Object.freeze([0.25, 0.5, 1, 1.5, 2, 4, 8, 12, 16]);

/** @param {number} rate */
export const faster = (rate) => SPEEDS.find((one) => one > rate) || SPEEDS[SPEEDS.length - 1];

/** @param {number} rate */
export const slower = (rate) => SPEEDS.filter((one) => one < rate).pop() || SPEEDS[0];

/** @param {number} rate */
export const speedText = (rate) => `${rate}×`;

/** What somebody has chosen, or 1. @param {unknown} value */
export function speedOf(value) {
  const rate = Number(value);
  return SPEEDS.includes(rate) ? rate : 1;
}
