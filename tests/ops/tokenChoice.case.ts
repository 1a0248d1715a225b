import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import { noise, type OpCase } from './case.ts';

const shapes = [
  { N: 1, E: 1, choices: 1 },
  { N: 3, E: 5, choices: 5 },
  { N: 70, E: 8, choices: 2 },
  { N: 131, E: 64, choices: 6 },
  { N: 2, E: 64, choices: 1 },
];

const routes = ({ N, E, choices }: (typeof shapes)[number], ties: boolean): OpCase => ({
  name: `tokenChoice ${N} tokens, ${choices} of ${E} experts${ties ? ', ties' : ''}`,
  inputs: { scores: { shape: [N, E], values: (i) => (ties ? Math.round(2 * noise(i)) / 4 : noise(i)) } },
  record: (_, { scores }) => {
    const routing = tokenChoice(scores, { choices });
    return [routing.expertOf, routing.slotOf, routing.pairOf, routing.offsets];
  },
});

const biased = ({ N, E, choices }: (typeof shapes)[number]): OpCase => ({
  name: `tokenChoice ${N} tokens, ${choices} of ${E} experts, biased`,
  inputs: { scores: { shape: [N, E], values: (i) => noise(i) }, bias: { shape: [E], values: (e) => noise(e, 5) } },
  record: (_, { scores, bias }) => {
    const routing = tokenChoice(scores, { choices, bias });
    return [routing.expertOf, routing.slotOf, routing.offsets];
  },
});

export const cases: OpCase[] = shapes.flatMap((shape) => [routes(shape, false), routes(shape, true), biased(shape)]);
