/**
 * WebM fragments for Firefox: one cluster per group of pictures, which each fragment goes on with. Pure.
 *
 *   const clusters = createClusters();
 *   clusters.next(bytes, isKey)    what to append in place of the fragment
 *
 * Firefox takes each cluster for a segment of its own. Where one begins before the one before has ended, and with sound
 * and picture in it it nearly always does by some milliseconds, it drops all pictures up to the next key frame. What
 * goes on in a cluster of unknown size is no new segment. Whatever does not look like whole clusters passes as it is.
 *
 * @module
 */

const CLUSTER = 0x1f43b675;
const TIMECODE = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
/** A block's time is a 16-bit number of ms beside its cluster's. */
const MOST_MS = 32000;

/** @typedef {{ id: number, at: number, from: number, to: number }} Element `at`: its header, `from`: its content */

/** @param {DataView} view @param {number} at @param {boolean} isId */
function number(view, at, isId) {
  const first = view.getUint8(at);
  let length = 1;
  while (length <= 8 && !(first & (0x80 >> (length - 1)))) length += 1;
  if (length > (isId ? 4 : 8)) throw new RangeError("no EBML");
  let value = isId ? first : first & (0xff >> length);
  for (let more = 1; more < length; more += 1) value = value * 256 + view.getUint8(at + more);
  return { value, length };
}

/** @param {DataView} view @param {number} from @param {number} to @returns {Element[]} */
function elements(view, from, to) {
  const found = [];
  for (let at = from; at < to; ) {
    const id = number(view, at, true);
    const size = number(view, at + id.length, false);
    const content = at + id.length + size.length;
    if (content + size.value > to) throw new RangeError("cut");
    found.push({ id: id.value, at, from: content, to: content + size.value });
    at = content + size.value;
  }
  return found;
}

/** @param {number} timeMs of unknown size, as live encoders write it */
function openCluster(timeMs) {
  const header = new Uint8Array([0, 0, 0, 0, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, TIMECODE, 0x84, 0, 0, 0, 0]);
  const view = new DataView(header.buffer);
  view.setUint32(0, CLUSTER);
  view.setUint32(14, timeMs);
  return header;
}

export function createClusters() {
  /** The time of the cluster that is open. @type {number | null} */
  let openMs = null;

  /** @param {ArrayBuffer} bytes @param {boolean} isKey */
  function rewrite(bytes, isKey) {
    const copy = bytes.slice(0);
    const view = new DataView(copy);
    /** @type {Uint8Array[]} */
    const parts = [];
    for (const cluster of elements(view, 0, copy.byteLength)) {
      if (cluster.id !== CLUSTER) throw new RangeError("no cluster");
      const children = elements(view, cluster.from, cluster.to);
      const timecode = children.find(({ id }) => id === TIMECODE);
      if (!timecode) throw new RangeError("no time");
      let timeMs = 0;
      for (let at = timecode.from; at < timecode.to; at += 1) timeMs = timeMs * 256 + view.getUint8(at);
      const begins = isKey && parts.length === 0;
      if (openMs === null || begins || Math.abs(timeMs - openMs) > MOST_MS / 2) {
        openMs = timeMs;
        parts.push(openCluster(timeMs));
      }
      const shiftMs = timeMs - openMs;
      for (const child of children) {
        if (child.id !== SIMPLE_BLOCK && child.id !== BLOCK_GROUP) continue;
        const block = child.id === SIMPLE_BLOCK ? child : elements(view, child.from, child.to).find(({ id }) => id === BLOCK);
        if (!block) throw new RangeError("no block");
        const time = block.from + number(view, block.from, false).length;
        const movedMs = view.getInt16(time) + shiftMs;
        if (Math.abs(movedMs) > MOST_MS) throw new RangeError("too long");
        view.setInt16(time, movedMs);
        parts.push(new Uint8Array(copy, child.at, child.to - child.at));
      }
    }
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole.buffer;
  }

  return {
    /** @param {ArrayBuffer} bytes @param {boolean} isKey @returns {ArrayBuffer} */
    next(bytes, isKey) {
      try {
        return rewrite(bytes, isKey);
      } catch {
        openMs = null;
        return bytes;
      }
    },
  };
}
