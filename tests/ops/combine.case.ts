import { add } from '../../src/ops/add.ts';
import { combine } from '../../src/ops/combine.ts';
import { sortByKey } from '../../src/ops/sortByKey.ts';
import type { OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

const widths = [9, 1, 4];

export const cases: OpCase[] = [
  ...routerCases.flatMap(({ name, N, E, J, slots, route }, index) =>
    [false, true].map((hasResidual): OpCase => {
      const C = widths[index % widths.length];
      return {
        name: `combine ${C}${hasResidual ? ' + residual' : ''}, ${name}`,
        inputs: {
          hidden: { shape: [slots, C] },
          gates: { shape: [N, J] },
          scores: scoresInput(N, E, false),
          ...(hasResidual ? { residual: { shape: [N, C] } } : {}),
        },
        record: (_, { hidden, gates, scores, residual }) =>
          combine(hidden, gates, route(scores), residual ?? null, hasResidual ? { scale: 2.5 } : {}),
      };
    }),
  ),
  {
    name: 'combine with unused slots',
    inputs: {
      hidden: { shape: [22, 5] },
      gates: { shape: [11, 2] },
      keys: { shape: [11, 2], type: 'u32', values: (i) => i % 5 },
    },
    record: (_, { hidden, gates, keys }) => {
      const { slotOf, order } = sortByKey(keys, 3);
      return combine(hidden, gates, { slotOf, pairOf: order, J: 2, slots: 22 }, null);
    },
  },
  {
    name: 'combine, gradients summed',
    inputs: { hidden: { shape: [26, 6] }, gates: { shape: [13, 2] }, scores: scoresInput(13, 5, false) },
    record: (_, { hidden, gates, scores }) => {
      const routing = routerCases[4].route(scores);
      return add(combine(hidden, gates, routing, null, { scale: 0.75 }), combine(hidden, gates, routing, null));
    },
  },
];
