/**
 * The auxiliary loss that spreads tokens over experts: weight * E * sum over e of f_e P_e, with f_e the share of the
 * routes that expert e got and P_e its mean probability. Source: Fedus et al. 2021 (arXiv 2101.03961), equations 4 to 6.
 */
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import wgsl from '../../shaders/switch_loss.wgsl?raw';
import backwardWgsl from '../../shaders/switch_loss_backward.wgsl?raw';
import partialWgsl from '../../shaders/switch_loss_partial.wgsl?raw';
import { type Floats, kernel, type Words } from '../gpu/kernel.ts';
import { linearWorkgroups } from '../gpu/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { rowsPerChunk } from './columnSum.ts';
import type { Routing } from './routing.ts';

const rowSum = (scores: Floats, n: number, E: number): number => {
  let sum = 0;
  for (let e = n * E; e < (n + 1) * E; e++) sum += scores[e];
  return sum;
};

const partialKernel = kernel({
  name: 'switch_loss_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    { scores, partial }: { scores: Floats; partial: Floats },
    { N, E, chunk, NORMALISE }: { N: number; E: number; chunk: number; NORMALISE: number },
  ) => {
    partial.fill(0);
    for (let n = 0; n < N; n++) {
      const total = NORMALISE ? rowSum(scores, n, E) : 1;
      const to = Math.floor(n / chunk) * E;
      for (let e = 0; e < E; e++) partial[to + e] += scores[n * E + e] / total;
    }
  },
});

const lossKernel = kernel({
  name: 'switch_loss',
  wgsl,
  twin: (
    b: { partial: Floats; offsets: Words; coefficient: Floats; loss: Floats },
    { N, E, chunks, slots, weight }: { N: number; E: number; chunks: number; slots: number; weight: number },
  ) => {
    let total = 0;
    for (let e = 0; e < E; e++) {
      let sum = 0;
      for (let chunk = 0; chunk < chunks; chunk++) sum += b.partial[chunk * E + e];
      b.coefficient[e] = (weight * E * ((b.offsets[e + 1] - b.offsets[e]) / slots)) / N;
      total += b.coefficient[e] * sum;
    }
    b.loss[0] = total;
  },
});

const backwardKernel = kernel({
  name: 'switch_loss_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; coefficient: Floats; dloss: Floats; dscores: Floats },
    { N, E, NORMALISE }: { N: number; E: number; NORMALISE: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const total = NORMALISE ? rowSum(b.scores, n, E) : 1;
      let along = 0;
      if (NORMALISE) {
        for (let e = 0; e < E; e++) along += (b.coefficient[e] * b.scores[n * E + e]) / total;
      }
      for (let e = 0; e < E; e++) b.dscores[n * E + e] = (b.dloss[0] * (b.coefficient[e] - along)) / total;
    }
  },
});

/**
 * Balance loss (1) of scores (N, E) under a routing; least, `weight`, where routes and scores are even. `normalise`
 * divides each token's scores by their sum first (sigmoid scores). Throws `ShapeError` for other shapes.
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
  const partial = transientTensor(graph, 'partial sums of scores', [chunks, E]);
  const coefficient = transientTensor(graph, 'balance coefficients', [E]);
  const loss = transientTensor(graph, 'balance loss', [1]);
  launch(graph, {
    label: `balance loss, sums ${N} x ${E}`,
    variants: [{ kernel: partialKernel, workgroups: linearWorkgroups(chunks * E) }],
    bindings: { scores, partial },
    parameters: { N, E, chunk: rowsPerChunk, NORMALISE },
    flops: N * E,
  });
  launch(graph, {
    label: 'balance loss',
    variants: [{ kernel: lossKernel, workgroups: [1, 1, 1] }],
    bindings: { partial, offsets, coefficient, loss },
    parameters: { N, E, chunks, slots, weight },
    flops: chunks * E,
  });
  return differentiable(loss, [scores], (dloss) => [
    {
      input: scores,
      write: (dscores: Tensor) =>
        launch(graph, {
          label: `balance loss backward ${N} x ${E}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N) }],
          bindings: { scores, coefficient, dloss, dscores },
          parameters: { N, E, NORMALISE },
          flops: 2 * N * E,
        }),
    },
  ]);
}
