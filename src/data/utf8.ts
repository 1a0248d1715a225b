/**
 * Strict UTF-8 that tells where it goes wrong and loses nothing: the platform's decoder answers only that something is
 * invalid, or puts one replacement sign for several bytes.
 */

/** A run of characters, or (`text` null) one unit that belongs to no character: a stray byte or a mask. */
export interface Utf8Piece {
  readonly text: string | null;
  readonly start: number;
  readonly end: number;
}

/** Splits bytes (or byte tokens, where larger numbers are no bytes) into characters and units that spell none. */
export function* strictUtf8(bytes: ArrayLike<number>): Generator<Utf8Piece> {
  let start = 0;
  while (start < bytes.length) {
    const length = characterLength(bytes, start);
    if (length === 0) yield { text: null, start, end: start + 1 };
    else yield { text: String.fromCodePoint(codePointAt(bytes, start, length)), start, end: start + length };
    start += Math.max(1, length);
  }
}

/** Offset of the first byte that is not part of valid UTF-8; -1 when all are. */
export function firstInvalidUtf8(bytes: ArrayLike<number>): number {
  let start = 0;
  while (start < bytes.length) {
    const length = characterLength(bytes, start);
    if (length === 0) return start;
    start += length;
  }
  return -1;
}

/** Bytes of the character at `start`; 0 where none begins (RFC 3629: no overlong forms, surrogates or beyond 10FFFF). */
function characterLength(bytes: ArrayLike<number>, start: number): number {
  const first = bytes[start];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first < 0xe0 ? 0 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || start + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) {
    const next = bytes[start + i];
    if (next < 0x80 || next > 0xbf) return 0;
  }
  const second = bytes[start + 1];
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return length;
}

function codePointAt(bytes: ArrayLike<number>, start: number, length: number): number {
  const first = bytes[start];
  let code = length === 1 ? first : first & (0x7f >> length);
  for (let i = 1; i < length; i++) code = (code << 6) | (bytes[start + i] & 0x3f);
  return code;
}
