import { capacityOf } from '../../src/config/capacity.ts';
import { expertChoice } from '../../src/ops/expertChoice.ts';
import { noise, type OpCase } from './case.ts';
import { perGroupOf } from './routes.ts';

const shapes = [
  { groups: 1, size: 1, E: 1, choices: 1, capacityFactor: 1 },
  { groups: 1, size: 1, E: 5, choices: 2, capacityFactor: 1 },
  { groups: 3, size: 7, E: 2, choices: 1, capacityFactor: 1 },
  { groups: 2, size: 64, E: 8, choices: 2, capacityFactor: 1.3 },
  { groups: 5, size: 13, E: 3, choices: 3, capacityFactor: 1 },
  { groups: 2, size: 3, E: 64, choices: 4, capacityFactor: 1 },
  { groups: 1, size: 301, E: 7, choices: 2, capacityFactor: 1 },
];

const routes = ({ groups, size, E, ...sizes }: (typeof shapes)[number], ties: boolean): OpCase => ({
  name: `expertChoice ${groups} x ${size} tokens, ${sizes.choices} of ${E} experts${ties ? ', ties' : ''}`,
  inputs: {
    scores: {
      shape: [groups * size, E],
      // With ties, few distinct scores: most decisions fall to the order of tokens.
      values: (i) => (ties ? Math.round(2 * noise(i)) / 4 : noise(i)),
    },
  },
  record: (_, { scores }) => {
    const routing = expertChoice(scores, { groups, capacity: capacityOf({ ...sizes, experts: E }, size) });
    return [routing.slotOf, routing.expertOf, routing.pairOf, routing.offsets];
  },
});

/** Each group takes another number of tokens; memory is reserved for `most` of each. */
const perGroup = (size: number, E: number, capacities: readonly number[], most: number): OpCase => ({
  name: `expertChoice ${capacities.join(' + ')} of ${size} tokens, ${E} experts`,
  inputs: { scores: { shape: [capacities.length * size, E] } },
  record: (_, { scores }) => {
    const routing = expertChoice(scores, { groups: capacities.length, capacity: perGroupOf(scores, capacities, most) });
    return [routing.slotOf, routing.expertOf, routing.pairOf, routing.offsets];
  },
});

export const cases: OpCase[] = [
  ...shapes.flatMap((shape) => [routes(shape, false), routes(shape, true)]),
  perGroup(1, 1, [1], 1),
  perGroup(7, 3, [2, 7, 1], 7),
  perGroup(64, 8, [30, 1, 1, 12, 5], 40),
  perGroup(5, 65, [1, 3], 5),
];
