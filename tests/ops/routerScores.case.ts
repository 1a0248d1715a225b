import { add } from '../../src/ops/add.ts';
import { routerScores } from '../../src/ops/routerScores.ts';
import { noise, type OpCase } from './case.ts';

const shapes = [
  [1, 1],
  [3, 5],
  [67, 8],
  [5, 64],
];

export const cases: OpCase[] = (['softmax', 'sigmoid'] as const).flatMap((kind) => [
  ...shapes.map(
    (shape): OpCase => ({
      name: `routerScores ${kind} ${shape.join(' x ')}`,
      inputs: { logits: { shape, values: (i) => 3 * noise(i) } },
      record: (_, { logits }) => routerScores(logits, kind),
    }),
  ),
  {
    name: `routerScores ${kind} of large logits`,
    inputs: { logits: { shape: [7, 3], values: (i) => 200 * noise(i) } },
    record: (_, { logits }) => routerScores(logits, kind),
  },
  {
    name: `routerScores ${kind}, gradients summed`,
    inputs: { logits: { shape: [7, 3] } },
    record: (_, { logits }) => add(routerScores(logits, kind), routerScores(logits, kind)),
  },
]);
