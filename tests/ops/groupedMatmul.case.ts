import { add } from '../../src/ops/add.ts';
import { groupedMatmul } from '../../src/ops/groupedMatmul.ts';
import type { OpCase } from './case.ts';

/** Ends of the experts' rows: empty experts, one row, odd counts, rows that belong to none at the end. */
const shapes = [
  { offsets: [0, 5], S: 5, N: 3, K: 2 },
  { offsets: [0, 1], S: 1, N: 1, K: 1 },
  { offsets: [0, 0], S: 3, N: 2, K: 5 },
  { offsets: [0, 0, 0], S: 6, N: 4, K: 8 },
  { offsets: [0, 7, 7, 8, 21], S: 23, N: 7, K: 9 },
  { offsets: [0, 3, 6, 9, 12], S: 12, N: 12, K: 4 },
  { offsets: [0, 64, 70], S: 70, N: 33, K: 12 },
  { offsets: [0, 0, 37, 38, 67], S: 90, N: 20, K: 36 },
  // More experts than rows.
  { offsets: Array.from({ length: 65 }, (_, e) => Math.floor((e * 29) / 64)), S: 31, N: 8, K: 4 },
];

const inputs = ({ offsets, S, N, K }: (typeof shapes)[number]): OpCase['inputs'] => ({
  x: { shape: [S, K] },
  weight: { shape: [offsets.length - 1, N, K] },
  offsets: { shape: [offsets.length], type: 'u32', values: (e) => offsets[e] },
});

export const cases: OpCase[] = [
  ...shapes.map(
    (shape): OpCase => ({
      name: `groupedMatmul ${shape.S} x ${shape.N} x ${shape.K}, experts to ${shape.offsets.slice(1, 6).join(', ')}`,
      inputs: inputs(shape),
      record: (_, { x, weight, offsets }) => groupedMatmul(x, weight, offsets),
    }),
  ),
  ...[shapes[4], shapes[7]].map(
    (shape): OpCase => ({
      name: `groupedMatmul ${shape.S} x ${shape.N} x ${shape.K}, gradients summed`,
      inputs: inputs(shape),
      record: (_, { x, weight, offsets }) => add(groupedMatmul(x, weight, offsets), groupedMatmul(x, weight, offsets)),
    }),
  ),
];
