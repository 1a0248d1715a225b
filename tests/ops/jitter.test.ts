/** The factors of jitter: in their range, alike only for equal counters, and centred on 1. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jitter } from '../../src/ops/jitter.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';

/** Factors of (rows, 7) elements: what jitter makes of ones. */
async function factorsOf(rows: number, eps: number, place: number, counters: readonly number[]): Promise<number[]> {
  const graph = createGraph();
  const x = persistentTensor(graph, 'x', [rows, 7], { initial: new Array<number>(rows * 7).fill(1) });
  const draw = persistentTensor(graph, 'draw', [2], { type: 'u32', initial: counters });
  const out = jitter(x, { draw, eps, place });
  const plan = await createTwinRuntime().compile({ launches: graph.launches }, { report: [out] });
  return Array.from((await plan.run())[0]);
}

test('factors lie between 1 - eps and 1 + eps, and depend on seed, step and place', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 9 }),
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      fc.integer({ min: 0, max: 9 }),
      fc.tuple(fc.nat(1e6), fc.nat(1e6)),
      async (rows, eps, place, [seed, step]) => {
        const factors = await factorsOf(rows, eps, place, [seed, step]);
        for (const factor of factors) expect(Math.abs(factor - 1)).toBeLessThanOrEqual(eps + 1e-6);
        expect(await factorsOf(rows, eps, place, [seed, step])).toEqual(factors);
        expect(await factorsOf(rows, eps, place + 1, [seed, step])).not.toEqual(factors);
        expect(await factorsOf(rows, eps, place, [seed + 1, step])).not.toEqual(factors);
        expect(await factorsOf(rows, eps, place, [seed, step + 1])).not.toEqual(factors);
      },
    ),
    { numRuns: 40 },
  ));

test('factors are uniform: mean 1, deviation eps / sqrt(3)', async () => {
  const factors = await factorsOf(3000, 0.3, 1, [3, 4]);
  const mean = factors.reduce((sum, factor) => sum + factor, 0) / factors.length;
  const deviation = Math.sqrt(factors.reduce((sum, factor) => sum + (factor - mean) ** 2, 0) / factors.length);
  // Four standard errors of 21,000 draws.
  expect(Math.abs(mean - 1)).toBeLessThan((4 * 0.3) / Math.sqrt(3 * factors.length));
  expect(deviation / (0.3 / Math.sqrt(3))).toBeCloseTo(1, 1.5);
});
