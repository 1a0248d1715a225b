import { add } from '../../src/ops/add.ts';
import { switchLoss } from '../../src/ops/switchLoss.ts';
import { noise, type OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

const shapes = [
  { N: 1, E: 1 },
  { N: 7, E: 3 },
  { N: 70, E: 5 },
  { N: 33, E: 64 },
];

/** Expert 0 gets what the others leave. */
const inputs = (N: number, E: number): OpCase['inputs'] => ({
  scores: { shape: [N, E], values: (i) => 1.1 + noise(i) },
  offsets: { shape: [E + 1], type: 'u32', values: (e) => (e === 0 ? 0 : Math.max(0, N - (E - e))) },
});

export const cases: OpCase[] = [true, false].flatMap((normalise) => {
  const suffix = normalise ? ', normalised' : '';
  return [
    ...shapes.map(
      ({ N, E }): OpCase => ({
        name: `switchLoss ${N} x ${E}${suffix}`,
        inputs: inputs(N, E),
        record: (_, { scores, offsets }) => switchLoss(scores, { offsets, slots: N }, { weight: 0.3, normalise }),
      }),
    ),
    ...routerCases.map(
      ({ name, N, E, route }): OpCase => ({
        name: `switchLoss${suffix}, ${name}`,
        inputs: { scores: scoresInput(N, E) },
        record: (_, { scores }) => switchLoss(scores, route(scores), { weight: 0.01, normalise }),
      }),
    ),
    {
      name: `switchLoss${suffix}, gradients summed`,
      inputs: inputs(7, 3),
      record: (_, { scores, offsets }) => {
        const loss = (weight: number) => switchLoss(scores, { offsets, slots: 7 }, { weight, normalise });
        return add(loss(0.2), loss(0.7));
      },
    },
  ];
});
