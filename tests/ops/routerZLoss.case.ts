import { add } from '../../src/ops/add.ts';
import { routerZLoss } from '../../src/ops/routerZLoss.ts';
import { noise, type OpCase } from './case.ts';

const shapes = [
  [1, 1],
  [3, 5],
  [70, 8],
  [33, 64],
];

export const cases: OpCase[] = [
  ...shapes.map(
    (shape): OpCase => ({
      name: `routerZLoss ${shape.join(' x ')}`,
      inputs: { logits: { shape, values: (i) => 3 * noise(i) } },
      record: (_, { logits }) => routerZLoss(logits, 0.3),
    }),
  ),
  {
    name: 'routerZLoss of large logits',
    inputs: { logits: { shape: [7, 3], values: (i) => 200 * noise(i) } },
    record: (_, { logits }) => routerZLoss(logits, 0.001),
  },
  {
    name: 'routerZLoss, gradients summed',
    inputs: { logits: { shape: [7, 3] } },
    record: (_, { logits }) => add(routerZLoss(logits, 0.2), routerZLoss(logits, 0.7)),
  },
];
