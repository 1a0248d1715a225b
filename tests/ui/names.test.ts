/** Names from anywhere in pictures and as files. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameOfFile, textInPicture } from '../../src/ui/parts/names.ts';

/** Any UTF-16, halves of characters included. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map((units) => units.map((unit) => String.fromCharCode(unit)).join(''));

test('a text in a picture holds nothing but characters of XML, and is as it was where it did before', () => {
  // The production Char of XML 1.0, by code point.
  const isChar = (code: number) =>
    [0x9, 0xa, 0xd].includes(code) ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000;
  const low = fc
    .array(fc.integer({ min: 0, max: 0x20 }), { maxLength: 5 })
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(fc.oneof(anyText, low), (text) => {
      const drawn = Array.from(textInPicture(text));
      const before = Array.from(text);
      expect(drawn).toHaveLength(before.length);
      drawn.forEach((character, at) => {
        expect(isChar(character.codePointAt(0)!)).toBe(true);
        if (isChar(before[at].codePointAt(0)!)) expect(character).toBe(before[at]);
        else expect(character).toBe('\ufffd');
      });
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['loss.csv', 'loss.csv'],
  ['../../etc/passwd', '-..-etc-passwd'],
  ['a\u0000b\n\u202egpj.svg', 'a-b-gpj.svg'],
  ['\ud800.csv', '-.csv'],
  ['...', 'file'],
  ['.csv', 'csv'],
  ['', 'file'],
  [`${'é'.repeat(5000)}.json`, `${'é'.repeat(120)}.json`],
])('the file %j is %j', (name, expected) => {
  expect(nameOfFile(name)).toBe(expected);
});

test('a name of a file holds nothing that a system refuses', () => {
  fc.assert(
    fc.property(anyText, (name) => {
      expect(nameOfFile(`${name}.csv`)).toMatch(/^[^\p{Cc}\p{Cs}/\\:*?"<>|]+$/u);
      expect(nameOfFile(`${name}.csv`).length).toBeLessThan(260);
    }),
  );
});
