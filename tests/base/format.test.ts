/** Numbers in a person's words: the size of what is said is that of the number. Also in `tests/ui/readings.test.ts`. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { bytes, compact, percent, sentence, three, whole } from '../../src/base/format.ts';

test.each([
  [0, '0'],
  [0.0312, '3.12'],
  [0.5, '50'],
  [1, '100'],
  [1.25, '125'],
  [0.00012345, '0.0123'],
  [0.123456, '12.3'],
])('percent %d is %s', (share, words) => expect(percent(share)).toBe(`${words}\u00a0%`));

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1234567, '1,234,567'],
  [12.6, '13'],
  [-1234, '-1,234'],
])('whole %d is %s', (value, words) => expect(whole(value)).toBe(words));

test.each([
  [2, '2'],
  [2.0051, '2.01'],
  [0.00123456, '0.00123'],
  [1234.5, '1230'],
  [Number.NaN, '–'],
])('three %d is %s', (value, words) => expect(three(value)).toBe(words));

const suffixes: Record<string, number> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };

/** The number that a text such as "1.23 M" or "9,999" stands for. */
function numberIn(words: string): number {
  const [, digits, suffix] = /^([-\d.,]+(?:e[+-]\d+)?) ?([kMGTPE])?$/.exec(words) ?? [];
  return Number(digits.replaceAll(',', '')) * (suffix ? suffixes[suffix] : 1);
}

describe('compact', () => {
  it('is the number to three digits, whatever its size', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 9e20, noNaN: true }), (value) => {
        expect(Math.abs(numberIn(compact(value)) / value - 1)).toBeLessThanOrEqual(0.0051);
      }),
    );
  });

  it('shows no number for none', () => {
    expect([compact(Number.NaN), compact(Number.POSITIVE_INFINITY)]).toEqual(['–', '–']);
  });
});

test('bytes are those that there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (count) => {
      expect(Math.abs(numberIn(bytes(count).replace(/ ?B$/, '')) / count - 1)).toBeLessThanOrEqual(0.0051);
    }),
  );
});

test('a sentence ends once', () => {
  expect(['a', 'a.', 'a!', 'a…'].map(sentence)).toEqual(['a.', 'a.', 'a!', 'a…']);
});
