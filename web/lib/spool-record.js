/**
 * How media stands in a file on the device: a record per append, each with a checksum, so that what a crash or
 * a power cut left half written is not taken for media.
 *
 *   recordHeader(position, bytes)        // HEADER_BYTES, to stand before the bytes
 *   scanRecords(read, { size, start, verify })
 *                                        // the whole records of a file whose first byte has the position `start`
 *
 * A header: a magic number, the payload's length, its position (64 bits), and the CRC-32 of these and the payload;
 * all big-endian.
 *
 * @module
 */

export const HEADER_BYTES = 20;

/** "LCSP" */
const MAGIC = 0x4c435350;
const CHECKED_HEADER_BYTES = 16;
/** What a scan reads at a time, however long a record is. */
const SCAN_BYTES = 256 * 1024;

const TABLE = new Uint32Array(256);
for (let value = 0; value < 256; value += 1) {
  let crc = value;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLE[value] = crc >>> 0;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} [before] the checksum of what precedes them
 */
export function crc32(bytes, before = 0) {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at += 1) crc = TABLE[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param {number} position @param {Uint8Array} bytes */
export function recordHeader(position, bytes) {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, bytes.length);
  view.setUint32(8, Math.floor(position / 2 ** 32));
  view.setUint32(12, position >>> 0);
  view.setUint32(16, crc32(bytes, crc32(header.subarray(0, CHECKED_HEADER_BYTES))));
  return header;
}

/** @typedef {{ position: number, length: number, offset: number }} Stored `offset`: of the payload in the file */

/**
 * @param {(offset: number, length: number) => Uint8Array} read never asked for what lies beyond the file
 * @param {object} file
 * @param {number} file.size
 * @param {number} file.start
 * @param {boolean} file.verify reads the payloads, too: what a file that was not closed needs
 * @returns {{ records: Stored[], end: number, size: number }} the position and the offset behind the last whole record
 */
export function scanRecords(read, { size, start, verify }) {
  /** @type {Stored[]} */
  const records = [];
  let end = start;
  let offset = 0;
  while (offset + HEADER_BYTES <= size) {
    const header = read(offset, HEADER_BYTES);
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    const length = view.getUint32(4);
    const position = view.getUint32(8) * 2 ** 32 + view.getUint32(12);
    const payload = offset + HEADER_BYTES;
    if (view.getUint32(0) !== MAGIC || position !== end || payload + length > size) break;
    if (verify) {
      let crc = crc32(header.subarray(0, CHECKED_HEADER_BYTES));
      for (let at = 0; at < length; ) {
        const part = read(payload + at, Math.min(SCAN_BYTES, length - at));
        crc = crc32(part, crc);
        at += part.length;
      }
      if (crc !== view.getUint32(16)) break;
    }
    records.push({ position, length, offset: payload });
    end += length;
    offset = payload + length;
  }
  return { records, end, size: offset };
}

/**
 * The index of the record that holds a position.
 * @param {Stored[]} records
 * @param {number} position
 */
export function recordAt(records, position) {
  let low = 0;
  let high = records.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const record = records[middle];
    if (position < record.position) high = middle - 1;
    else if (position >= record.position + record.length) low = middle + 1;
    else return middle;
  }
  return -1;
}
