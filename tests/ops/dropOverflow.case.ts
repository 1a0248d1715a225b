import { dropOverflow } from '../../src/ops/dropOverflow.ts';
import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import { noise, type OpCase } from './case.ts';

const shapes = [
  { N: 1, E: 1, choices: 1, capacity: 1 },
  { N: 3, E: 5, choices: 5, capacity: 2 },
  { N: 70, E: 8, choices: 2, capacity: 11 },
  { N: 131, E: 64, choices: 6, capacity: 1 },
  { N: 67, E: 3, choices: 2, capacity: 67 },
  { N: 2, E: 64, choices: 1, capacity: 1 },
];

const drops = ({ N, E, choices, capacity }: (typeof shapes)[number], ties: boolean): OpCase[] =>
  (['position', 'score'] as const).map((rule) => ({
    name: `dropOverflow past ${capacity} by ${rule}, ${N} tokens, ${choices} of ${E} experts${ties ? ', ties' : ''}`,
    inputs: { scores: { shape: [N, E], values: (i) => (ties ? Math.round(2 * noise(i)) / 4 : noise(i)) } },
    record: (_, { scores }) => {
      const routing = dropOverflow(scores, tokenChoice(scores, { choices }), { capacity, rule });
      return [routing.slotOf, routing.pairOf, routing.offsets];
    },
  }));

export const cases: OpCase[] = shapes.flatMap((shape) => [...drops(shape, false), ...drops(shape, true)]);
