import { add } from '../../src/ops/add.ts';
import type { OpCase } from './case.ts';

export const cases: OpCase[] = [
  {
    name: 'add 7 x 9',
    inputs: { a: { shape: [7, 9] }, b: { shape: [7, 9] } },
    record: (_, { a, b }) => add(a, b),
  },
  {
    name: 'add a tensor to itself',
    inputs: { a: { shape: [5] } },
    record: (_, { a }) => add(a, a),
  },
];
