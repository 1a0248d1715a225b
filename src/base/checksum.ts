/** A checksum of bytes: tells a file that was cut off or spoilt from the one that was written. Not against forgery. */

/** FNV-1a (Fowler, Noll and Vo) over words of 32 bits, then over the bytes that are left, with the length. */
export function checksumOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5 ^ bytes.length;
  const whole = bytes.length >>> 2;
  // Read byte by byte where the view is not aligned: a word needs an offset of a multiple of four.
  const words = bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, whole) : null;
  for (let i = 0; i < whole; i++) {
    const at = 4 * i;
    const word = words ? words[i] : bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    // Bits of a word spread upwards only; folding lets the high ones count in what follows.
    hash ^= hash >>> 15;
  }
  for (let i = 4 * whole; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
