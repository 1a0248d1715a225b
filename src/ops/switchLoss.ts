/**
 * The auxiliary loss that spreads tokens over experts: weight * E * sum over e of f_e P_e, with f_e the share of the
 * routes that expert e got and P_e its mean probability. Source: Fedus et al. 2021 (arXiv 2101.03961), equations 4 to 6.
 */
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import backwardWgsl from '../../shaders/switch_loss_backward.wgsl?raw';
import partialWgsl from '../../shaders/switch_loss_partial.wgsl?raw';
import { type Floats, kernel, type Words } from '../gpu/kernel.ts';
import { linearWorkgroups } from '../gpu/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { columnSumInto, rowsPerChunk } from './columnSum.ts';
import type { Routing } from './routing.ts';

const partialKernel = kernel({
  name: 'switch_loss_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    { scores, offsets, partial }: { scores: Floats; offsets: Words; partial: Floats },
    p: { N: number; E: number; chunk: number; scale: number; NORMALISE: number },
  ) => {
    const { N, E, chunk, scale, NORMALISE } = p;
    partial.fill(0);
    for (let n = 0; n < N; n++) {
      let total = 0;
      let sum = 0;
      for (let e = 0; e < E; e++) {
        const score = scores[n * E + e];
        total += score;
        sum += score * (offsets[e + 1] - offsets[e]);
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
    b: { scores: Floats; offsets: Words; dloss: Floats; previous: Floats; dscores: Floats },
    { N, E, scale, NORMALISE, ADD }: { N: number; E: number; scale: number; NORMALISE: number; ADD: number },
  ) => {
    const { scores, offsets, previous, dscores } = b;
    const factor = b.dloss[0] * scale;
    for (let n = 0; n < N; n++) {
      let total = 1;
      let along = 0;
      if (NORMALISE) {
        total = 0;
        for (let e = 0; e < E; e++) {
          total += scores[n * E + e];
          along += scores[n * E + e] * (offsets[e + 1] - offsets[e]);
        }
        along /= total;
      }
      for (let i = n * E, e = 0; e < E; i++, e++) {
        const value = (factor * (offsets[e + 1] - offsets[e] - along)) / total;
        dscores[i] = ADD ? previous[i] + value : value;
      }
    }
  },
});

/**
 * Balance loss (1) of scores (N, E) under a routing; `weight` where routes and scores are even. `normalise` divides
 * each token's scores by their sum first (sigmoid scores). Throws `ShapeError` for other shapes.
 *
 * Gradient: weight E f_e / N for each score (through the normalisation, if any); none through f, which is discrete.
 */
export function switchLoss(
  scores: Tensor,
  { offsets, slots }: Pick<Routing, 'offsets' | 'slots'>,
  { weight, normalise }: { weight: number; normalise: boolean },
): Tensor {
  const { graph } = scores;
  const { N, E } = expectShape('switchLoss', 'scores', scores, ['N', 'E']);
  expectShape('switchLoss', 'offsets', offsets, [E + 1], 'u32');
  const chunks = Math.ceil(N / rowsPerChunk);
  const NORMALISE = Number(normalise);
  // What one route of an expert adds to the loss for each unit of its score.
  const scale = (weight * E) / (N * slots);
  const partial = transientTensor(graph, 'partial sums', [chunks, 1]);
  const loss = transientTensor(graph, 'balance loss', [1]);
  launch(graph, {
    label: `balance loss ${N} x ${E}`,
    variants: [{ kernel: partialKernel, workgroups: linearWorkgroups(chunks) }],
    bindings: { scores, offsets, partial },
    parameters: { N, E, chunk: rowsPerChunk, scale, NORMALISE },
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
          bindings: { scores, offsets, dloss, previous: previous ?? scores, dscores },
          parameters: { N, E, scale, NORMALISE, ADD: Number(previous !== null) },
          flops: 5 * N * E,
        }),
    },
  ]);
}
