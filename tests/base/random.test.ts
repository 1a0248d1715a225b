/** The random numbers against known values of pcg4d and against the distributions they promise. */
import { describe, expect, test } from 'vitest';
import { integerAt, normalAt, pcg4d, streams, uniformAt } from '../../src/base/random.ts';

/** pcg4d once more, in big integers, from the paper's listing. */
function pcg4dExact(input: readonly number[]): number[] {
  const word = (value: bigint) => value & 0xffffffffn;
  let [x, y, z, w] = input.map((value) => word(BigInt(value) * 1664525n + 1013904223n));
  const mix = () => {
    x = word(x + y * w);
    y = word(y + z * x);
    z = word(z + x * y);
    w = word(w + y * z);
  };
  mix();
  [x, y, z, w] = [x, y, z, w].map((value) => value ^ (value >> 16n));
  mix();
  return [x, y, z, w].map(Number);
}

describe('pcg4d', () => {
  test('equals the definition in exact integers', () => {
    const words = [0, 1, 2, 7, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
    for (const x of words) {
      for (const y of words) {
        expect(pcg4d(x, y, 3, 0xfffffffe)).toEqual(pcg4dExact([x, y, 3, 0xfffffffe]));
        expect(pcg4d(5, x, y, x)).toEqual(pcg4dExact([5, x, y, x]));
      }
    }
  });

  test('keeps the values that runs depend on', () => {
    // Pinned from `pcg4dExact` above: if these change, no run can be repeated.
    expect(pcg4d(0, 0, 0, 0)).toEqual([251852841, 760645481, 850445371, 3542436074]);
    expect(pcg4d(1, 2, 3, 4)).toEqual([908250390, 4044648920, 3775961919, 45698095]);
    expect(pcg4dExact([1, 2, 3, 4])).toEqual([908250390, 4044648920, 3775961919, 45698095]);
  });

  test('flips about half of the bits when one input bit flips', () => {
    for (let position = 0; position < 4; position++) {
      let flipped = 0;
      for (let bit = 0; bit < 32; bit++) {
        const input: [number, number, number, number] = [11, 22, 33, 44];
        const before = pcg4d(...input);
        input[position] ^= 1 << bit;
        const after = pcg4d(...input);
        for (let i = 0; i < 4; i++) {
          for (let changed = (before[i] ^ after[i]) >>> 0; changed > 0; changed >>>= 1) flipped += changed & 1;
        }
      }
      const share = flipped / (32 * 128);
      // The highest input bits reach few output bits in this hash; a constant would give 0.
      expect(share).toBeGreaterThan(0.35);
      expect(share).toBeLessThan(0.6);
    }
  });
});

describe('draws', () => {
  const count = 20_000;
  const draw = (f: (index: number) => number) => Array.from({ length: count }, (_, index) => f(index));

  test('uniform: in [0, 1), exact in float32, mean and variance', () => {
    const values = draw((index) => uniformAt(7, streams.decode, 3, index));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(values.every((value) => value >= 0 && value < 1 && Math.fround(value) === value)).toBe(true);
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
  });

  test('normal: first four moments', () => {
    const values = draw((index) => normalAt(7, streams.init, 3, index));
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / count;
    expect(Math.abs(moment(1))).toBeLessThan(0.03);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.04);
    expect(Math.abs(moment(3))).toBeLessThan(0.11);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.28);
  });

  test('whole numbers: in range and even, by chi-squared', () => {
    const bound = 10;
    const seen = new Array<number>(bound).fill(0);
    for (const value of draw((index) => integerAt(bound, 7, streams.batch, 3, index))) seen[value]++;
    const chi = seen.reduce((sum, times) => sum + (times - count / bound) ** 2 / (count / bound), 0);
    expect(seen.reduce((sum, times) => sum + times, 0)).toBe(count);
    // 9 degrees of freedom: 27.9 is exceeded once in a thousand seeds.
    expect(chi).toBeLessThan(27.9);
  });
});
