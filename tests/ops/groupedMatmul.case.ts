import { groupedMatmul } from '../../src/ops/groupedMatmul.ts';
import type { OpCase } from './case.ts';

/** Ends of the experts' rows: empty experts, one row, odd counts, rows that belong to none at the end. */
export const cases: OpCase[] = [
  { offsets: [0, 5], S: 5, N: 3, K: 2 },
  { offsets: [0, 0], S: 3, N: 2, K: 5 },
  { offsets: [0, 7, 7, 8, 21], S: 23, N: 7, K: 9 },
  { offsets: [0, 64, 70], S: 70, N: 33, K: 12 },
].map(
  ({ offsets: ends, S, N, K }): OpCase => ({
    name: `grouped matmul ${S} x ${N} x ${K}, experts to ${ends.slice(1).join(', ')}`,
    inputs: {
      x: { shape: [S, K] },
      weight: { shape: [ends.length - 1, N, K] },
      offsets: { shape: [ends.length], type: 'u32', values: (e) => ends[e] },
    },
    record: (_, { x, weight, offsets }) => groupedMatmul(x, weight, offsets),
  }),
);
