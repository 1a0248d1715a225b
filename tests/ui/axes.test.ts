/** Axes of any numbers at all: bounds are finite and apart, marks finite, in order and few, and nothing throws. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digitsOf,
  logBounds,
  logTicksOf,
  roundBounds,
  roundUp,
  soundBounds,
  ticksOf,
} from '../../src/ui/parts/ticks.ts';

/** Any double: NaN, infinities, both zeros, subnormal ones, the largest; and bounds that lie close together. */
const anything = fc.double();
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const count = fc.integer({ min: 1, max: 12 });
const close = fc
  .tuple(finite, fc.integer({ min: 0, max: 40 }))
  .map(([low, ulps]) => [low, low + ulps * Math.abs(low) * 2 ** -52] as const);
const pair = fc.oneof(fc.tuple(anything, anything), close);

const isSound = ([low, high]: readonly [number, number]) => Number.isFinite(low) && Number.isFinite(high) && high > low;

function expectMarks(marks: readonly number[], most: number): void {
  expect(marks.every(Number.isFinite), String(marks)).toBe(true);
  expect(marks.length).toBeLessThanOrEqual(most);
  for (let i = 1; i < marks.length; i += 1) expect(marks[i], String(marks)).toBeGreaterThan(marks[i - 1]);
  expect(digitsOf(marks)).toBeLessThanOrEqual(6);
}

describe('any numbers', () => {
  test.each([
    ['linear', ticksOf],
    ['logarithmic', logTicksOf],
  ] as const)('marks of a %s axis', (_, marksOf) => {
    fc.assert(
      fc.property(pair, count, ([low, high], wanted) => expectMarks(marksOf(low, high, wanted), 4 * wanted + 2)),
      {
        numRuns: 1000,
        examples: [
          [[1e16, 1e16 + 2], 5],
          [[0, 0], 5],
          [[1e-323, 1.7e308], 5],
          [[-1.7e308, 1.7e308], 5],
        ],
      },
    );
  });

  test('bounds are finite and apart, and above 0 on a logarithmic axis', () => {
    fc.assert(
      fc.property(pair, count, ([low, high], wanted) => {
        expect(isSound(soundBounds(low, high, false))).toBe(true);
        expect(isSound(roundBounds(low, high, wanted))).toBe(true);
        for (const bounds of [soundBounds(low, high, true), logBounds(low, high)]) {
          expect(isSound(bounds), String(bounds)).toBe(true);
          expect(bounds[0]).toBeGreaterThan(0);
        }
        expect(Number.isFinite(roundUp(high))).toBe(true);
        expect(roundUp(high)).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('whatever bounds came out, there are marks between them', () => {
    fc.assert(
      fc.property(pair, count, fc.boolean(), ([low, high], wanted, isLog) => {
        const [bottom, top] = isLog ? logBounds(low, high) : roundBounds(low, high, wanted);
        const marks = (isLog ? logTicksOf : ticksOf)(bottom, top, wanted);
        expect(marks.length).toBeGreaterThan(0);
        const hair = 1e-5 * (top - bottom);
        expect(marks.every((mark) => mark >= bottom - hair && mark <= top + hair)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('bounds that can be drawn between stay as they are', () => {
    expect(soundBounds(1, 8, false)).toEqual([1, 8]);
    expect(soundBounds(-3, -2, false)).toEqual([-3, -2]);
    expect(soundBounds(0.001, 5, true)).toEqual([0.001, 5]);
    expect(soundBounds(4, 4, false)).toEqual([4, 5]);
    expect(soundBounds(Number.NaN, 7, false)).toEqual([0, 7]);
    expect(soundBounds(0, 10, true)[1]).toBe(10);
  });

  test('round bounds lie around values of every size', () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const [bottom, top] = roundBounds(low, high);
        const hair = 1e-3 * (top - bottom);
        expect(bottom).toBeLessThanOrEqual(low + hair);
        expect(top).toBeGreaterThanOrEqual(high - hair);
      }),
      { numRuns: 1000 },
    );
  });
});
