/** Tokenizers: nothing is lost on the way there and back, and what cannot be read is refused with its place. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import type { TokenizerKind } from '../../src/data/tokenizer.ts';
import {
  byteTokenizer,
  characterTokenizer,
  encodePrompt,
  tokenizerFor,
  tokenizerFromJSON,
} from '../../src/data/tokenizers.ts';
import { firstInvalidUtf8 } from '../../src/data/utf8.ts';

/** Any text of whole characters without the sign of a hole. */
const anyText = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => !/\p{Surrogate}/u.test(text) && !text.includes('_'));

/** The tokenizer of a kind that learns from the whole text. */
const over = (tokenizer: TokenizerKind, text: string) => tokenizerFor({ tokenizer, vocabularySize: 300 }, text, text);

describe.each(['character', 'byte', 'bpe'] as const)('%s tokenizer', (kind) => {
  test('decodes what it encoded, also after a round trip through JSON', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const tokenizer = over(kind, text);
        const read = tokenizerFromJSON(JSON.parse(JSON.stringify(tokenizer)));
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(read.decode(ids)).toBe(text);
        expect(read.encode(text)).toEqual(ids);
        expect(Math.max(...ids)).toBeLessThan(tokenizer.vocabularySize);
        expect(tokenizer.countCharacters(ids)).toBe([...text].length);
      }),
    );
  });

  test('shows masks as holes, counts them, and reads holes as masks', () => {
    const tokenizer = over(kind, 'abc');
    const ids = encodePrompt(tokenizer, 'a__c');
    const [a, c] = [tokenizer.encode('a')[0], tokenizer.encode('c')[0]];
    expect([...ids]).toEqual([a, tokenizer.maskId, tokenizer.maskId, c]);
    expect(tokenizer.maskId).toBe(tokenizer.vocabularySize);
    expect(tokenizer.decode(ids)).toBe('a__c');
    expect(tokenizer.tokenText(tokenizer.maskId)).toBe('_');
    expect(tokenizer.countCharacters(ids)).toBe(4);
  });

  test('refuses ids beyond the mask and half characters', () => {
    const tokenizer = over(kind, 'abc');
    expect(() => tokenizer.decode([tokenizer.maskId + 1])).toThrow(DataError);
    expect(() => tokenizer.tokenText(-1)).toThrow(DataError);
    expect(() => over(kind, 'a\ud800b').encode('a\ud800b')).toThrow(DataError);
  });
});

describe('character tokenizer', () => {
  test('orders the vocabulary by code point, characters beyond 16 bits included', () => {
    const tokenizer = over('character', 'b😀a\nb');
    expect(Array.from({ length: 5 }, (_, id) => tokenizer.tokenText(id))).toEqual(['\n', 'a', 'b', '😀', '_']);
  });

  test('names an unknown character and its place', () => {
    const tokenizer = over('character', 'abc');
    expect(() => tokenizer.encode('abé')).toThrow(
      `text: expected only the 3 characters of the model's vocabulary, got "é" (U+00E9) as character 3`,
    );
    expect(() => encodePrompt(tokenizer, 'a_b😀c')).toThrow(
      'prompt: expected characters that the model knows, got "😀" (U+1F600) as character 4',
    );
  });
});

describe('byte tokenizer', () => {
  test('shows bytes that are no UTF-8 one by one, and everything around them', () => {
    const tokenizer = byteTokenizer();
    const [e2, ...rest] = tokenizer.encode('€');
    expect(tokenizer.decode([97, e2, 98, ...rest, 99])).toBe('a<0xE2>b<0x82><0xAC>c');
    expect(tokenizer.decode([e2, tokenizer.maskId, rest[1]])).toBe('<0xE2>_<0xAC>');
    expect(tokenizer.decode([0xef, 0xbb, 0xbf, 97])).toBe('\ufeffa');
  });

  test('finds the first invalid byte exactly where the platform decoder begins to fail', () => {
    const accepts = (bytes: Uint8Array) => {
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    // Every boundary of the definition, in every combination of up to three bytes, with and without a fourth.
    const ends = '00 61 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff'.split(' ');
    const boundaries = ends.map((byte) => Number.parseInt(byte, 16));
    const wrong: number[][] = [];
    const check = (list: number[]) => {
      const bytes = Uint8Array.from(list);
      const at = firstInvalidUtf8(bytes);
      if ((at === -1) !== accepts(bytes)) wrong.push(list);
      if (at >= 0 && !accepts(bytes.subarray(0, at))) wrong.push(list);
    };
    for (const first of boundaries) {
      check([first]);
      for (const second of boundaries) {
        check([first, second]);
        for (const third of boundaries) for (const tail of [[], [0x80], [0xc0]]) check([first, second, third, ...tail]);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('tokenizer.json', () => {
  const good = JSON.parse(JSON.stringify(characterTokenizer(['a', 'b'])));
  test.each([
    ['null', null, 'expected an object, got null'],
    [
      'another format',
      { ...good, format: 'x' },
      'expected format "sdlm-tokenizer", version 1, or Hugging Face\'s, got "x", version 1',
    ],
    ['a later version', { ...good, version: 2 }, 'version 2'],
    ['an unknown kind', { ...good, kind: 'word' }, 'expected kind "character" or "byte", got "word"'],
    ['no characters', { ...good, characters: [] }, 'expected a list of characters, got []'],
    ['a long token', { ...good, characters: ['a', 'bc'] }, 'expected one character for token 1, got "bc"'],
    ['a repeated token', { ...good, characters: ['a', 'a'] }, 'expected each character once, got "a" again'],
    ['another mask', { ...good, maskToken: '?' }, 'expected maskToken "_", got "?"'],
    ['padding', { ...good, padTokenId: 0 }, 'expected padTokenId null, got 0'],
    ['what is not known', { ...good, lowercase: true }, 'got "lowercase" as well'],
    ['bytes with characters', { ...good, kind: 'byte', maskTokenId: 256 }, 'expected no characters of kind "byte"'],
    ['half a character', { ...good, characters: ['a', '\ud800'] }, 'expected one character for token 1, got "\\ud800"'],
    ['no character', { ...good, characters: ['a', ''] }, 'expected one character for token 1, got ""'],
    [
      'an endless token',
      { ...good, characters: ['a', 'b'.repeat(1e6)] },
      'expected one character for token 1, got "bbb',
    ],
    ['a wrong mask', { ...good, maskTokenId: 0 }, 'expected maskTokenId 2 (one past the vocabulary), got 0'],
  ])('refuses %s', (_, value, sentence) => {
    expect(() => tokenizerFromJSON(value)).toThrow(DataError);
    expect(() => tokenizerFromJSON(value)).toThrow(sentence);
  });

  test('holds as many tokens as there are characters', () => {
    const characters: string[] = [];
    for (let code = 0; code < 0x110000; code += 7) {
      if (code < 0xd800 || code > 0xdfff) characters.push(String.fromCodePoint(code));
    }
    expect(characters.length).toBeGreaterThan(150_000);
    const tokenizer = tokenizerFromJSON(JSON.parse(JSON.stringify(characterTokenizer(characters))));
    const text = characters.join('');
    expect(tokenizer.decode(tokenizer.encode(text)) === text).toBe(true);
    const bytePairs = over('bpe', 'ab');
    const { model, ...file } = JSON.parse(JSON.stringify(bytePairs));
    const vocab = { ...model.vocab, ['a'.repeat(2e5)]: bytePairs.vocabularySize };
    const long = { ...file, model: { ...model, vocab } };
    expect(() => tokenizerFromJSON(long)).toThrow('a merge into every longer token, got none into token 256');
  });
});
