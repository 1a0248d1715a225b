/**
 * A person's own text, pasted or from a file: refused with one sentence, or made ready to train on. Size comes first,
 * so that a huge file costs nothing. Not here: reading files.
 */
import { DataError, unnamedText } from '../base/errors.ts';
import { maximumTextBytes } from '../config/limits.ts';
import type { Experiment } from '../config/schema.ts';
import { expectWindows, splitBoundary, trainingEnd } from './splits.ts';
import { firstInvalidUtf8 } from './utf8.ts';

/** Above this share of control characters a file is taken for binary. */
const maximumControlShare = 0.01;

/** Throws `DataError` for a size that is not accepted. Call it with a file's size before reading the file. */
export function expectTextSize(bytes: number, where: string): void {
  if (bytes > maximumTextBytes) {
    throw new DataError(`${where}: expected at most ${megabytes(maximumTextBytes)} of text, got ${megabytes(bytes)}`);
  }
  if (bytes === 0) throw new DataError(`${where}: expected text, got nothing (0 bytes)`);
}

/**
 * The text to train on, from bytes or a string: without a byte-order mark, line endings as `\n`, otherwise as it is.
 * Throws `DataError` when it is empty, too large, binary, not UTF-8, or too short for one window of
 * `sequenceLength` tokens on each side of the split; how many subwords it makes shows only when they are learned.
 */
export function validateText(
  source: Uint8Array | string,
  settings: Pick<Experiment['data'], 'tokenizer' | 'sequenceLength' | 'validationShare' | 'trainingCharacters'>,
  where: string = unnamedText,
): string {
  const text = readableText(source, where);
  const boundary = splitBoundary(text, settings.validationShare);
  const trainEnd = trainingEnd(text, boundary, settings.trainingCharacters);
  const train = mostTokens(text.slice(0, trainEnd), settings.tokenizer);
  const validation = mostTokens(text.slice(boundary), settings.tokenizer);
  expectWindows(train, validation, settings.sequenceLength, where);
  return text;
}

/**
 * Text from bytes or a string: without a byte-order mark, line endings as `\n`. Throws `DataError` when it is empty, too
 * large, binary or not UTF-8.
 */
export function readableText(source: Uint8Array | string, where: string): string {
  // A UTF-16 unit is at least one byte of UTF-8, so a string over the limit is so in bytes too.
  expectTextSize(source.length, where);
  const text = (typeof source === 'string' ? checkString(source, where) : decode(source, where))
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n');
  if (text.trim() === '') throw new DataError(`${where}: expected text, got nothing but white space`);
  const controls = controlsIn(text);
  if (controls > maximumControlShare * text.length) {
    throw new DataError(
      `${where}: expected plain text, got a binary file (${controls} control characters in ${text.length})`,
    );
  }
  return text;
}

/** Control characters, white space left out. Counted without a list, which could be as long as the text. */
function controlsIn(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x08 || (code >= 0x0e && code <= 0x1f) || code === 0x7f) count++;
  }
  return count;
}

function checkString(text: string, where: string): string {
  const zero = text.indexOf('\0');
  if (zero >= 0) throw new DataError(`${where}: expected plain text, got a zero character at offset ${zero}`);
  const half = /\p{Surrogate}/u.exec(text);
  if (half) throw new DataError(`${where}: expected whole characters, got half of one at offset ${half.index}`);
  return text;
}

function decode(bytes: Uint8Array, where: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new DataError(`${where}: expected UTF-8, got UTF-16 (by its byte-order mark); save it as UTF-8`);
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    throw new DataError(`${where}: expected plain text, got a binary file (a zero byte at offset ${zero})`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const at = firstInvalidUtf8(bytes);
    const byte = `0x${bytes[at].toString(16).padStart(2, '0')}`;
    throw new DataError(`${where}: expected UTF-8, got an invalid byte ${byte} at offset ${at}; save it as UTF-8`);
  }
}

/** Tokens of a text, and an upper limit for subwords: none is shorter than a byte. */
function mostTokens(text: string, tokenizer: Experiment['data']['tokenizer']): number {
  switch (tokenizer) {
    case 'byte':
    case 'bpe':
      return new TextEncoder().encode(text).length;
    case 'character': {
      let count = text.length;
      for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
      return count;
    }
    default:
      return tokenizer satisfies never;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
