/**
 * The z-loss, which keeps router logits small and so their softmax exact: weight times the mean over tokens of the
 * squared logsumexp of the logits. Source: Zoph et al. 2022 (ST-MoE, arXiv 2202.08906), equation 5.
 */
import backwardWgsl from '../../shaders/router_z_loss_backward.wgsl?raw';
import partialWgsl from '../../shaders/router_z_loss_partial.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { columnSumInto, rowsPerChunk } from './columnSum.ts';

/** The largest of a row of logits, and the sum of the exponentials relative to it. */
function exponentials(logits: Floats, first: number, E: number): { largest: number; total: number } {
  let largest = logits[first];
  for (let i = first + 1; i < first + E; i++) largest = Math.max(largest, logits[i]);
  let total = 0;
  for (let i = first; i < first + E; i++) total += Math.exp(logits[i] - largest);
  return { largest, total };
}

const partialKernel = kernel({
  name: 'router_z_loss_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    { logits, partial }: { logits: Floats; partial: Floats },
    { N, E, chunk, scale }: { N: number; E: number; chunk: number; scale: number },
  ) => {
    partial.fill(0);
    for (let n = 0; n < N; n++) {
      const { largest, total } = exponentials(logits, n * E, E);
      partial[Math.floor(n / chunk)] += scale * (largest + Math.log(total)) ** 2;
    }
  },
});

const backwardKernel = kernel({
  name: 'router_z_loss_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { logits: Floats; dloss: Floats; previous: Floats; dlogits: Floats },
    { N, E, scale, ADD }: { N: number; E: number; scale: number; ADD: number },
  ) => {
    const { logits, previous, dlogits } = b;
    for (let n = 0; n < N; n++) {
      const { largest, total } = exponentials(logits, n * E, E);
      const factor = (2 * scale * b.dloss[0] * (largest + Math.log(total))) / total;
      for (let i = n * E; i < (n + 1) * E; i++) {
        const value = factor * Math.exp(logits[i] - largest);
        dlogits[i] = ADD ? previous[i] + value : value;
      }
    }
  },
});

/**
 * z-loss (1) of router logits (N, E), `weight` included. Throws `ShapeError` for other shapes.
 * Gradient: dlogits = dloss * 2 weight / N * logsumexp * softmax.
 */
export function routerZLoss(logits: Tensor, weight: number): Tensor {
  const { N, E } = expectShape('routerZLoss', 'logits', logits, ['N', 'E']);
  const { graph } = logits;
  const scale = weight / N;
  const chunks = Math.ceil(N / rowsPerChunk);
  const partial = transientTensor(graph, 'partial sums', [chunks, 1]);
  const loss = transientTensor(graph, 'z-loss', [1]);
  launch(graph, {
    label: `router z-loss ${N} x ${E}`,
    variants: [{ kernel: partialKernel, workgroups: linearWorkgroups(chunks) }],
    bindings: { logits, partial },
    parameters: { N, E, chunk: rowsPerChunk, scale },
    flops: 3 * N * E,
  });
  columnSumInto(loss, partial);
  return differentiable(loss, [logits], (dloss) => [
    {
      input: logits,
      writeSum: (dlogits: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `router z-loss backward ${N} x ${E}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N) }],
          bindings: { logits, dloss, previous: previous ?? logits, dlogits },
          parameters: { N, E, scale, ADD: Number(previous !== null) },
          flops: 5 * N * E,
        }),
    },
  ]);
}
