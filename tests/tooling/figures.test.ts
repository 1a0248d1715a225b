/** Numbers on the page are read as people write them, past 999 too. */
import { expect, test } from 'vitest';
import { whole } from '../../src/base/format.ts';
import { leadingNumber, numberAfter, readNumber } from '../support/figures.ts';

test.each([
  ['0', 0],
  ['999', 999],
  ['1060', 1060],
  ['1,060', 1060],
  [' 1,234,567 ', 1234567],
  ['2.357', 2.357],
  ['-1,060.5', -1060.5],
])('%j is %d', (text, value) => {
  expect(readNumber(text)).toBe(value);
});

test('what the page writes is read back', () => {
  for (const value of [7, 999, 1000, 1060, 99_999, 100_000, 1_234_567]) expect(readNumber(whole(value))).toBe(value);
});

test.each(['', '–', 'step 7', '1,06', '10,60', '1,0600', '1 060', '12 of 100'])('%j is no number', (text) => {
  expect(() => readNumber(text)).toThrow(/expected a number, got/);
});

test('a number is found after the words before it', () => {
  const offer = 'This run was left at step 1,060 of 100,000 on 25 Nov.';
  expect(numberAfter(offer, 'left at step')).toBe(1060);
  expect(numberAfter(offer, ' of')).toBe(100_000);
  expect(numberAfter('left at step 1060 of 100,000', 'at step')).toBe(1060);
  expect(leadingNumber('1,060 of 100,000')).toBe(1060);
  expect(leadingNumber('1060 of 100,000')).toBe(1060);
  expect(() => leadingNumber('– of 10')).toThrow(/expected a number/);
  expect(() => numberAfter(offer, 'at epoch')).toThrow(/expected a number after "at epoch"/);
  expect(() => numberAfter('at step – of 10', 'at step')).toThrow(/expected a number/);
});
