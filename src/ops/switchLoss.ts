/**
 * The auxiliary loss that spreads tokens over experts: weight * E * sum over e of f_e P_e, with f_e the share of the
 * routes that asked for expert e and P_e its mean probability. Source: Fedus et al. 2021 (arXiv 2101.03961), equations
 * 4 to 6. Over the whole batch, or the mean over its sequences: Qiu et al. 2025 (arXiv 2501.11873) compare the two.
 * Routes count as asked for, before any is dropped: equation 5 takes the router's choice, and so does Megatron.
 */
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import backwardWgsl from '../../shaders/switch_loss_backward.wgsl?raw';
import partialWgsl from '../../shaders/switch_loss_partial.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { columnSumInto, rowsPerChunk } from './columnSum.ts';
import { type Routing, routeCounts } from './routing.ts';

/** Routes of all tokens of token n's group to expert e: see `asked` in the shaders. */
function routesOf(asked: Words, base: number, e: number, BY_GROUP: number): number {
  return BY_GROUP ? asked[base + e] : asked[e + 1] - asked[e];
}

const partialKernel = kernel({
  name: 'switch_loss_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    { scores, asked, partial }: { scores: Floats; asked: Words; partial: Floats },
    p: { N: number; E: number; size: number; chunk: number; scale: number; NORMALISE: number; BY_GROUP: number },
  ) => {
    const { N, E, size, chunk, scale, NORMALISE, BY_GROUP } = p;
    partial.fill(0);
    for (let n = 0; n < N; n++) {
      const base = Math.floor(n / size) * E;
      let total = 0;
      let sum = 0;
      for (let e = 0; e < E; e++) {
        const score = scores[n * E + e];
        total += score;
        sum += score * routesOf(asked, base, e, BY_GROUP);
      }
      partial[Math.floor(n / chunk)] += (scale * sum) / (NORMALISE ? total : 1);
    }
  },
});

const backwardKernel = kernel({
  name: 'switch_loss_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; asked: Words; dloss: Floats; previous: Floats; dscores: Floats },
    p: { N: number; E: number; size: number; scale: number; NORMALISE: number; BY_GROUP: number; ADD: number },
  ) => {
    const { scores, asked, previous, dscores } = b;
    const { N, E, size, scale, NORMALISE, BY_GROUP, ADD } = p;
    const factor = b.dloss[0] * scale;
    for (let n = 0; n < N; n++) {
      const base = Math.floor(n / size) * E;
      let total = 1;
      let along = 0;
      if (NORMALISE) {
        total = 0;
        for (let e = 0; e < E; e++) {
          total += scores[n * E + e];
          along += scores[n * E + e] * routesOf(asked, base, e, BY_GROUP);
        }
        along /= total;
      }
      for (let i = n * E, e = 0; e < E; i++, e++) {
        const value = (factor * (routesOf(asked, base, e, BY_GROUP) - along)) / total;
        dscores[i] = ADD ? previous[i] + value : value;
      }
    }
  },
});

export interface SwitchLossOptions {
  readonly weight: number;
  /** Divide each token's scores by their sum first (sigmoid scores). */
  readonly normalise: boolean;
  /** Groups of consecutive tokens that are balanced each by itself; 1 is the whole batch. */
  readonly groups: number;
}

/**
 * Balance loss (1) of scores (N, E) under a routing, the mean over the groups; `weight` where routes and scores are
 * even. Throws `ShapeError` for other shapes, and when groups do not divide the tokens.
 *
 * Gradient: weight E f_e / N for each score (through the normalisation, if any), f_e of the token's group; none through
 * f, which is discrete.
 */
export function switchLoss(
  scores: Tensor,
  routing: Pick<Routing, 'asked' | 'expertOf' | 'experts' | 'J'>,
  { weight, normalise, groups }: SwitchLossOptions,
): Tensor {
  const { graph } = scores;
  const { N, E } = expectShape('switchLoss', 'scores', scores, ['N', 'E']);
  expectShape('switchLoss', 'asked', routing.asked, [E + 1], 'u32');
  expectShape('switchLoss', 'expertOf', routing.expertOf, [N, routing.J], 'u32');
  const asked = groups > 1 ? routeCounts(routing, groups) : routing.asked;
  const size = N / groups;
  const chunks = Math.ceil(N / rowsPerChunk);
  // What one route of an expert adds to the loss for each unit of its score.
  const scale = (weight * E) / (N * size * routing.J);
  const parameters = { N, E, size, scale, NORMALISE: Number(normalise), BY_GROUP: Number(groups > 1) };
  const partial = transientTensor(graph, 'partial sums', [chunks, 1]);
  const loss = transientTensor(graph, 'balance loss', [1]);
  launch(graph, {
    label: `balance loss ${N} x ${E}`,
    variants: [{ kernel: partialKernel, workgroups: linearWorkgroups(chunks) }],
    bindings: { scores, asked, partial },
    parameters: { ...parameters, chunk: rowsPerChunk },
    flops: 3 * N * E,
  });
  columnSumInto(loss, partial);
  return differentiable(loss, [scores], (dloss) => [
    {
      input: scores,
      writeSum: (dscores: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `balance loss backward ${N} x ${E}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N) }],
          bindings: { scores, asked, dloss, previous: previous ?? scores, dscores },
          parameters: { ...parameters, ADD: Number(previous !== null) },
          flops: 5 * N * E,
        }),
    },
  ]);
}
