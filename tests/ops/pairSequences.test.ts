/** The noisy rows of paired sequences are the noisy sequences, in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noisyRows, pairSequences } from '../../src/ops/pairSequences.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';

test('noisy and clean sequences take turns, and the noisy rows come back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 }), async (B, T) => {
      const graph = createGraph();
      const runtime = createTwinRuntime();
      const xt = persistentTensor(graph, 'xt', [B * T], { type: 'u32' });
      const x0 = persistentTensor(graph, 'x0', [B, T], { type: 'u32' });
      const x = persistentTensor(graph, 'x', [2 * B * T, 1]);
      const results = [pairSequences(xt, x0), noisyRows(x, T)];
      const plan = await runtime.compile({ launches: graph.launches }, { report: results });
      const noisy = Array.from({ length: B * T }, (_, n) => 1000 + n);
      const clean = Array.from({ length: B * T }, (_, n) => n);
      const rows = (all: number[], b: number) => all.slice(b * T, (b + 1) * T);
      const expected = Array.from({ length: B }, (_, b) => [...rows(noisy, b), ...rows(clean, b)]).flat();
      runtime.write(xt, noisy);
      runtime.write(x0, clean);
      runtime.write(x, expected);
      const [pairs, back] = await plan.run();
      expect([...pairs]).toEqual(expected);
      expect([...back]).toEqual(noisy);
    }),
  );
});
