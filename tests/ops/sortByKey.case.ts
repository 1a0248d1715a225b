import { sortByKey } from '../../src/ops/sortByKey.ts';
import { noise, type OpCase } from './case.ts';

/** Keys from 0 to `most`, so that those of `buckets` or more are left out. */
const sorting = (name: string, shape: number[], buckets: number, most: number): OpCase => ({
  name: `sortByKey ${name}`,
  inputs: { keys: { shape, type: 'u32', values: (i) => Math.floor(((noise(i) + 1) / 2) * (most + 1)) } },
  record: (_, { keys }) => {
    const { order, slotOf, offsets } = sortByKey(keys, buckets);
    return [order, slotOf, offsets];
  },
});

export const cases: OpCase[] = [
  sorting('1 by 1', [1], 1, 0),
  sorting('1 by 1, left out', [1], 1, 1),
  sorting('mask selection of 77', [77], 1, 1),
  sorting('13 x 3 routes by 5', [13, 3], 5, 4),
  sorting('13 x 3 routes by 5, some left out', [13, 3], 5, 8),
  sorting('7 by 64, mostly empty', [7], 64, 63),
  sorting('2051 by 257', [2051], 257, 256),
  sorting('5000 by 4097', [5000], 4097, 4096),
  sorting('70001 by 3', [70001], 3, 3),
];
