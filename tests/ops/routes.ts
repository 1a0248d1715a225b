/** Routings to test on: each kind of router on odd shapes, from scores whose order no small step can change. */
import { type DropRule, dropOverflow } from '../../src/ops/dropOverflow.ts';
import { expertChoice } from '../../src/ops/expertChoice.ts';
import type { Routing } from '../../src/ops/routing.ts';
import type { GroupCapacities } from '../../src/ops/sequenceCapacity.ts';
import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import { persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';
import { type CaseInput, noise } from './case.ts';

export interface RouterCase {
  readonly name: string;
  readonly N: number;
  readonly E: number;
  readonly J: number;
  readonly slots: number;
  readonly route: (scores: Tensor) => Routing;
}

const byExperts = (groups: number, size: number, E: number, capacity: number): RouterCase => ({
  name: `expert choice, ${capacity} of ${size} tokens x ${groups}, ${E} experts`,
  N: groups * size,
  E,
  J: E,
  slots: E * groups * capacity,
  route: (scores) => expertChoice(scores, { groups, capacity }),
});

/** Given capacities, as `sequenceCapacity` would answer them. */
export function perGroupOf({ graph }: Tensor, capacities: readonly number[], most: number): GroupCapacities {
  const ends = capacities.map((_, group) => capacities.slice(0, group + 1).reduce((sum, capacity) => sum + capacity));
  const starts = persistentTensor(graph, 'starts', [ends.length + 1], { type: 'u32', initial: [0, ...ends] });
  return { starts, most };
}

const byExpertsPerGroup = (size: number, E: number, capacities: readonly number[], most: number): RouterCase => ({
  name: `expert choice, ${capacities.join(' + ')} of ${size} tokens, ${E} experts`,
  N: capacities.length * size,
  E,
  J: E,
  slots: E * capacities.length * most,
  route: (scores) =>
    expertChoice(scores, { groups: capacities.length, capacity: perGroupOf(scores, capacities, most) }),
});

const byTokens = (N: number, E: number, choices: number): RouterCase => ({
  name: `token choice, ${choices} of ${E} experts, ${N} tokens`,
  N,
  E,
  J: choices,
  slots: N * choices,
  route: (scores) => tokenChoice(scores, { choices }),
});

const dropping = (N: number, E: number, choices: number, capacity: number, rule: DropRule): RouterCase => ({
  name: `token choice, ${choices} of ${E} experts, ${N} tokens, past ${capacity} dropped by ${rule}`,
  N,
  E,
  J: choices,
  slots: Math.min(N * choices, E * capacity),
  route: (scores) => dropOverflow(scores, tokenChoice(scores, { choices }), { capacity, rule }),
});

export const routerCases: readonly RouterCase[] = [
  byExperts(1, 1, 1, 1),
  byExperts(2, 7, 3, 2),
  byExperts(3, 5, 9, 1),
  byTokens(1, 1, 1),
  byTokens(13, 5, 2),
  byTokens(67, 3, 3),
  byTokens(2, 11, 1),
  byExpertsPerGroup(7, 3, [5, 1, 2], 6),
  dropping(13, 5, 2, 3, 'position'),
  dropping(67, 3, 2, 31, 'score'),
  dropping(5, 4, 1, 5, 'position'),
];

/** Positive scores (N, E), all different by more than a finite difference moves them: a permutation plus noise. */
export function scoresInput(N: number, E: number, differentiate = true): CaseInput {
  const length = N * E;
  const prime = 7919;
  return {
    shape: [N, E],
    differentiate,
    values: (i) => ((((i + 1) * prime) % length) + 0.5 + 0.2 * noise(i)) / length,
  };
}
