/**
 * What somebody may watch: everything, or what is named. Pure.
 *
 *   choicesOf({ devices, sources, streams })     what can be named, with the name for people
 *   withUnseen(choices, scope)                   and what is named already, though nothing of it is there now
 *   watchable({ devices, sources, streams })     what has an address of its own to be watched at
 *   nameable(known)                              both: a scope may name a device, and its stream
 *   labelsOf(scope, choices)                     the names for people, of a scope that is not everything
 *
 * @module
 */

import { isOfSource } from "../sources/sources.js";

/** @typedef {{ value: string, label: string, isUnseen?: boolean }} Choice */
/**
 * @typedef {object} Known
 * @property {import("../devices/devices.js").Device[]} devices
 * @property {import("../sources/sources.js").Source[]} sources
 * @property {import("../live/streams.js").Stream[]} streams
 */

/** @param {Choice} a @param {Choice} b */
const byLabel = (a, b) => a.label.localeCompare(b.label, undefined, { numeric: true, sensitivity: "base" }) || (a.value < b.value ? -1 : 1);

/** Those that belong to no device and no source, and are no smaller picture of another. @param {Known} known */
function others({ devices, sources, streams }) {
  const taken = new Set(devices.map(({ stream }) => stream));
  for (const { source, stream, smallStream } of sources) for (const name of [source, stream, smallStream]) taken.add(name);
  return streams.filter(({ stream, of }) => of === null && !taken.has(stream));
}

/** @param {Known} known */
const own = ({ devices, sources }) => devices.filter((device) => !isOfSource(device, sources));

/** @param {Known} known @returns {Choice[]} */
export function choicesOf(known) {
  return [
    ...own(known).map(({ device, name }) => ({ value: device, label: name })),
    ...known.sources.map(({ source, name }) => ({ value: source, label: name })),
    ...others(known).map(({ stream, name }) => ({ value: stream, label: name })),
  ].sort(byLabel);
}

/** @param {Known} known @returns {Choice[]} by the names of streams */
export function watchable(known) {
  const ofDevices = own(known).filter(({ stream }) => stream !== null).map(({ stream, name }) => ({ value: String(stream), label: name }));
  const ofSources = known.sources.map(({ source, stream, name }) => ({ value: stream || source, label: name }));
  return [...ofDevices, ...ofSources, ...others(known).map(({ stream, name }) => ({ value: stream, label: name }))].sort(byLabel);
}

/** @param {Known} known @returns {Choice[]} */
export const nameable = (known) => [...choicesOf(known), ...watchable(known)];

/** @param {Choice[]} choices @param {string[] | null} scope @returns {Choice[]} */
export function withUnseen(choices, scope) {
  const unseen = (scope || []).filter((value) => !choices.some((choice) => choice.value === value));
  return [...choices, ...unseen.map((value) => ({ value, label: value, isUnseen: true }))];
}

/** @param {string[]} scope @param {Choice[]} choices */
export function labelsOf(scope, choices) {
  return scope.map((value) => (choices.find((choice) => choice.value === value) || { label: value }).label);
}
