/**
 * What a router decides, as data: which rows go to which expert. Built by `expertChoice.ts`, `tokenChoice.ts` and
 * `dropOverflow.ts`, read by `gates.ts`, `gatherRows.ts`, `combine.ts`, `groupedMatmul.ts`, `switchLoss.ts` and
 * `routerBias.ts`. All of it is discrete: no gradient passes through a routing, only through the gates and the rows
 * that it moves.
 */
import countsWgsl from '../../shaders/route_counts.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

/** "No slot", "no route", "no expert". */
export const none = 0xffffffff;

/** Rows of tokens copied into slots and back: J slots per token at most. N tokens, S slots. */
export interface RowMap {
  /** (N, J) u32: slot of the token's j-th route, `none` where it has none. */
  readonly slotOf: Tensor;
  /** (S) u32: n * J + j, the route that a slot serves; `none` in unused slots. */
  readonly pairOf: Tensor;
  readonly J: number;
  readonly slots: number;
}

/** A row map whose slots are grouped by expert. */
export interface Routing extends RowMap {
  /** (E + 1) u32: expert e holds slots offsets[e] .. offsets[e + 1] - 1. */
  readonly offsets: Tensor;
  /** (E + 1) u32: expert e was asked for by asked[e + 1] - asked[e] routes; `offsets` itself where none can be dropped. */
  readonly asked: Tensor;
  /** (N, J) u32: expert of each route, `none` where there is none. A dropped route has an expert but no slot. */
  readonly expertOf: Tensor;
  readonly experts: number;
  /** Slots of every expert where they are equal and known beforehand, so that a batched matmul serves; else null. */
  readonly rowsPerExpert: number | null;
}

const countsKernel = kernel({
  name: 'route_counts',
  wgsl: countsWgsl,
  helpers: [indexWgsl],
  twin: (
    { expertOf, counts }: { expertOf: Words; counts: Words },
    { N, E, J, size }: { N: number; E: number; J: number; size: number },
  ) => {
    counts.fill(0);
    for (let route = 0; route < N * J; route++) {
      if (expertOf[route] !== none) counts[Math.floor(route / J / size) * E + expertOf[route]]++;
    }
  },
});

/**
 * Routes that ask for each expert in each of `groups` groups of consecutive tokens, dropped ones included: (groups, E)
 * u32. Throws `ShapeError` when groups do not divide the tokens.
 */
export function routeCounts({ expertOf, experts: E }: Pick<Routing, 'expertOf' | 'experts'>, groups: number): Tensor {
  const { N, J } = expectShape('routeCounts', 'expertOf', expertOf, ['N', 'J'], 'u32');
  if (!(groups >= 1 && N % groups === 0)) {
    throw new ShapeError(`routeCounts: expected groups to divide ${N} tokens, got ${groups} groups`);
  }
  const counts = transientTensor(expertOf.graph, 'routes by group', [groups, E], 'u32');
  launch(expertOf.graph, {
    label: `count routes ${groups} x ${E}`,
    variants: [{ kernel: countsKernel, workgroups: linearWorkgroups(groups * E) }],
    bindings: { expertOf, counts },
    parameters: { N, E, J, size: N / groups },
  });
  return counts;
}
