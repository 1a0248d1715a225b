import { noisyRows, pairSequences } from '../../src/ops/pairSequences.ts';
import type { OpCase } from './case.ts';

const shapes = [
  { B: 1, T: 1 },
  { B: 3, T: 7 },
  { B: 2, T: 67 },
];

export const cases: OpCase[] = shapes.flatMap(({ B, T }): OpCase[] => [
  {
    name: `pair sequences ${B} x ${T}`,
    inputs: {
      xt: { shape: [B * T], type: 'u32', values: (n) => 100 + n },
      x0: { shape: [B, T], type: 'u32', values: (n) => n },
    },
    record: (_, { xt, x0 }) => pairSequences(xt, x0),
  },
  {
    name: `noisy rows of ${B} x ${T}`,
    inputs: { x: { shape: [2 * B * T, 5] } },
    record: (_, { x }) => noisyRows(x, T),
  },
]);
