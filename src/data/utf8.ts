/**
 * Strict UTF-8 that tells where it goes wrong and loses nothing: the platform's decoder answers only that something is
 * invalid, or puts one replacement sign for several bytes. Also how bytes that spell nothing are shown.
 */
import { DataError, unnamedText } from '../base/errors.ts';

/** How the mask is written: the sign that also stands for a hole in a prompt. */
export const maskText = '_';

/** Stands for a mask among bytes. */
export const maskByte = 256;

/** A run of characters, or (`text` null) one unit that belongs to no character: a stray byte or a mask. */
interface Utf8Piece {
  readonly text: string | null;
  readonly start: number;
  readonly end: number;
}

/** Splits bytes (or byte tokens, where larger numbers are no bytes) into characters and units that spell none. */
function* strictUtf8(bytes: ArrayLike<number>): Generator<Utf8Piece> {
  let start = 0;
  while (start < bytes.length) {
    const length = characterLength(bytes, start);
    if (length === 0) yield { text: null, start, end: start + 1 };
    else yield { text: String.fromCodePoint(codePointAt(bytes, start, length)), start, end: start + length };
    start += Math.max(1, length);
  }
}

/** Text of bytes and masks: masks become `_`, bytes that are no UTF-8 `<0xNN>`. Throws `DataError` for other numbers. */
export function textOfBytes(bytes: ArrayLike<number>): string {
  return Array.from(strictUtf8(bytes), ({ text, start }) => text ?? byteLabel(bytes[start])).join('');
}

/** One byte or mask as a label: what is not plain ASCII becomes `<0xNN>`. Throws `DataError` for other numbers. */
export function byteLabel(byte: number): string {
  if (byte === maskByte) return maskText;
  if (!Number.isInteger(byte) || byte < 0 || byte > maskByte) {
    throw new DataError(`token: expected an id from 0 to ${maskByte}, got ${byte}`);
  }
  const isPlain = (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09;
  return isPlain ? String.fromCharCode(byte) : `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** Half a surrogate pair has no UTF-8 and no place in a vocabulary: throws `DataError` where one stands. */
export function expectWholeCharacters(text: string): void {
  const half = /\p{Surrogate}/u.exec(text);
  if (half) {
    throw new DataError(`expected whole characters, got half of one (a lone surrogate) at offset ${half.index}`, {
      path: unnamedText,
    });
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
