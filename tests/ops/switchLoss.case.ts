import { add } from '../../src/ops/add.ts';
import { switchLoss } from '../../src/ops/switchLoss.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { noise, type OpCase } from './case.ts';
import { routerCases, scoresInput } from './routes.ts';

const shapes = [
  { N: 1, E: 1 },
  { N: 7, E: 3 },
  { N: 70, E: 5 },
  { N: 33, E: 64 },
];

/** Expert 0 gets what the others leave, in the sums; the experts of the routes are as they come. */
const inputs = (N: number, E: number): OpCase['inputs'] => ({
  scores: { shape: [N, E], values: (i) => 1.1 + noise(i) },
  asked: { shape: [E + 1], type: 'u32', values: (e) => (e === 0 ? 0 : Math.max(0, N - (E - e))) },
  expertOf: { shape: [N, 1], type: 'u32', values: (n) => (n * n) % E },
});

const routesOf = ({ asked, expertOf }: Record<string, Tensor>, experts: number) => ({ asked, expertOf, experts, J: 1 });

export const cases: OpCase[] = [true, false].flatMap((normalise) => {
  const suffix = normalise ? ', normalised' : '';
  return [
    ...shapes.map(
      ({ N, E }): OpCase => ({
        name: `switchLoss ${N} x ${E}${suffix}`,
        inputs: inputs(N, E),
        record: (_, { scores, ...routing }) =>
          switchLoss(scores, routesOf(routing, E), { weight: 0.3, normalise, groups: 1 }),
      }),
    ),
    ...routerCases.map(
      ({ name, N, E, route }): OpCase => ({
        name: `switchLoss${suffix}, ${name}`,
        inputs: { scores: scoresInput(N, E) },
        record: (_, { scores }) => switchLoss(scores, route(scores), { weight: 0.01, normalise, groups: 1 }),
      }),
    ),
    {
      name: `switchLoss${suffix}, gradients summed`,
      inputs: inputs(7, 3),
      record: (_, { scores, ...routing }) => {
        const loss = (weight: number) => switchLoss(scores, routesOf(routing, 3), { weight, normalise, groups: 1 });
        return add(loss(0.2), loss(0.7));
      },
    },
    ...[
      { N: 14, E: 3, groups: 2 },
      { N: 66, E: 5, groups: 3 },
      { N: 5, E: 64, groups: 5 },
    ].map(
      ({ N, E, groups }): OpCase => ({
        name: `switchLoss ${N} x ${E} in ${groups} groups${suffix}`,
        inputs: inputs(N, E),
        record: (_, { scores, ...routing }) =>
          switchLoss(scores, routesOf(routing, E), { weight: 0.3, normalise, groups }),
      }),
    ),
  ];
});
