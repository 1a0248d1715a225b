/** A person's own text: each kind of bad input gets its sentence, and good text arrives as it is. */
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { maximumTextBytes } from '../../src/config/limits.ts';
import { expectTextSize, validateText } from '../../src/data/ownText.ts';
import { encodeDataset, expectWindows } from '../../src/data/splits.ts';

const settings = { tokenizer: 'character', sequenceLength: 4, validationShare: 0.1, trainingCharacters: 0 } as const;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const filler = bytesOf('plain text '.repeat(20));
const withBytes = (...bytes: number[]) => Uint8Array.from([...filler, ...bytes, ...filler]);

describe('refused', () => {
  test.each<[string, Uint8Array | string, string]>([
    ['no bytes', new Uint8Array(), 'notes.txt: expected text, got nothing (0 bytes)'],
    ['no characters', '', 'notes.txt: expected text, got nothing (0 bytes)'],
    ['white space', bytesOf(' \n\t\r\n '), 'notes.txt: expected text, got nothing but white space'],
    ['only a byte-order mark', bytesOf('\ufeff'), 'notes.txt: expected text, got nothing but white space'],
    [
      'invalid UTF-8',
      withBytes(0xe9),
      'notes.txt: expected UTF-8, got an invalid byte 0xe9 at offset 220; save it as UTF-8',
    ],
    ['a cut character', Uint8Array.from([...filler, 0xe2, 0x82]), 'an invalid byte 0xe2 at offset 220'],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x61, 0x00]), 'notes.txt: expected UTF-8, got UTF-16'],
    ['a zero byte', withBytes(0), 'expected plain text, got a binary file (a zero byte at offset 220)'],
    ['control characters', withBytes(1, 2, 3, 4, 5), 'got a binary file (5 control characters in 445)'],
    ['a zero character', 'text \0 text', 'notes.txt: expected plain text, got a zero character at offset 5'],
    ['half a character', 'text \ud800 text', 'notes.txt: expected whole characters, got half of one at offset 5'],
    [
      'less than a window',
      'abc',
      'notes.txt: expected at least one window of 4 tokens to train on and one held out, got 2 and 1; take a longer text, a shorter window (data.sequenceLength), another data.validationShare or more data.trainingCharacters',
    ],
  ])('%s', (_, source, sentence) => {
    expect(() => validateText(source, settings, 'notes.txt')).toThrow(DataError);
    expect(() => validateText(source, settings, 'notes.txt')).toThrow(sentence);
  });

  test('200 MB, at once and before anything is read', () => {
    const huge = new Uint8Array(200_000_000);
    const start = performance.now();
    expect(() => validateText(huge, settings, 'notes.txt')).toThrow(
      'notes.txt: expected at most 20 MB of text, got 200 MB',
    );
    expect(performance.now() - start).toBeLessThan(100);
    expect(() => expectTextSize(maximumTextBytes + 1, 'notes.txt')).toThrow(DataError);
    expect(() => expectTextSize(maximumTextBytes, 'notes.txt')).not.toThrow();
  });
});

describe('accepted', () => {
  test('bytes and strings alike, without byte-order mark, with plain line endings', () => {
    const text = '\ufeffZwölf Boxkämpfer\r\njagen Viktor\rquer über den großen Sylter Deich 😀\n';
    const expected = 'Zwölf Boxkämpfer\njagen Viktor\nquer über den großen Sylter Deich 😀\n';
    expect(validateText(bytesOf(text), settings)).toBe(expected);
    expect(validateText(text, settings)).toBe(expected);
  });

  test.each(['character', 'byte'] as const)('exactly the texts that the split accepts, in %s tokens', (tokenizer) => {
    for (let length = 1; length < 60; length++) {
      const text = 'a😀é'.repeat(length);
      const accepts = (check: () => unknown) => {
        try {
          check();
          return true;
        } catch {
          return false;
        }
      };
      const all = { ...settings, tokenizer, vocabularySize: 300 };
      const split = () => {
        const { train, validation } = encodeDataset(text, all);
        expectWindows(train.length, validation.length, all.sequenceLength);
      };
      expect(accepts(() => validateText(text, all))).toBe(accepts(split));
    }
  });
});
