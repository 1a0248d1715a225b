/** What Newton-Schulz does to singular values, and that a step has the size of AdamW's. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orthogonalise } from '../../src/ops/muon.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';
import { noise } from './case.ts';

/** The orthogonalised matrix (R, C) of `values`. */
async function orthogonalised(R: number, C: number, values: number[]): Promise<ArrayLike<number>> {
  const runtime = createTwinRuntime({ bits: 64 });
  const graph = createGraph();
  const u = persistentTensor(graph, 'u', [1, R, C], { initial: values });
  const plan = await runtime.compile({ launches: graph.launches }, { report: [orthogonalise(u)] });
  const [x] = await plan.run();
  plan.destroy();
  return x;
}

/** Length of x^T v over the length of v: between the smallest and the largest singular value, for any v. */
function stretch(x: ArrayLike<number>, R: number, C: number, v: (row: number) => number): number {
  let out = 0;
  let length = 0;
  for (let r = 0; r < R; r++) length += v(r) ** 2;
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let r = 0; r < R; r++) sum += v(r) * x[r * C + c];
    out += sum * sum;
  }
  return Math.sqrt(out / length);
}

test('singular values end between 0.6 and 1.25, whatever the size and the scale of the matrix', async () => {
  // The quintic maps [0.03, 1] into [0.68, 1.13] after five iterations (Jordan et al. 2024, figure); a wide random matrix
  // has no smaller singular value relative to its norm.
  const sizes = fc.record({ R: fc.integer({ min: 1, max: 6 }), C: fc.integer({ min: 18, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(1e6), fc.constantFrom(1e-3, 1, 1e3), async ({ R, C }, salt, scale) => {
      const values = Array.from({ length: R * C }, (_, i) => scale * noise(i, salt));
      const x = await orthogonalised(R, C, values);
      for (let probe = 0; probe < 20; probe++) {
        const value = stretch(x, R, C, (row) => noise(row, probe + 100));
        expect(value).toBeGreaterThan(0.6);
        expect(value).toBeLessThan(1.25);
      }
    }),
    { numRuns: 60 },
  );
});

test('a diagonal matrix keeps its directions', async () => {
  const x = await orthogonalised(2, 2, [3, 0, 0, -1]);
  expect(Math.abs(x[1]) + Math.abs(x[2])).toBeLessThan(1e-12);
  expect(x[0]).toBeGreaterThan(0.6);
  expect(x[3]).toBeLessThan(-0.6);
});
