import { add } from '../../src/ops/add.ts';
import { gatherRows } from '../../src/ops/gatherRows.ts';
import { sortByKey } from '../../src/ops/sortByKey.ts';
import type { OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

const widths = [1, 7, 12];

export const cases: OpCase[] = [
  ...routerCases.map(({ name, N, E, route }, index): OpCase => {
    const C = widths[index % widths.length];
    return {
      name: `gatherRows of ${C}, ${name}`,
      inputs: { x: { shape: [N, C] }, scores: scoresInput(N, E, false) },
      record: (_, { x, scores }) => gatherRows(x, route(scores)),
    };
  }),
  {
    name: 'gatherRows with unused slots',
    inputs: {
      x: { shape: [37, 5] },
      keys: { shape: [37], type: 'u32', values: (i) => Number(i % 3 > 0) },
    },
    record: (_, { x, keys }) => {
      const { slotOf, order } = sortByKey(keys, 1);
      return gatherRows(x, { slotOf, pairOf: order, J: 1, slots: 37 });
    },
  },
  {
    name: 'gatherRows, gradients summed',
    inputs: { x: { shape: [13, 6] }, scores: scoresInput(13, 5, false) },
    record: (_, { x, scores }) => {
      const routing = routerCases[4].route(scores);
      return add(gatherRows(x, routing), gatherRows(x, routing));
    },
  },
];
