import { add } from '../../src/ops/add.ts';
import { rmsnorm } from '../../src/ops/rmsnorm.ts';
import type { OpCase } from './case.ts';

export const cases: OpCase[] = [
  ...[
    [1, 1],
    [3, 5],
    [70, 13],
    [9, 130],
  ].map(
    ([rows, C]): OpCase => ({
      name: `rmsnorm ${rows} x ${C}`,
      inputs: { x: { shape: [rows, C] }, weight: { shape: [C] } },
      record: (_, { x, weight }) => rmsnorm(x, weight),
    }),
  ),
  {
    name: 'rmsnorm, gradients summed',
    inputs: { x: { shape: [5, 7] }, weight: { shape: [7] }, other: { shape: [7] } },
    record: (_, { x, weight, other }) => add(rmsnorm(x, weight), rmsnorm(x, other)),
  },
];
