/**
 * A chunk as it goes over the wire: a header, then the payload (docs/protocol.md).
 *
 * @module
 */

export const HEADER_BYTES = 16;

/**
 * A chunk message: header and payload.
 * @param {number} generation
 * @param {number} position
 * @param {Uint8Array} payload
 */
export function chunkMessage(generation, position, payload) {
  const message = new Uint8Array(HEADER_BYTES + payload.length);
  const header = new DataView(message.buffer);
  header.setUint8(0, 1);
  header.setUint32(4, generation);
  // Two halves: Safari 14 has no setBigUint64.
  header.setUint32(8, Math.floor(position / 2 ** 32));
  header.setUint32(12, position % 2 ** 32);
  message.set(payload, HEADER_BYTES);
  return message;
}
